"""What a store must do. Synchronous: it is called from one worker thread of its own (see `worker`).

Whatever `commit` returned from survives a kill -9. Implementations: `memory` (ships with the product and passes
the same contract suite) and `sql` (SQLite by SQLAlchemy Core).
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from watcher.model.account import Account
from watcher.model.annotation import Annotation
from watcher.model.control import ControlReport
from watcher.model.notification import Delivery, Incident, IncidentKind, Notification, NotificationState, ToldAsWell
from watcher.model.outage import Outage, Transition
from watcher.model.sample import Sample
from watcher.model.silence import Silence
from watcher.model.uptime import History
from watcher.store.values import (
    Amended,
    Commit,
    Cutoffs,
    Forgotten,
    IncidentRecord,
    Stored,
    Told,
    Trace,
)


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
        either lies further ahead than anybody sets it (FURTHEST_AHEAD): the clock was set back since. An UPDATE may
        be due as late as `group_interval` says: it is held to that unless its event is yet to come. And only when
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

    def told(self, before: datetime, now: datetime) -> tuple[Told, ...]:
        """The channels told of an incident that lasts and that nobody acknowledged, and of nothing since `before`.

        Those for which something of it waits to be sent are left out, unless it waits only for some of the channel's
        recipients. What is later than `now` does not count: it is of before the clock was set back.
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

    def add_silence(self, silence: Silence, *, once: bool = False) -> Amended:
        """Keep a silence. ALREADY: there is one of that id; with `once`, also one that says the same and lasts."""
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
