"""The forecast of a configuration: host by host what is asked of it, what it allows, and what comes of that. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from watcher.forecast.cost import Cost, cost_of
from watcher.forecast.delay import Delay, Wait, delay_of, requests_to_confirm, wait_on
from watcher.forecast.remedies import remedies
from watcher.model.account import Account, Policy, Watchlist
from watcher.model.finding import Reason
from watcher.model.platform import Platform, Source
from watcher.model.route import Route, every
from watcher.notify.ways import ways_told
from watcher.settings.check import Level, Remark, remarks
from watcher.settings.pace import Lane, Load, host_of, loads, within_pace
from watcher.settings.policies import at_densest, at_sparsest
from watcher.settings.values import Settings
from watcher.settings.visibility import visibility

_SOME_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)  # only quiet hours depend on it, and these are left aside


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Accounts of one host that fare alike, by id.

    `asked` is the interval that the watchlist has for them (in the densest of their windows), `kept` the one that is
    kept to; `rarest` that of the sparsest window. `delay` is None where no outage of theirs can be told; it is idle
    where they are `blind`, as none is likely to be seen.
    """

    accounts: tuple[str, ...]
    platform: str
    asked: timedelta
    kept: timedelta
    rarest: timedelta
    delay: Delay | None
    blind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What is asked of one host. `wanted` is its load by the watchlist, `kept` by the intervals that are kept to.

    `remedies` would make it bear what is wanted. An account that vanishes takes `to_confirm` requests more, and while
    it is gone `while_gone` requests per second at first: a look and a control every confirm.interval, for CLOSE_WATCH.
    """

    platforms: tuple[str, ...]
    wanted: Load
    kept: Load
    groups: tuple[Group, ...]
    remedies: tuple[str, ...]
    to_confirm: int
    while_gone: float

    @property
    def name(self) -> str:
        """The host."""
        return self.wanted.host

    @property
    def accounts(self) -> int:
        """How many are asked about there."""
        return sum(len(group.accounts) for group in self.groups)

    @property
    def requests(self) -> float:
        """Requests per second while nothing is wrong, controls included."""
        return self.kept.wanted + self.kept.controls

    @property
    def used(self) -> float:
        """The same as a share of the pace."""
        return self.requests / self.kept.pace.per_second


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Hosts by platform and name. `unasked` are accounts without a usable source, `mute` says why some cannot alert.

    `is_dense`: some accounts have windows, so that all of this is of the densest of them.
    """

    accounts: int
    hosts: tuple[Host, ...]
    unasked: tuple[str, ...]
    mute: Mapping[str, str]
    cost: Cost
    is_dense: bool


def forecast(watchlist: Watchlist, platforms: Mapping[str, Platform], settings: Settings) -> Forecast:
    """What to expect of a run. The operator's changes are applied to `platforms` already."""
    dense = at_densest(watchlist)
    wanted = loads(dense, platforms)
    kept = within_pace(dense, platforms, wanted)
    after = loads(kept, platforms) if any(load.is_too_much for load in wanted) else wanted
    is_dense = any(account.calendar is not None for account in watchlist.accounts.values())
    sparse = within_pace(at_sparsest(watchlist), platforms) if is_dense else kept
    mute = _mute(remarks(watchlist, platforms, settings))
    view = _View(kept, sparse, platforms, _Routes(settings.routes), mute.keys(), after)
    hosts = sorted(map(view.host, wanted), key=lambda host: (host.platforms, host.name))
    asked = {account.id for load in wanted for account in load.accounts}
    return Forecast(
        accounts=len(watchlist.accounts),
        hosts=tuple(hosts),
        unasked=tuple(sorted(watchlist.accounts.keys() - asked)),
        mute=mute,
        cost=cost_of(after, len(watchlist.accounts)),
        is_dense=is_dense,
    )


def _mute(found: Iterable[Remark]) -> dict[str, str]:
    """Who cannot alert, and the first reason why."""
    mute: dict[str, str] = {}
    for remark in found:
        if remark.level is Level.CANNOT_ALERT and remark.account_id is not None:
            mute.setdefault(remark.account_id, remark.message)
    return dict(sorted(mute.items()))


@dataclass(frozen=True, slots=True)
class _Fare:
    """All that makes accounts of one host fare differently."""

    platform: str
    instance: str
    source: str
    together: bool
    asked: timedelta
    kept: Policy
    rarest: timedelta
    told_after: timedelta
    is_mute: bool


class _View:
    """The watchlist by the intervals that are `kept` to, and by those of the sparsest windows; each host's load."""

    def __init__(
        self,
        kept: Watchlist,
        sparse: Watchlist,
        platforms: Mapping[str, Platform],
        told_after: "_Routes",
        mute: AbstractSet[str],
        after: Iterable[Load],
    ) -> None:
        self._kept = kept.accounts
        self._sparse = sparse.accounts
        self._platforms = platforms
        self._told_after = told_after
        self._mute = mute
        self._after = {load.host: load for load in after}

    def host(self, wanted: Load) -> Host:
        """What becomes of the host that so much is wanted of."""
        after = self._after[wanted.host]
        fares: dict[_Fare, list[Account]] = defaultdict(list)
        for lane in wanted.lanes:
            for account in lane.accounts:
                fares[self._fare(account, lane)].append(account)
        wait = wait_on(after)
        groups = sorted(
            (self._group(fare, accounts, wait) for fare, accounts in fares.items()),
            key=lambda group: (-len(group.accounts), group.accounts),
        )
        # What an outage takes is told by those who are most alike.
        usual, together = next((fare.kept, fare.together) for fare in sorted(fares, key=lambda f: -len(fares[f])))
        return Host(
            platforms=tuple(sorted({group.platform for group in groups})),
            wanted=wanted,
            kept=after,
            groups=tuple(groups),
            remedies=remedies(wanted, self._platforms) if wanted.is_too_much else (),
            to_confirm=requests_to_confirm(usual, together=together),
            while_gone=2 / min(usual.interval, usual.confirm.interval).total_seconds(),
        )

    def _fare(self, account: Account, lane: Lane) -> _Fare:
        return _Fare(
            platform=account.platform,
            instance=account.instance,
            source=lane.source.name,
            together=lane.together,
            asked=account.policy.interval,
            kept=self._kept[account.id].policy,
            rarest=self._sparse[account.id].policy.interval,
            told_after=self._told_after.of(account),
            is_mute=account.id in self._mute,
        )

    def _group(self, fare: _Fare, accounts: list[Account], wait: Wait) -> Group:
        platform = self._platforms[fare.platform]
        source = _confirming(platform, fare.source)
        at = self._after.get(host_of(source, accounts[0]))
        delay = delay_of(
            fare.kept,
            wait=wait,
            used=0.0 if at is None else (at.wanted + at.controls) / at.pace.per_second,
            pace=source.pace,
            together=fare.together,
            told_after=fare.told_after,
            rarest=max(fare.rarest, fare.kept.interval),
        )
        return Group(
            accounts=tuple(sorted(account.id for account in accounts)),
            platform=fare.platform,
            asked=fare.asked,
            kept=fare.kept.interval,
            rarest=max(fare.rarest, fare.kept.interval),
            delay=None if fare.is_mute else delay,
            blind=not visibility(platform).is_decidable,
        )


def _confirming(platform: Platform, first: str) -> Source:
    """The source that is asked whether an absence is one: alone, and with no old copies, if there is such a one."""
    usable = platform.usable_sources
    fit = tuple(source for source in usable if source.confirms) or usable
    alone = tuple(source for source in fit if source.batch is None) or fit
    return next((source for source in alone if source.name == first), alone[0])


class _Routes:
    """How long the first message about an outage waits for others, by the account that it is of."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes
        self._names_accounts = any(route.account for route in every(routes))
        self._known: dict[tuple[object, ...], timedelta] = {}

    def of(self, account: Account) -> timedelta:
        """The shortest wait of the ways to people; none where nobody is told."""
        about = account.platform, account.owner, account.severity, frozenset(account.labels.items())
        key = (*about, account.id if self._names_accounts else "")
        if key not in self._known:
            ways = ways_told(account, Reason.NOT_FOUND, account.severity, self._routes, _SOME_TIME)
            self._known[key] = min((way.wait for way in ways), default=timedelta(0))
        return self._known[key]
