"""The board: what the snapshot says of every account, as values for its template. Pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from watcher.model.account import Account
from watcher.model.control import VantageState
from watcher.model.finding import Reason, Verdict
from watcher.model.outage import AccountState
from watcher.model.snapshot import Snapshot
from watcher.web.pages.words import LOOKS, RANK, Look, look_of

_ROWS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How watcher itself does: in one line, with what is wrong."""

    colour: str
    head: str
    text: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One account as the board shows it."""

    account: Account
    state: AccountState
    look: Look
    place: str
    owner: str | None

    @property
    def name(self) -> str:
        """The handle that people know; the new one after a rename."""
        return self.state.handle or self.account.display_handle

    @property
    def inconclusive(self) -> Reason | None:
        """Why the last answer said nothing; None where it did say something."""
        return self.state.reason if self.state.verdict is Verdict.INCONCLUSIVE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The whole page: accounts that need attention first, `more` are left out."""

    at: datetime
    running: timedelta
    title: str
    notice: Notice
    counts: tuple[tuple[Look, int], ...]
    rows: tuple[Row, ...]
    more: int


def board_of(snapshot: Snapshot) -> Board:
    """What is shown of the snapshot. Takes long where there are many."""
    rows = sorted((_row(account, state, snapshot) for account, state in snapshot.rows), key=_rank)
    counts = Counter(row.look for row in rows)
    down = sum(row.state.is_down for row in rows)
    return Board(
        at=snapshot.at,
        running=snapshot.at - snapshot.started_at,
        title=f"({down}) watcher" if down else "watcher",
        notice=notice_of(snapshot),
        counts=tuple((look, counts[look]) for look in LOOKS if counts[look]),
        rows=tuple(rows[:_ROWS]),
        more=max(0, len(rows) - _ROWS),
    )


def notice_of(snapshot: Snapshot) -> Notice:
    """Ready, offline and not ready, told apart."""
    online = snapshot.vantage is VantageState.ONLINE
    network = "" if online else "This machine reaches no platform: nothing can be seen, and no alert is raised."
    if snapshot.not_ready:
        return Notice(colour="bad", head="Not ready.", text=network, reasons=snapshot.not_ready)
    if online:
        return Notice(colour="good", head="Ready.", text="The network can be reached.")
    return Notice(colour="bad", head="Offline.", text=network)


def _rank(row: Row) -> int:
    return RANK[row.look.name]


def _row(account: Account, state: AccountState, snapshot: Snapshot) -> Row:
    platform = snapshot.platforms.get(account.platform)
    owner = snapshot.owners.get(account.owner or "")
    return Row(
        account=account,
        state=state,
        look=look_of(state),
        place=platform.title if platform else account.platform,
        owner=owner.name if owner else account.owner,
    )
