"""What there is to speak of in a message: the news, and how things are. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from watcher.model.account import Account
from watcher.model.annotation import Annotation
from watcher.model.notification import Incident, NotificationKind
from watcher.model.outage import AccountState, Outage
from watcher.notify.wording import at_handle, name_of, place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that a text may speak of: the news (`incident`, `kind`, `dedup_key`) and how things are at `now`.

    `titles` are the platforms' titles by id. `account` is whom it is about, as last watched. `owner` is the owner's
    name, `others` the owner's other accounts with their states. `new_handle` is set once the account was renamed.
    `without_verdict` counts the accounts that a PLATFORM incident leaves without a verdict; `is_watched` is False once
    none is watched there any more. `outages` are those that a COHORT or a GROUP tells of, with their `accounts` by id,
    of the accounts `watched_there` (of a GROUP: those of the one owner whom all belong to), and `checking` how many
    more there may be missing; `labels` and `digests` are theirs by the outage's id. `digest` vouches for the evidence.
    `public_url` is where people reach the web pages of this program, if anywhere. `annotations` are what people noted
    of the outage, oldest first. `timezone` is that of the readers, `recipients` those who are still to be reached
    (empty: all).
    """

    incident: Incident
    kind: NotificationKind
    dedup_key: str
    now: datetime
    titles: Mapping[str, str] = field(default_factory=dict)
    outage: Outage | None = None
    account: Account | None = None
    owner: str | None = None
    others: tuple[tuple[Account, AccountState], ...] = ()
    new_handle: str | None = None
    without_verdict: int = 0
    is_watched: bool = True
    outages: tuple[Outage, ...] = ()
    accounts: Mapping[str, Account] = field(default_factory=dict)
    watched_there: int = 0
    checking: int = 0
    digest: str = ""
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    public_url: str | None = None
    annotations: tuple[Annotation, ...] = ()
    timezone: ZoneInfo | None = None
    recipients: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """True when what the incident is about has ended."""
        return self.incident.closed_at is not None or (self.outage is not None and not self.outage.is_open)

    @property
    def account_id(self) -> str:
        """The id of the account that an ACCOUNT or NOTICE incident is about."""
        return self.outage.account_id if self.outage else self.incident.key

    @property
    def name(self) -> str:
        """The account as people write it; under the handle that it had then, if it has another one now."""
        then = self.outage.handle_then if self.outage else self.account_id.partition(":")[2]
        if self.account is None:
            return at_handle(then)
        same = self.outage is None or then.casefold() in (
            self.account.display_handle.casefold(),
            self.account.handle.casefold(),
        )
        return name_of(self.account) if same else at_handle(then)

    @property
    def place(self) -> str:
        """The platform as people call it, with the instance where there are many."""
        if self.account is not None:
            return place_of(self.account, self.titles)
        platform = self.account_id.partition(":")[0]
        return self.titles.get(platform, platform)


def alone(view: View, outage: Outage) -> View:
    """The view of one outage of a group, as if the message were about it alone."""
    return replace(view, outage=outage, account=view.accounts.get(outage.account_id))
