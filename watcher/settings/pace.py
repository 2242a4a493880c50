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
    """What the accounts of one host want of it, in requests per second, and what its pace leaves for them."""

    host: str
    accounts: tuple[Account, ...]
    pace: Pace
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
        for source in platforms[account.platform].usable_sources[:1]:
            url = expand(source.url, handle=account.handle, instance=account.instance)
            hosts[(urlsplit(url).hostname or "").lower()].append((account, source))
    return tuple(_load(host, asked) for host, asked in hosts.items())


def _load(host: str, asked: list[tuple[Account, Source]]) -> Load:
    keys = {(account.platform, account.instance, source.name) for account, source in asked}
    return Load(
        host=host,
        accounts=tuple(account for account, _ in asked),
        pace=min((source.pace for _, source in asked), key=lambda pace: pace.per_second),
        wanted=sum(1 / account.policy.interval.total_seconds() for account, _ in asked),
        controls=len(keys) * _CONTROLS_PER_SECOND,
    )


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
