"""Whether hosts allow as many requests as the watchlist wants of them, and the intervals that they do allow. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import Final
from urllib.parse import urlsplit

from watcher.model.account import Account, Watchlist
from watcher.model.platform import Pace, Platform, Source, expand

# One positive and one negative control of each source are asked every five minutes, and again on suspicion.
_CONTROLS_PER_SECOND: Final = 4 / 300
_LEAST_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the accounts of one host want of it, in requests per second, and what its pace leaves for them.

    One look at each of them takes so many `requests`.
    """

    host: str
    accounts: tuple[Account, ...]
    pace: Pace
    requests: float
    wanted: float
    controls: float

    @property
    def left(self) -> float:
        """What the controls leave of the pace; not above zero where they need all of it."""
        return self.pace.per_second - self.controls

    @property
    def is_too_much(self) -> bool:
        """True when not every account can be asked as often as it should be."""
        return self.wanted > self.left

    @property
    def stretch(self) -> float:
        """By how much the intervals must grow; 1 when they need not."""
        return max(1.0, self.wanted / max(self.left, _LEAST_SHARE * self.pace.per_second))


def loads(watchlist: Watchlist, platforms: Mapping[str, Platform]) -> tuple[Load, ...]:
    """The load of each host that is asked first for some account, by the intervals in force."""
    hosts: dict[str, list[tuple[Account, Source]]] = defaultdict(list)
    for account in watchlist.accounts.values():
        source = _source(account, platforms[account.platform])
        if source is not None:
            url = expand(source.url, handle=account.handle, instance=account.instance)
            hosts[(urlsplit(url).hostname or "").lower()].append((account, source))
    return tuple(_load(host, asked) for host, asked in hosts.items())


def _source(account: Account, platform: Platform) -> Source | None:
    """Where the account is asked about while all is well."""
    for source in platform.usable_sources:
        if source.batch is None or source.batch.takes(account.handle):
            return source
    return None


def _load(host: str, asked: list[tuple[Account, Source]]) -> Load:
    lanes: dict[tuple[str, str, str], list[tuple[Account, Source]]] = defaultdict(list)
    for account, source in asked:
        lanes[account.platform, account.instance, source.name].append((account, source))
    return Load(
        host=host,
        accounts=tuple(account for account, _ in asked),
        pace=min((source.pace for _, source in asked), key=lambda pace: pace.per_second),
        requests=sum(_together([1.0] * len(lane), lane[0][1]) for lane in lanes.values()),
        wanted=sum(_together(_rates(lane), lane[0][1]) for lane in lanes.values()),
        controls=len(lanes) * _CONTROLS_PER_SECOND,
    )


def _rates(lane: list[tuple[Account, Source]]) -> list[float]:
    return [1 / account.policy.interval.total_seconds() for account, _ in lane]


def _together(rates: list[float], source: Source) -> float:
    """How many requests these looks of one source take.

    A batch takes along who is due within half an interval: where that fills none, two go out in one.
    """
    if source.batch is None:
        return sum(rates)
    return max(sum(rates) / source.batch.room, min(sum(rates), 2 * max(rates)))


def within_pace(watchlist: Watchlist, platforms: Mapping[str, Platform]) -> Watchlist:
    """The watchlist with intervals that can be kept: longer by one factor for all accounts of a host asked too much.

    Otherwise accounts would be late in turn, and our own pace would be told as a platform that says nothing.
    """
    kept = dict(watchlist.accounts)
    for load in loads(watchlist, platforms):
        if load.is_too_much:
            kept.update((account.id, _stretched(account, load.stretch)) for account in load.accounts)
    return replace(watchlist, accounts=kept)


def _stretched(account: Account, factor: float) -> Account:
    interval = timedelta(seconds=ceil(account.policy.interval.total_seconds() * factor))
    return replace(account, policy=replace(account.policy, interval=interval))
