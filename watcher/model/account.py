"""Whom we watch: accounts, their owners, and the policy by which each is judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from watcher.model.calendar import Calendar


class Severity(StrEnum):
    """How loud an outage is, the loudest first; frozen in the outage when it opens."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


_LOUDEST_FIRST: Final = tuple(Severity)


def louder(*severities: Severity) -> Severity:
    """The loudest of some, one at least."""
    return min(severities, key=_LOUDEST_FIRST.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """So many agreeing findings, each at least `interval` after the last one counted."""

    threshold: int
    interval: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When to look, and how many looks it takes to open (`confirm`) and to close (`recover`) an outage.

    `interval` is the one in force at present, `changed_at` when it took the place of `previous`. Without these it has
    been in force ever since.
    """

    interval: timedelta = timedelta(seconds=60)
    confirm: Repeat = Repeat(threshold=3, interval=timedelta(seconds=10))
    recover: Repeat = Repeat(threshold=2, interval=timedelta(seconds=10))
    changed_at: datetime | None = None
    previous: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The person or body behind several accounts. `id` is the slug used in the watchlist."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One watched profile.

    `id` is `platform:handle` as first watched and never changes. `handle` is the folded form that is
    polled, `display_handle` the one shown to people. `instance` is the host for federated platforms, the URL
    with `{handle}` in the handle's place for the generic one, else empty. `controls` are handles on the same
    platform and instance that always exist. `calendar` says how often it is looked at when; None: always as often.
    """

    id: str
    platform: str
    instance: str
    handle: str
    display_handle: str
    url: str
    owner: str | None = None
    severity: Severity = Severity.WARNING
    labels: Mapping[str, str] = field(default_factory=dict)
    policy: Policy = Policy()
    controls: tuple[str, ...] = ()
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchlist:
    """The accounts to watch, by id, and their owners, by slug. Empty only where nothing is watched."""

    accounts: Mapping[str, Account]
    owners: Mapping[str, Owner]

    def others_of(self, account: Account) -> tuple[Account, ...]:
        """The other accounts of the same owner, in the order of the watchlist."""
        if account.owner is None:
            return ()
        return tuple(
            other for other in self.accounts.values() if other.owner == account.owner and other.id != account.id
        )
