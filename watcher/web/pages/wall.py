"""What all open boards share: the index, each account's past, its row, and the number of its last change.

A row is made anew only when something of it has changed: states are frozen, so that they are compared by identity.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from watcher.model.errors import WatcherError
from watcher.model.outage import AccountState
from watcher.model.snapshot import Snapshot
from watcher.model.uptime import History
from watcher.web.api import Records
from watcher.web.pages.bars import bars_of, quarter_of, since_of
from watcher.web.pages.board import Arranged, Board, Index, Listed, Row, arranged, index_of, notice_of, standing
from watcher.web.pages.query import BoardQuery
from watcher.web.pages.words import look_of

# So many accounts' rows are kept: as many as all boards that may be open can show.
_MOST: Final = 20_000
# The record of who stands as before is read again after that: spans that were not observed are stored late.
_FRESH: Final = timedelta(minutes=15)


@dataclass(slots=True)
class _Kept:
    """What is known of one account, and what it was made of."""

    row: Row
    standing: tuple[object, ...]
    history: History | None
    read_at: datetime
    quarter: int


class Wall:
    """Makes pages of the board. `run` tells the numbers of this process from those of another one."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._index: Index | None = None
        self._kept: dict[str, _Kept] = {}
        self._version = 0
        self._making = asyncio.Lock()
        self.run = secrets.token_hex(4)

    async def index(self, snapshot: Snapshot) -> Index:
        """Everybody who is watched."""
        index = self._index
        if index is None or not index.is_of(snapshot):
            index = self._index = await asyncio.to_thread(index_of, snapshot)
        return index

    async def board(
        self, snapshot: Snapshot, query: BoardQuery, known: Arranged | None = None, *, anew: bool = False
    ) -> Board:
        """The page of the board that the query asks for, as things are; in the order that is `known`, if one is.

        `anew` reads the record of everybody on it, whatever is kept.
        """
        found = known
        if found is None:
            found = await asyncio.to_thread(arranged, await self.index(snapshot), snapshot.states, query)
        # One at a time: what is kept is changed beside the loop.
        async with self._making:
            pasts, is_readable = await self._pasts(found, snapshot, anew=anew)
            entries = await asyncio.to_thread(self._entries, found, snapshot, pasts)
            return Board(
                at=snapshot.at,
                running=snapshot.at - snapshot.started_at,
                query=query,
                arranged=found,
                entries=entries,
                notice=notice_of(snapshot, is_readable=is_readable),
                is_readable=is_readable,
                version=self._version,
            )

    async def row(self, snapshot: Snapshot, account_id: str) -> Row | None:
        """One account by itself, its uptime and record as of this moment; None where it is not watched."""
        listed = (await self.index(snapshot)).listed.get(account_id)
        if listed is None:
            return None
        found = Arranged(entries=((listed, ""),), found=1, pages=1, page=1, total=1, down=0, counts=())
        # No state tells that an outage was taken back.
        board = await self.board(snapshot, BoardQuery(), found, anew=True)
        if not board.entries:
            return None
        row, kept = board.entries[0][1], self._kept.get(account_id)
        if kept is None or kept.history is None:
            return row
        bars = bars_of(kept.history, row.state, snapshot.at)
        return replace(row, bars=bars, retracted=kept.history.retracted)

    async def _pasts(self, found: Arranged, snapshot: Snapshot, *, anew: bool) -> tuple[Mapping[str, History], bool]:
        """The record of those whose bars may have changed by it; and whether it could be read."""
        shown = [listed.account.id for listed, _ in found.entries]
        stale = [each for each in shown if anew or self._is_stale(each, snapshot.states.get(each), snapshot.at)]
        if not stale:
            return {}, True
        try:
            pasts = await self._records.histories(stale, since_of(snapshot.at))
        except WatcherError:
            return {}, False
        return {each: pasts.get(each, History()) for each in stale}, True

    def _is_stale(self, account_id: str, state: AccountState | None, now: datetime) -> bool:
        kept = self._kept.get(account_id)
        if kept is None or kept.history is None or state is None or now - kept.read_at >= _FRESH:
            return True
        # Of an outage that goes on, and of a suspicion, memory knows all that is new.
        before = kept.row.state
        return (before.phase, before.blind_since, before.last_outage_id) != (
            state.phase,
            state.blind_since,
            state.last_outage_id,
        )

    def _entries(
        self, found: Arranged, snapshot: Snapshot, pasts: Mapping[str, History]
    ) -> tuple[tuple[str, Row], ...]:
        entries: list[tuple[str, Row]] = []
        begun = ""
        for listed, heading in found.entries:
            begun = heading or begun
            state = snapshot.states.get(listed.account.id)
            if state is not None:  # else it was taken off the list meanwhile
                entries.append((begun, self._row(listed, state, pasts.get(listed.account.id), snapshot.at)))
                begun = ""
        while len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]
        return tuple(entries)

    def _row(self, listed: Listed, state: AccountState, past: History | None, now: datetime) -> Row:
        kept = self._kept.pop(listed.account.id, None)
        fresh = _Kept(
            row=Row(listed=listed, state=state, look=look_of(state), bars=None, version=0),
            standing=standing(state),
            history=past if past is not None or kept is None else kept.history,
            read_at=now if past is not None or kept is None else kept.read_at,
            quarter=quarter_of(now),
        )
        is_same = kept is not None and kept.row.listed == listed and kept.standing == fresh.standing
        if kept is not None and is_same and past is None and kept.quarter == fresh.quarter:
            bars = kept.row.bars
        else:
            bars = bars_of(fresh.history, state, now) if fresh.history is not None else None
        if kept is not None and is_same and bars == kept.row.bars:
            version = kept.row.version
        else:
            self._version += 1
            version = self._version
        fresh.row = replace(fresh.row, bars=bars, version=version)
        self._kept[listed.account.id] = fresh
        return fresh.row
