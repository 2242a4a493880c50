"""What a store must do. Synchronous: it is called from one worker thread of its own (see `worker`).

Whatever `commit` returned from survives a kill -9. Implementations: `memory` (ships with the product and passes
the same contract suite) and `sql` (SQLite by SQLAlchemy Core).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from watcher.model.account import Account
from watcher.model.annotation import Annotation
from watcher.model.control import ControlReport
from watcher.model.notification import Delivery, Incident, IncidentKind, Notification, NotificationState, ToldAsWell
from watcher.model.outage import AccountState, Outage, Transition, Unobserved
from watcher.model.sample import Sample
from watcher.model.silence import Silence
from watcher.model.uptime import History

IN_ROWS: Final = frozenset({"bundle", "controls"})
# What may be sent again by hand, and what the log of its deliveries calls that.
RESENDABLE: Final = (NotificationState.DEAD, NotificationState.PENDING)
RESENT: Final = "resent"
# The longest that a channel may ask to be left alone; leases are shorter.
FURTHEST_AHEAD: Final = timedelta(hours=1)


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
    """What a backup holds, and what was wrong before: pages (by hash) that were lost, the first changed transition."""

    outages: int
    pages: int
    bytes: int
    lost: tuple[str, ...] = ()
    changed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a start goes on from: the states of all accounts ever watched, open incidents, controls, heartbeat.

    `accounts` are all of them as they were listed last, but for what only the watchlist knows (policy, controls).
    `members` are the ids of the outages that each open GROUP tells of.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    states: dict[str, AccountState] = field(default_factory=dict)
    unwatched: frozenset[str] = frozenset()
    incidents: tuple[Incident, ...] = ()
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
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

    `last_at` is when it last took anything of it, or was last reminded, whatever came of that; `reminders` counts
    these. `seq` is that of the last row; none waits to be sent.
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


class Store(Protocol):
    """Keeps accounts, states, outages, transitions, incidents, the outbox and the evidence."""

    def open(self) -> None:
        """Connect and bring the schema up to date. Raises StoreError when that cannot be done.

        For a run it gives back what an earlier one held: there is one at a time, so that whoever claimed it is gone.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

    def load(self) -> Stored:
        """All that a start goes on from."""
        ...

    def known(self, account_ids: Collection[str]) -> Stored:
        """What is stored of these accounts, as far as they were ever watched: `accounts` and `states`, no more."""
        ...

    def watch(self, accounts: Sequence[Account], now: datetime) -> None:
        """Make the account table say what is watched: insert, update, mark the others unwatched; never delete."""
        ...

    def commit(self, commit: Commit) -> None:
        """Store all of `commit` in one transaction. Committing the same twice changes nothing."""
        ...

    def heartbeat(self, at: datetime) -> None:
        """Note that the process lived at `at`."""
        ...

    def save_controls(self, reports: Sequence[ControlReport]) -> None:
        """Keep the reports, so that a restart does not start blind. Features need not be kept."""
        ...

    def due(self, now: datetime) -> frozenset[str]:
        """The channels for which there is something to be claimed."""
        ...

    def claim(
        self, now: datetime, lease: timedelta, limit: int, channel: str | None = None
    ) -> tuple[Notification, ...]:
        """Take up to `limit` notifications that are due (for `channel`), and hold them until `now + lease`.

        The most severe first, by the severity of the incident, and among equals what has been due for longest.
        A row is due when PENDING with due_at ≤ now, or CLAIMED with claimed_until ≤ now (its holder died), or when
        either lies further ahead than anybody sets it (FURTHEST_AHEAD): the clock was set back since. And only when
        no earlier row (by seq) of the same incident and channel is still undelivered (PENDING or CLAIMED); one that
        reached some of its recipients holds nobody up: those who were told of the outage must hear of its end.
        Two claimers never get the same row. `attempts` counts the claims.
        """
        ...

    def settle(
        self, notification: Notification, delivery: Delivery, thread: str = "", also: ToldAsWell | None = None
    ) -> None:
        """Record an attempt and the notification's new state, due_at and delivered_at, in one transaction.

        And, where the channel named one, the `thread` that what is told next belongs to. The undelivered rows that
        `also` speaks of become SUPPRESSED: this message told them.
        A row that was forgotten meanwhile (none has its id and dedup_key any more) leaves nothing to record.
        """
        ...

    def withhold(self, notification: Notification, until: datetime | None) -> None:
        """Put back a row that was claimed, as if it had not been: due at `until`; None: SUPPRESSED, nobody is told.

        Nothing happens when somebody else has claimed it since.
        """
        ...

    def pending(self) -> tuple[int, datetime | None]:
        """How many notifications are undelivered, and the `event_at` of the oldest.

        What nobody has tried to send, since it is to wait, is not late: it does not count.
        """
        ...

    def incidents(
        self, *, kind: IncidentKind | None = None, open_only: bool = False, limit: int = 100
    ) -> tuple[Incident, ...]:
        """Incidents, the latest first."""
        ...

    def deliveries(self, incident_id: str) -> tuple[Delivery, ...]:
        """Every try to tell of an incident that is still kept, oldest first."""
        ...

    def told(self, before: datetime) -> tuple[Told, ...]:
        """The channels told of an incident that lasts and that nobody acknowledged, and of nothing since `before`.

        Those for which something of it waits to be sent are left out.
        """
        ...

    def renewable(self, channel: str, since: datetime) -> tuple[tuple[IncidentRecord, Notification], ...]:
        """What `channel` was told of that lasts, or of whose end it was told after `since`; each with its ALERT row.

        What reached some of its recipients counts as told. The records have no notifications, annotations, threads and
        no account. By when the incidents were opened.
        """
        ...

    def ack(self, incident_id: str, by: str, at: datetime, comment: str | None = None) -> Amended:
        """Somebody takes care of it: the mark and an ACKNOWLEDGED row for each channel that was told, at once."""
        ...

    def unack(self, incident_id: str, at: datetime) -> Amended:
        """Nobody does any more. ALREADY: nobody did. Channels that showed it are told, as by `ack`."""
        ...

    def add_silence(self, silence: Silence) -> Amended:
        """Keep a silence. ALREADY: there is one of that id."""
        ...

    def expire_silence(self, silence_id: str, at: datetime) -> Amended:
        """End a silence that lasts, and one that was still to begin: it never does. ALREADY: it had ended."""
        ...

    def silences(self, since: datetime | None = None) -> tuple[Silence, ...]:
        """The silences, by their beginning: those that end after `since`; None: all that are kept."""
        ...

    def notifications(
        self,
        *,
        ids: Collection[int] | None = None,
        states: Collection[NotificationState] = (),
        channel: str | None = None,
        incident_id: str | None = None,
        limit: int | None = 100,
    ) -> tuple[Notification, ...]:
        """Rows of the outbox, the latest event first: those that are all that is asked; without a question, all."""
        ...

    def tries(self, notification_id: int) -> tuple[Delivery, ...]:
        """What is kept of the tries to send a row, the oldest first; also who had it sent again (RESENT)."""
        ...

    def resend(self, ids: Sequence[int], *, by: str, at: datetime) -> tuple[int, ...]:
        """Have rows sent (again) under the key that they have: due `at`, with new tries; which of them that were.

        Only what is RESENDABLE. In one transaction, beside a run; `by` is noted with the deliveries.
        """
        ...

    def dead(self) -> dict[str, int]:
        """How many rows were given up and are kept, by channel."""
        ...

    def outages(  # noqa: PLR0913 - all that can be asked
        self,
        *,
        account_id: str | None = None,
        open_only: bool = False,
        limit: int | None = 100,
        since: datetime | None = None,
        until: datetime | None = None,
        retracted: bool = True,
        over_only: bool = False,
        platform: str | None = None,
        owner: str | None = None,
        before: str | None = None,
    ) -> tuple[Outage, ...]:
        """Outages, the latest first; those that were going on at some time of [since, until).

        `retracted` False leaves out those that were taken back. `platform` and `owner` are those of the account as it
        was listed last. `before` is the id of an outage: only what comes after it in this order; nothing where there is
        no such outage.
        """
        ...

    def outage(self, outage_id: str) -> Outage | None:
        """One outage by its id."""
        ...

    def together(self, outage_id: str) -> tuple[str, ...]:
        """The incidents under which an outage was told together with others."""
        ...

    def traces(self, reference: str, *, most: int | None = None) -> tuple[Trace, ...]:
        """The transitions that `reference` names, the oldest first, with what is kept of each.

        Of more than `most` the first half of so many and the last.

        An outage's id names all of that outage, also the suspicion before it; a number one transition; six digits or
        more of a hash all whose hash, or whose bundle's hash, begins so.
        """
        ...

    def incident(self, incident_id: str) -> IncidentRecord | None:
        """One incident with all that was told of it; None when there is none of that id."""
        ...

    def transitions(self, *, account_id: str | None = None, limit: int = 100) -> tuple[Transition, ...]:
        """What happened, the latest first."""
        ...

    def body(self, sha256: str) -> bytes | None:
        """The page kept under that hash; None when there is none (any more)."""
        ...

    def annotations(self, outage_ids: Sequence[str]) -> dict[str, tuple[Annotation, ...]]:
        """What was noted of these outages, oldest first; an outage of which nothing was is left out."""
        ...

    def samples(
        self,
        account_id: str,
        *,
        limit: int | None = 100,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Sample, ...]:
        """The samples of one account, the latest first; those of [since, until]."""
        ...

    def history(self, since: datetime, *, account_ids: Collection[str] | None = None) -> dict[str, History]:
        """What uptime is computed from, of these accounts or of all: outages and unobserved spans that reach `since`.

        Of an account that was never watched there is none.
        """
        ...

    def annotate(self, annotation: Annotation, *, tell: bool = False) -> Amended:
        """Add a remark to an outage, once; with `tell`, a CORRECTION for each channel that was told of the outage.

        The same remark again is ALREADY there, and is told if it was not told before.
        """
        ...

    def retract(self, outage_id: str, reason: str, *, by: str, at: datetime) -> Amended:
        """Take a closed outage back: the mark, the transition and the CORRECTION rows in one transaction, once."""
        ...

    def prune(self, cutoffs: Cutoffs, limit: int) -> int:
        """Remove what is too old, about `limit` of each kind; how much that was. 0: there is nothing left to do.

        What an open outage or an undelivered notification needs stays. The chain of hashes still verifies.
        """
        ...

    def forget(self, account_id: str, *, even_watched: bool = False) -> Forgotten:
        """Erase all that is kept of an account that is no longer watched; nothing when it still is.

        Its transitions leave their number and hash, so that the chain still verifies.
        """
        ...
