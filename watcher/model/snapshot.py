"""All that the running program can show of itself. Made in memory, and at once: no SQL, no waiting, no copies."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from watcher.model.account import Account, Owner
from watcher.model.control import ControlKey, ControlReport, Health, VantageState
from watcher.model.outage import AccountState
from watcher.model.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Accounts in the order of the watchlist and their states, both by id; platforms with their health.

    `stored` are the states as last written, by account id: behind `states`, but none is ever taken back. Both go on:
    each account is shown as it stands when it is read, for a copy of all would keep the loop too long.
    `not_ready` says what is wrong, one phrase each; empty when all is well.
    """

    at: datetime
    started_at: datetime
    accounts: Mapping[str, Account]
    states: Mapping[str, AccountState]
    owners: Mapping[str, Owner]
    platforms: Mapping[str, Platform]
    health: Mapping[ControlKey, Health]
    reports: Mapping[ControlKey, ControlReport]
    vantage: VantageState
    stored: Mapping[str, AccountState] = field(default_factory=dict)
    not_ready: tuple[str, ...] = ()

    @property
    def rows(self) -> Iterator[tuple[Account, AccountState]]:
        """Each account with its state; who is taken off the list while this is read is left out."""
        states = ((account, self.states.get(account.id)) for account in self.accounts.values())
        return ((account, state) for account, state in states if state is not None)
