"""What people are told: incidents, the notifications due for them, and how each delivery went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from watcher.model.account import Severity


class IncidentKind(StrEnum):
    """What an incident is about.

    One account's outage, many of one place at once (cohort), those that a route tells of together (group), an account
    that comes and goes (flapping), a platform that we cannot see, our own network, or watcher itself (meta). A notice
    is news of one account that has no end (never seen, appeared, renamed, re-registered), and a digest is that of a
    day: both are closed in the moment they are opened.
    """

    ACCOUNT = "account"
    NOTICE = "notice"
    COHORT = "cohort"
    GROUP = "group"
    FLAPPING = "flapping"
    DIGEST = "digest"
    PLATFORM = "platform"
    EGRESS = "egress"
    META = "meta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that people are told about once, and again when it ends.

    `key` is the account id, the platform (with `@instance`; of a COHORT `#` and its begin too), the vantage, the part
    of watcher (META), or the route and what its group has in common (GROUP: `route{owner="mayor"}`). At most one
    is open per (kind, key). The id of an ACCOUNT incident is that of its outage. `detail` is for people: what the
    controls said, or the notice itself, or, of META, a fault a line; it may hold hostile text. Of what was acknowledged
    nobody is reminded; `acked_by` says by whom, `ack_comment` what they said. `labels` say of which account it is, as
    that was listed when it began: programs know an alert by them, so that they stay as they were.
    """

    id: str
    kind: IncidentKind
    key: str
    severity: Severity
    opened_at: datetime
    closed_at: datetime | None = None
    detail: str = ""
    acked_by: str | None = None
    acked_at: datetime | None = None
    ack_comment: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where it is, of a PLATFORM or a COHORT: the platform, with `@instance` where there are many."""
        return self.key.partition("#")[0]


class NotificationKind(StrEnum):
    """What a notification tells. A correction takes back, or adds to, what was told of an incident that is over.

    A reminder says again what nobody has acknowledged; ACKNOWLEDGED says that somebody has, where that can be shown
    without disturbing anybody (`Channel.tells`).
    """

    ALERT = "alert"
    UPDATE = "update"
    REMINDER = "reminder"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    CORRECTION = "correction"


class NotificationState(StrEnum):
    """Where a notification stands in the outbox. `suppressed`: another message told it."""

    PENDING = "pending"
    CLAIMED = "claimed"
    DELIVERED = "delivered"
    DEAD = "dead"
    SUPPRESSED = "suppressed"


def dedup_key_of(incident_id: str, channel: str, kind: NotificationKind) -> str:
    """What tells a piece of news from every other: who got it once need not get it again."""
    return f"{incident_id}/{channel}/{kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One row of the outbox: tell `channel` the `kind` of news about an incident.

    `event_at` is when it happened, `due_at` when to send it next. `seq` orders the news of one incident.
    `dedup_key` is unique and is sent along where the medium allows; `id` is the store's (0 until stored).
    `recipients` are those of the channel's that are still to be reached; empty: all of them. `delivered_at` is when it
    was delivered, or when others were last reached while some are left. `resent_at` is when somebody asked for it by
    hand after it was given up.
    """

    incident_id: str
    route: str
    channel: str
    kind: NotificationKind
    dedup_key: str
    due_at: datetime
    event_at: datetime
    id: int = 0
    seq: int = 0
    state: NotificationState = NotificationState.PENDING
    claimed_until: datetime | None = None
    attempts: int = 0
    delivered_at: datetime | None = None
    recipients: tuple[str, ...] = ()
    resent_at: datetime | None = None

    @property
    def waits_since(self) -> datetime:
        """From when on its age counts: that of the event, or of its being asked for anew."""
        return self.resent_at or self.event_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The channel took the message; `answer` is what it said, and whom it refused for good while it took the rest.

    `thread` is where what is told next of the incident belongs, in the channel's own words; empty: as before.
    """

    answer: str = ""
    thread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAfter:
    """It did not go through now; try again, not before `wait` if the channel named a time.

    `recipients` are those still to be reached, where others were; empty: nobody was, and all are asked again.
    """

    reason: str
    wait: timedelta | None = None
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp:
    """It never will go through this way."""

    reason: str


Outcome = Delivered | RetryAfter | GaveUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Not told for now, since somebody said so or something greater explains it: not before `until`; None: never."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to send one notification."""

    notification_id: int
    at: datetime
    outcome: str
    answer: str
    latency: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAsWell:
    """Which other rows of its incident and channel a message made needless: of these kinds, due by `until` (None: all).

    What is due later may be to tell of what is still to come.
    """

    kinds: tuple[NotificationKind, ...]
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A page's own words, and the name of the language that they are in. `intro` says who sees them."""

    text: str
    language: str | None
    intro: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The same for programs: one thing that is wrong, or was, as Alertmanager speaks of it.

    `labels` are its identity and never change while it lasts; `annotations` are for people. `ends_at` is None while
    it lasts. Both have what a page wrote cleaned of control characters.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is to be said, independent of the medium. Plain text, control characters stripped, not yet escaped.

    `facts` are label and value; `links` label and URL. `incident_id` is the same for all that is told of an incident,
    and so is `subject`, which says what it is about without saying how it stands. `recipients` are those of the
    channel's that are to be reached (empty: all); `timezone` is that of the readers, where the route names one.
    `alerts` say the same to programs. `thread` is what the channel said of the incident's last message (see Delivered);
    `route` is by which route it is told. `was_tried`: it may have been taken before, without our hearing of it.
    `footer` says who sent it and of what, in the `language` (its ISO 639 code) of the message.
    """

    headline: str
    sentences: tuple[str, ...]
    severity: Severity
    kind: NotificationKind
    dedup_key: str
    facts: tuple[tuple[str, str], ...] = ()
    quote: Quote | None = None
    links: tuple[tuple[str, str], ...] = ()
    incident_id: str = ""
    subject: str = ""
    recipients: tuple[str, ...] = ()
    timezone: ZoneInfo | None = None
    alerts: tuple[Alert, ...] = ()
    thread: str = ""
    route: str = ""
    was_tried: bool = False
    footer: str = ""
    language: str = "en"
