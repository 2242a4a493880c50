"""The board: who is on it, in which order, and what is shown of each, as values for the templates. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from watcher.model.account import Account, Owner
from watcher.model.control import VantageState
from watcher.model.finding import Reason, Verdict
from watcher.model.outage import AccountState, Outage, Phase
from watcher.model.platform import Platform
from watcher.model.snapshot import Snapshot
from watcher.notify.wording import at_handle, name_of, place_of
from watcher.web.pages.bars import Bars
from watcher.web.pages.query import TROUBLE, BoardQuery, Group, Sort
from watcher.web.pages.words import LOOKS, RANK, Look, account_path, look_of

NOBODY: Final = "nobody"
"""Under what those stand together that have no owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How watcher itself does: in one line, with what is wrong."""

    colour: str
    head: str
    text: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """An account as the watchlist has it, in words, and in those that it is found by."""

    account: Account
    place: str
    platform: str
    owner: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """All accounts in the order of the watchlist; what it was made of, by which it is known whether it still holds."""

    accounts: Mapping[str, Account]
    owners: Mapping[str, Owner]
    platforms: Mapping[str, Platform]
    listed: Mapping[str, Listed]

    def is_of(self, snapshot: Snapshot) -> bool:
        """Whether the list is the same."""
        return (
            self.accounts is snapshot.accounts
            and self.owners is snapshot.owners
            and self.platforms is snapshot.platforms
        )


def index_of(snapshot: Snapshot) -> Index:
    """Everybody who is watched. Takes a while where there are many."""
    titles = {platform.id: platform.title for platform in snapshot.platforms.values()}

    def listed(account: Account) -> Listed:
        owner = snapshot.owners.get(account.owner or "")
        name = owner.name if owner else account.owner or ""
        place, platform = place_of(account, titles), titles.get(account.platform, account.platform)
        text = f"{account.id} {account.display_handle} {place} {platform} {name} {account.owner or ''} {account.url}"
        return Listed(account, place, platform, name, text.casefold())

    return Index(
        accounts=snapshot.accounts,
        owners=snapshot.owners,
        platforms=snapshot.platforms,
        listed={account.id: listed(account) for account in tuple(snapshot.accounts.values())},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """Who is on a page of the board, in order, each with the heading that it begins (""; where nobody stands together).

    `counts` are all accounts by look, `down` those of them that are gone; `found` are those that the query is about.
    """

    entries: tuple[tuple[Listed, str], ...]
    found: int
    pages: int
    page: int
    total: int
    down: int
    counts: tuple[tuple[Look, int], ...]


def arranged(index: Index, states: Mapping[str, AccountState], query: BoardQuery) -> Arranged:
    """What of the index the query shows. Takes a while where there are many."""
    counts: dict[str, int] = dict.fromkeys(RANK, 0)
    found: list[tuple[Any, Listed]] = []
    is_narrow, words = query.is_narrow, query.q.casefold().split()
    for account_id, listed in index.listed.items():
        state = states.get(account_id)
        if state is None:  # taken off the list meanwhile
            continue
        look = look_of(state)
        counts[look.name] += 1
        if not is_narrow or _is_wanted(listed, state, look, query, words):
            found.append((_rank(listed, state, look, query), listed))
    found.sort(key=itemgetter(0))  # stable: equals stay in the order of the watchlist
    pages = max(1, -(-len(found) // query.size))
    page = min(query.page, pages)
    shown = [listed for _, listed in found[(page - 1) * query.size : page * query.size]]
    return Arranged(
        entries=tuple(_headed(shown, query.group)),
        found=len(found),
        pages=pages,
        page=page,
        total=sum(counts.values()),
        down=counts[Phase.DOWN] + counts[Phase.RECOVERING],
        counts=tuple((look, counts[look.name]) for look in LOOKS if counts[look.name]),
    )


def _is_wanted(listed: Listed, state: AccountState, look: Look, query: BoardQuery, words: list[str]) -> bool:
    account = listed.account
    if query.platform and account.platform != query.platform:
        return False
    if query.owner and (account.owner or "") != query.owner:
        return False
    if query.state and not (look.name == query.state or (query.state == TROUBLE and look.name != Phase.UP)):
        return False
    return _says(listed, state.handle, words)


def _rank(listed: Listed, state: AccountState, look: Look, query: BoardQuery) -> Any:
    """By what it is put in its place: with those of its group, and among them."""
    match query.sort:
        case Sort.ATTENTION:
            place: Any = RANK[look.name]
        case Sort.NAME:
            place = (state.handle or listed.account.display_handle).lstrip("@").casefold()
        case Sort.SINCE:
            place = -state.since.timestamp()
    match query.group:
        case Group.OWNER:
            return not listed.owner, listed.owner.casefold(), place
        case Group.PLATFORM:
            return listed.platform.casefold(), place
        case Group.NONE:
            return place


def _headed(shown: list[Listed], group: Group) -> Iterator[tuple[Listed, str]]:
    before = None
    for listed in shown:
        name = {Group.OWNER: listed.owner or NOBODY, Group.PLATFORM: listed.platform}.get(group, "")
        yield listed, name if name != before else ""
        before = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One account as the board shows it. `version` is another whenever anything of it is.

    `retracted` is how many of its outages were taken back, for its own page.
    """

    listed: Listed
    state: AccountState
    look: Look
    bars: Bars | None
    version: int
    retracted: int = 0

    @property
    def key(self) -> str:
        """The account's id."""
        return self.listed.account.id

    @property
    def name(self) -> str:
        """The handle that people know; the new one after a rename."""
        return at_handle(self.state.handle) if self.state.handle else name_of(self.listed.account)

    @property
    def path(self) -> str:
        """Where its page is."""
        return account_path(self.key)

    @property
    def inconclusive(self) -> Reason | None:
        """Why the last answer said nothing; None where it did say something."""
        return self.state.reason if self.state.verdict is Verdict.INCONCLUSIVE else None

    @property
    def gone_since(self) -> datetime | None:
        """When the open outage began, best estimated."""
        return None if self.state.outage is None else began_of(self.state.outage)

    @property
    def counted(self) -> str:
        """How far it is with what is being confirmed; "" where nothing is."""
        policy = self.listed.account.policy
        match self.state.phase:
            case Phase.SUSPECT:
                return f"{self.state.n} of {policy.confirm.threshold} looks say that it is gone"
            case Phase.RECOVERING:
                return f"{self.state.r} of {policy.recover.threshold} looks say that it is back"
            case _:
                return ""


def began_of(outage: Outage) -> datetime:
    """When an outage began, best estimated."""
    return outage.last_present + (outage.began.latest - outage.last_present) / 2


def place_in_order(state: AccountState) -> tuple[object, ...]:
    """What of a state decides where on the board it is, and what is counted."""
    return look_of(state), state.since, state.handle


def concerns(listed: Listed, handle: str | None, query: BoardQuery) -> bool:
    """Whether the query is about that account, which is called so now, however it stands."""
    account = listed.account
    if (query.platform and account.platform != query.platform) or (query.owner and query.owner != account.owner):
        return False
    return _says(listed, handle, query.q.casefold().split())


def _says(listed: Listed, handle: str | None, words: Iterable[str]) -> bool:
    called = (handle or "").casefold()
    return all(word in listed.text or word in called for word in words)


def standing(state: AccountState) -> tuple[object, ...]:
    """What of a state the board shows beside when it was last looked at: while this is the same, so is the row."""
    return (
        state.phase,
        state.since,
        state.blind_since,
        state.reason if state.verdict is Verdict.INCONCLUSIVE else None,
        state.outage,
        state.handle,
        state.n if state.phase is Phase.SUSPECT else state.r,
        state.flapping_since,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A page of the board: who is shown, and what stands above and below; whether the record could be read for it.

    `entries` are rows, each with the heading that it begins; "" where it begins none. No row has a `version` above
    that of the board.
    """

    at: datetime
    running: timedelta
    query: BoardQuery
    arranged: Arranged
    entries: tuple[tuple[str, Row], ...]
    notice: Notice
    is_readable: bool
    version: int

    @property
    def title(self) -> str:
        """The title of the page: how many are gone."""
        return f"({self.arranged.down}) watcher" if self.arranged.down else "watcher"


def notice_of(snapshot: Snapshot, *, is_readable: bool = True) -> Notice:
    """Ready, offline and not ready, told apart; and whether the record can be read (`is_readable`)."""
    online = snapshot.vantage is VantageState.ONLINE
    network = "" if online else "This machine reaches no platform: nothing can be seen, and no alert is raised."
    unread = "" if is_readable else "The record cannot be read at present: there are no bars."
    text = " ".join(part for part in (network, unread) if part)
    if snapshot.not_ready:
        return Notice(colour="bad", head="Not ready.", text=text, reasons=snapshot.not_ready)
    if online:
        return Notice(
            colour="good" if is_readable else "warn", head="Ready.", text=unread or "The network can be reached."
        )
    return Notice(colour="bad", head="Offline.", text=text)
