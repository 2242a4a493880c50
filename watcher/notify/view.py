"""What the texts may speak of (`View`), and how a text becomes a Message. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from watcher.model.account import Account
from watcher.model.annotation import Annotation
from watcher.model.notification import Incident, IncidentKind, Message, NotificationKind, Quote
from watcher.model.outage import AccountState, Outage
from watcher.notify.wording import at_handle, format_stamp, name_of, place_of
from watcher.text import clean, cut

_LONG = 1000
_HEADLINE = 300
_NAME = 60


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


def compose(
    view: View,
    *,
    headline: str,
    subject: str,
    sentences: Iterable[str],
    facts: Iterable[tuple[str, str]] = (),
    quote: Quote | None = None,
    links: Iterable[tuple[str, str]] = (),
) -> Message:
    """The Message: every text cleaned and bounded, its kind that of what is told (RESOLVED for a story that is over).

    `subject` says what it is about, the same for all that is told of the incident. `quote` must be clean already.
    """
    return Message(
        headline=f"{cut(clean(headline), _HEADLINE)}{_taken_on(view)}",
        sentences=tuple(cut(clean(sentence), 2 * _LONG) for sentence in sentences),
        severity=view.incident.severity,
        kind=_told(view),
        dedup_key=clean(view.dedup_key),
        facts=tuple((label, cut(clean(value), _LONG)) for label, value in (*facts, *_acknowledged(view.incident))),
        quote=quote,
        links=tuple((label, clean(url)) for label, url in links),
        incident_id=clean(view.incident.id),
        subject=cut(clean(subject), _HEADLINE),
        recipients=view.recipients,
        timezone=view.timezone,
    )


def _taken_on(view: View) -> str:
    """What tells others, at first sight, that somebody sees to it; nothing of what is over."""
    by = view.incident.acked_by
    return f"; acknowledged by {cut(clean(by), _NAME)}" if by is not None and not view.is_over else ""


def _acknowledged(incident: Incident) -> tuple[tuple[str, str], ...]:
    if incident.acked_at is None:
        return ()
    said = f": {incident.ack_comment}" if incident.ack_comment else ""
    return (("Acknowledged by", f"{incident.acked_by or 'somebody'}, {format_stamp(incident.acked_at)}{said}"),)


def _told(view: View) -> NotificationKind:
    # A notice or a digest is closed when it is opened: it stays the alert that it is.
    if view.incident.kind in (IncidentKind.NOTICE, IncidentKind.DIGEST) or view.kind is NotificationKind.CORRECTION:
        return view.kind
    if view.is_over:
        return NotificationKind.RESOLVED
    return NotificationKind.UPDATE if view.kind is NotificationKind.RESOLVED else view.kind
