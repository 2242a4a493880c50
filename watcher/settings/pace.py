"""Whether hosts allow as many requests as the watchlist wants of them, and the intervals that they do allow. Pure.

The one arithmetic of it: `watcher check` warns by it, `watcher plan` prints it, and a run keeps to what it says.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import Final
from urllib.parse import urlsplit

from watcher.judge.policy import CONTROLS_ASKED, refresh_period
from watcher.model.account import Account, Policy, Watchlist
from watcher.model.platform import Pace, Platform, Source, expand
from watcher.settings.scalars import span_text

_PLACE: Final = "xxhandlexx"  # what stands for the handle to find out whether it is a part of the host


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Accounts that share their controls, as they are asked about by one source; `together`: many in a request."""

    source: Source
    together: bool
    accounts: tuple[Account, ...]

    @property
    def requests(self) -> float:
        """How many it takes to look at each account once."""
        return self._of([1.0] * len(self.accounts))

    @property
    def wanted(self) -> float:
        """Requests per second, by the intervals in force."""
        return self._of([1 / account.policy.interval.total_seconds() for account in self.accounts])

    def _of(self, rates: list[float]) -> float:
        """How many requests these looks take.

        A batch takes along who is due within half an interval: where that fills none, two go out in one. As many
        leave in each interval, so that of the last one a part may be empty.
        """
        batch = self.source.batch if self.together else None
        if batch is None:
            return sum(rates)
        most = max(rates)
        filled = ceil(round(sum(rates) / most / batch.room, 6)) * most
        return max(filled, min(sum(rates), 2 * most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the accounts of one host want of it, in requests per second, and what its pace leaves for them.

    One look at each of them takes so many `requests`. `controls` are asked all the time, those of each lane once in a
    `period` (in batches they ride along); as much as one more refresh of each takes is kept `free`, for suspicions.
    """

    host: str
    lanes: tuple[Lane, ...]
    pace: Pace
    period: timedelta
    requests: float
    wanted: float
    controls: float
    free: float

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Who is asked about there."""
        return tuple(account for lane in self.lanes for account in lane.accounts)

    @property
    def left(self) -> float:
        """What the controls leave of the pace: more than half of it, however many they are."""
        return self.pace.per_second - self.controls - self.free

    @property
    def is_too_much(self) -> bool:
        """True when not every account can be asked as often as it should be."""
        return self.wanted > self.left

    @property
    def stretch(self) -> float:
        """By how much the intervals must grow; 1 when they need not."""
        return max(1.0, self.wanted / self.left)

    @property
    def fitting(self) -> timedelta:
        """The interval that can be met if all accounts have it."""
        return timedelta(seconds=ceil(self.requests / self.left))


_Key = tuple[str, str, str, bool]


def loads(watchlist: Watchlist, platforms: Mapping[str, Platform]) -> tuple[Load, ...]:
    """The load of each host that is asked first for some account, by the intervals in force."""
    hosts = _Hosts()
    lanes: dict[str, dict[_Key, tuple[Source, list[Account]]]] = defaultdict(dict)
    named = {account.platform for account in watchlist.accounts.values()}
    usable = {name: platforms[name].usable_sources for name in named}
    for account in watchlist.accounts.values():
        first = asked_first(account, usable[account.platform])
        if first is not None:
            source, together = first
            key = account.platform, account.instance, source.name, together
            lanes[hosts.of(account, source)].setdefault(key, (source, []))[1].append(account)
    return tuple(
        _load(
            host,
            tuple(
                Lane(source=source, together=key[-1], accounts=tuple(accounts))
                for key, (source, accounts) in here.items()
            ),
        )
        for host, here in lanes.items()
    )


def asked_first(account: Account, usable: Sequence[Source]) -> tuple[Source, bool] | None:
    """The source at which an account is asked about while all is well, and whether together with others; or None."""
    if not usable:
        return None
    if usable[0].batch is not None and usable[0].batch.takes(account.handle):
        return usable[0], True
    return next((source for source in usable if source.batch is None), usable[0]), False


class _Hosts:
    """Hosts of questions. Where the handle is no part of it, the host is found out once for all of an instance."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], str] = {}

    def of(self, account: Account, source: Source) -> str:
        key = id(source), account.instance
        host = self._known.get(key)
        if host is None:
            host = host_of(source, account)
            template = expand(source.url, handle=_PLACE, instance=account.instance)
            if _PLACE not in urlsplit(template).netloc:
                self._known[key] = host
        return host


def host_of(source: Source, account: Account) -> str:
    """The host that is asked."""
    url = expand(source.url, handle=account.handle, instance=account.instance)
    return (urlsplit(url).hostname or "").lower()


def _load(host: str, lanes: tuple[Lane, ...]) -> Load:
    # Those of a batch and those asked alone beside it are counted as two: each has controls of its own.
    paces = [lane.source.pace for lane in lanes]
    period = refresh_period(paces)
    refreshes = CONTROLS_ASKED / period.total_seconds()
    return Load(
        host=host,
        lanes=lanes,
        pace=min(paces, key=lambda pace: pace.per_second),
        period=period,
        requests=sum(lane.requests for lane in lanes),
        wanted=sum(lane.wanted for lane in lanes),
        controls=sum(refreshes for lane in lanes if not lane.together),
        free=refreshes * len(lanes),
    )


def within_pace(
    watchlist: Watchlist, platforms: Mapping[str, Platform], wanted: Iterable[Load] | None = None
) -> Watchlist:
    """The watchlist with intervals that can be kept: longer by one factor for all accounts of a host asked too much.

    Otherwise accounts would be late in turn, and our own pace would be told as a platform that says nothing. `wanted`
    are its `loads`, where they are known already.
    """
    kept = dict(watchlist.accounts)
    for load in loads(watchlist, platforms) if wanted is None else wanted:
        if load.is_too_much:
            policies = {account.policy for account in load.accounts}  # many accounts share one
            stretched = {policy: _stretched(policy, load.stretch) for policy in policies}
            kept.update((account.id, replace(account, policy=stretched[account.policy])) for account in load.accounts)
    return replace(watchlist, accounts=kept)


def too_fast(load: Load, *, is_dense: bool) -> str:
    """What to say of a host that is asked too much; `is_dense`: only within some windows."""
    count, pace = len(load.accounts), load.pace
    said = (
        f"{load.host}: {'1 account' if count == 1 else f'{count} accounts'} with controls want "
        f"{(load.wanted + load.controls + load.free) * 60:.1f} requests a minute"
        f"{' within their windows' if is_dense else ''}, the pace is {pace.requests} per {span_text(pace.per)}"
    )
    return f"{said}: an interval of {span_text(load.fitting)} can be met"


def _stretched(policy: Policy, factor: float) -> Policy:
    return replace(policy, interval=timedelta(seconds=ceil(policy.interval.total_seconds() * factor)))
