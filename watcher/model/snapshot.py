"""All that the running program can show of itself at one instant. Made in memory: no SQL, no waiting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from watcher.model.account import Account, Owner
from watcher.model.control import ControlKey, ControlReport, Health, VantageState
from watcher.model.outage import AccountState
from watcher.model.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Accounts with their states in the order of the watchlist, platforms with their health.

    `stored` are the states as last written, by account id: behind those of `accounts`, but none is ever taken back.
    `not_ready` says what is wrong, one phrase each; empty when all is well.
    """

    at: datetime
    started_at: datetime
    accounts: tuple[tuple[Account, AccountState], ...]
    owners: Mapping[str, Owner]
    platforms: Mapping[str, Platform]
    health: Mapping[ControlKey, Health]
    reports: Mapping[ControlKey, ControlReport]
    vantage: VantageState
    stored: Mapping[str, AccountState] = field(default_factory=dict)
    not_ready: tuple[str, ...] = ()
