"""The lines of all accounts, kept from one scrape to the next: written anew only where something has changed.

They are kept packed, which is how they are nearly always asked for, and a tenth of their size.
"""

from collections import Counter
from itertools import islice
from typing import Final

from watcher.model.account import Account
from watcher.model.snapshot import Snapshot
from watcher.web.families import Tally, tally
from watcher.web.lines import head
from watcher.web.packing import Piece, pack
from watcher.web.series import SERIES, UP, Column, Rows, labels_of
from watcher.web.turns import Turns

# So many accounts are written together: less than a millisecond of work.
_SIZE: Final = 256


class AccountLines:
    """What was written last, by blocks of accounts in the order of the watchlist."""

    def __init__(self) -> None:
        self._blocks: dict[int, _Block] = {}

    async def pieces(self, snapshot: Snapshot, turns: Turns, *, openmetrics: bool) -> tuple[list[Piece], Tally]:
        """All series of all accounts, each series in one stretch; and how many accounts stand how."""
        written: list[list[Piece]] = [[pack(head(series.family, openmetrics=openmetrics))] for series in SERIES]
        counts: Tally = Counter()
        accounts = iter(snapshot.accounts.values())
        number = 0
        while chunk := list(islice(accounts, _SIZE)):
            # Who was taken off the list since the scrape began has no state any more.
            block = self._block(number, [account for account in chunk if account.id in snapshot.states])
            # All at once: between blocks the accounts go on, and so may another scrape.
            for stretch, piece in zip(written, block.pieces(snapshot), strict=True):
                stretch.append(piece)
            counts.update(block.tally)
            number += 1
            await turns.give()
        self._blocks = {at: block for at, block in self._blocks.items() if at < number}
        return [piece for stretch in written for piece in stretch], counts

    def _block(self, number: int, accounts: list[Account]) -> "_Block":
        block = self._blocks.get(number)
        if block is None or block.accounts != accounts:
            block = self._blocks[number] = _Block(accounts)
        block.accounts = accounts  # also where equal: what a reload replaced is let go of
        return block


class _Block:
    """The lines of some accounts, and what they were made of."""

    def __init__(self, accounts: list[Account]) -> None:
        self.accounts = accounts
        self.tally: Tally = Counter()
        self._ids = [account.id for account in accounts]
        self._owners = [account.owner or "" for account in accounts]
        self._labels = [labels_of(account) for account in accounts]
        self._columns: list[list[Column]] = [[] for _ in SERIES]
        self._pieces = [pack("") for _ in SERIES]

    def pieces(self, snapshot: Snapshot) -> list[Piece]:
        """One for each series, as of now."""
        rows = self._rows(snapshot)
        for index, series in enumerate(SERIES):
            columns = series.columns(rows)
            if columns != self._columns[index]:
                self._pieces[index] = pack(series.lines(self._labels, columns))
                if series is UP:
                    self.tally = tally(rows.accounts, rows.states)
            self._columns[index] = columns
        return list(self._pieces)

    def _rows(self, snapshot: Snapshot) -> Rows:
        states = list(map(snapshot.states.__getitem__, self._ids))
        stored = list(map(snapshot.stored.get, self._ids, states))
        return Rows(self.accounts, states, stored, list(map(snapshot.owners.get, self._owners)))
