"""What a store is given and what it gives back, beside the model's own values. No store is known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from watcher.model.account import Account
from watcher.model.annotation import Annotation
from watcher.model.control import ControlReport
from watcher.model.notification import Incident, Notification, NotificationState
from watcher.model.outage import AccountState, Outage, Transition, Unobserved
from watcher.model.sample import Sample

IN_ROWS: Final = frozenset({"bundle", "controls"})
# What may be sent again by hand, and what the log of its deliveries calls that.
RESENDABLE: Final = (NotificationState.DEAD, NotificationState.PENDING)
RESENT: Final = "resent"
# The longest that a channel may ask to be left alone; leases are shorter.
FURTHEST_AHEAD: Final = timedelta(hours=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Something that a transition rests on: a page, a picture, a bundle. Kept by hash (`sha256` of `content`).

    `role` is target, screenshot, bundle or controls. `bundle` is the hash of the bundle that it belongs to. What is in
    IN_ROWS is kept in the database, in the transaction that names it; pages and pictures are files.
    """

    sha256: str
    content: bytes
    role: str = "target"
    bundle: str | None = None


ONLY_LISTED: Final = ("policy", "controls", "calendar")
"""What only the watchlist knows of an account: it is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """An edit of whom we watch: from `at` on these `accounts` too, each as it is here, and no longer the `gone`."""

    accounts: tuple[Account, ...]
    at: datetime
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """All that one decision changes. Stored in one transaction, or not at all.

    `watched` are edits of the watchlist, in order, made before all the rest.
    `opened` are new incidents and `notifications` the rows that tell of them. For each (incident, instant) of
    `closed` the incident is closed and one RESOLVED row is written for every channel that holds an ALERT row
    of it that is not DEAD, or that reached some recipients before (nobody is told of the end of what they were never
    told). `joined` are (incident, outage) pairs: from now on the messages of that GROUP tell of that outage too. Of two
    unobserved spans with one start and cause the longer stays. Outages are taken from the transitions and
    states; `bodies` belong to the transitions that name their bundle, or whose finding names their hash.
    """

    watched: tuple[Watched, ...] = ()
    states: tuple[AccountState, ...] = ()
    transitions: tuple[Transition, ...] = ()
    unobserved: tuple[Unobserved, ...] = ()
    opened: tuple[Incident, ...] = ()
    closed: tuple[tuple[str, datetime], ...] = ()
    notifications: tuple[Notification, ...] = ()
    joined: tuple[tuple[str, str], ...] = ()
    bodies: tuple[Body, ...] = ()
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a backup holds, and what was wrong before: lost evidence (by hash), the first changed transition."""

    outages: int
    pages: int
    bytes: int
    lost: tuple[str, ...] = ()
    changed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a start goes on from: the states of all accounts ever watched, open incidents, controls, heartbeat.

    `accounts` are all of them as they were listed last, but for what only the watchlist knows (policy, controls).
    `members` are the ids of the outages that each open GROUP tells of, `cohorts` says of how many accounts each open
    COHORT does.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    states: dict[str, AccountState] = field(default_factory=dict)
    unwatched: frozenset[str] = frozenset()
    incidents: tuple[Incident, ...] = ()
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cohorts: Mapping[str, int] = field(default_factory=dict)
    controls: tuple[ControlReport, ...] = ()
    heartbeat_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRecord:
    """An incident with its outage (if it is about one), all its notifications and annotations, oldest first.

    `digest` is the hash of the last transition that is told of ("" when there is none): it vouches for the evidence,
    and for all that was logged before it.
    `account` is whom an ACCOUNT or NOTICE incident is about, or the first of `outages`, as last watched: without
    policy, controls and calendar. `outages` are those that a COHORT or a GROUP tells of, by when they were confirmed.
    `threads` say, by channel, where what is told of the incident belongs; where nothing was told of an outage but
    together with others, where that was. `labels` and `digests` are, by the id of each outage of `outages`, the labels
    of its own incident and the hash that vouches for it.
    """

    incident: Incident
    outage: Outage | None
    notifications: tuple[Notification, ...]
    digest: str = ""
    annotations: tuple[Annotation, ...] = ()
    account: Account | None = None
    outages: tuple[Outage, ...] = ()
    threads: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one channel was told of an incident that is neither over nor acknowledged: what reminding it needs to know.

    `last_at` is when it last took anything of it, or was last reminded, whatever came of that (1970 where all of that
    is yet to come, since the clock was set back); `reminders` counts these. `seq` is that of the last row; none waits
    to be sent but for some of the channel's recipients.
    """

    incident: Incident
    route: str
    channel: str
    last_at: datetime
    reminders: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A transition as it is stored. `document` is what its hash is taken over, after `previous`, the hash before it.

    `evidence` are role, hash and size of each piece that it rests on and that is still kept.
    """

    seq: int
    hash: str
    previous: str
    document: Mapping[str, Any]
    evidence: tuple[tuple[str, str, int], ...] = ()


class Amended(StrEnum):
    """What came of annotating or retracting an outage, of acknowledging, of a silence.

    ALREADY: it was so before, and nothing was changed. OVER: it has ended, and there is nothing to acknowledge.
    """

    DONE = "done"
    ALREADY = "already"
    STILL_OPEN = "still_open"
    OVER = "over"
    UNKNOWN = "unknown"


class Forgotten(StrEnum):
    """What came of forgetting an account."""

    DONE = "done"
    STILL_WATCHED = "still_watched"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoffs:
    """What is older may go; None: nothing of the kind goes.

    `evidence` is compared with the end of the outage, `outages` too, and takes with it the transitions, annotations
    and unobserved spans of that time; `deliveries` takes the settled incidents that are about no outage,
    and the silences that ended before.
    """

    samples: datetime | None = None
    deliveries: datetime | None = None
    evidence: datetime | None = None
    outages: datetime | None = None
