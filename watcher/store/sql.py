"""The store in one SQLite file, by SQLAlchemy Core. What it promises is said in `base`; statements of size live beside.

Every method is one transaction. Every exception of the database leaves as StoreError.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import select

from watcher.model.account import Account
from watcher.model.annotation import Annotation
from watcher.model.control import ControlReport
from watcher.model.errors import StoreError
from watcher.model.notification import Delivery, Incident, IncidentKind, Notification, NotificationState, ToldAsWell
from watcher.model.silence import Silence
from watcher.store import (
    sql_amend,
    sql_attention,
    sql_forget,
    sql_letters,
    sql_load,
    sql_outbox,
    sql_prune,
    sql_renewal,
    tables,
)
from watcher.store.base import Store
from watcher.store.codec import instant_of, micros_of, to_json, to_row
from watcher.store.commits import without_features
from watcher.store.evidence import require_own_hash
from watcher.store.faults import told_as_store_error
from watcher.store.sql_commit import write_commit, write_watched
from watcher.store.sql_file import SPARED_UNTIL
from watcher.store.sql_record import SqlRecord
from watcher.store.upsert import insert_or_update
from watcher.store.values import (
    IN_ROWS,
    Amended,
    Body,
    Commit,
    Cutoffs,
    Forgotten,
    IncidentRecord,
    Stored,
    Told,
    Watched,
)

_HEARTBEAT = "heartbeat_at"


class SqlStore(SqlRecord, Store):
    """Every method is one transaction. How it is opened is said in `SqlFile`."""

    def __init__(
        self, state_dir: Path, read_only: bool = False, *, amends: bool = False, patience: timedelta | None = None
    ) -> None:
        super().__init__(state_dir, read_only=read_only, amends=amends, patience=patience)
        self._loses_pages = False
        self._log = structlog.get_logger()

    def load(self) -> Stored:
        """All that a start goes on from."""
        with self._reading() as connection:
            unwatched = connection.scalars(
                select(tables.account.c.id).where(tables.account.c.unwatched_at.is_not(None))
            )
            beat = connection.scalar(select(tables.meta.c.value).where(tables.meta.c.key == _HEARTBEAT))
            return Stored(
                accounts=sql_load.accounts(connection),
                states=sql_load.states(connection),
                unwatched=frozenset(unwatched),
                incidents=sql_load.open_incidents(connection),
                members=sql_load.members(connection),
                cohorts=sql_load.cohorts(connection),
                controls=sql_load.controls(connection),
                heartbeat_at=None if beat is None else instant_of(int(beat)),
            )

    def known(self, account_ids: Collection[str]) -> Stored:
        """What is stored of these."""
        with self._reading() as connection:
            return Stored(
                accounts=sql_load.accounts(connection, account_ids), states=sql_load.states(connection, account_ids)
            )

    def watch(self, accounts: Sequence[Account], now: datetime) -> None:
        """Insert and update `accounts`; the others are unwatched from `now` on."""
        wanted = {account.id for account in accounts}
        with self._writing() as connection:
            gone = tuple(name for name in sql_load.watched(connection) if name not in wanted)
            write_watched(connection, Watched(accounts=tuple(accounts), at=now, gone=gone))

    def commit(self, commit: Commit) -> None:
        """Store all of `commit`: the files first, on the disk for good before a row names them.

        A page that the disk does not take is left out, and the rest goes on: to be told matters more than a page.
        """
        self._require_engine()
        for body in commit.bodies:
            require_own_hash(body)
        if all(body.role in IN_ROWS for body in commit.bodies):
            with self._writing() as connection:
                write_commit(connection, commit)
            return
        with told_as_store_error(self._path), self._evidence.held(removing=False, patience=self._patience) as held:
            if not held:
                raise StoreError(f"{self._path.parent}: an account is being forgotten; it is tried again")
            kept = self._kept(commit.bodies)
            with self._writing() as connection:
                write_commit(connection, replace(commit, bodies=kept))

    def _kept(self, bodies: Sequence[Body]) -> tuple[Body, ...]:
        kept: list[Body] = []
        fault: OSError | None = None
        for body in bodies:
            try:
                if body.role not in IN_ROWS:
                    self._evidence.keep(body)
                kept.append(body)
            except OSError as error:
                fault = error
        if fault is not None and not self._loses_pages:
            self._log.warning("evidence cannot be written, commits go on without their pages", error=str(fault))
        elif fault is None and bodies and self._loses_pages:
            self._log.info("evidence is written again")
        self._loses_pages = fault is not None or (self._loses_pages and not bodies)
        return tuple(kept)

    def heartbeat(self, at: datetime) -> None:
        """Note that the process lived at `at`."""
        with self._writing() as connection:
            insert_or_update(connection, tables.meta, [{"key": _HEARTBEAT, "value": str(micros_of(at))}])

    def save_controls(self, reports: Sequence[ControlReport]) -> None:
        """Keep the reports, without the features."""
        rows = [
            to_row(report.key)
            | {
                "positives": to_json(report.positives),
                "negatives": to_json(report.negatives),
                "baseline": to_json(report.calibration),
            }
            for report in map(without_features, reports)
        ]
        with self._writing() as connection:
            insert_or_update(connection, tables.platform_state, rows)

    def due(self, now: datetime) -> frozenset[str]:
        """For which channels something is due."""
        with self._reading() as connection:
            return sql_outbox.due(connection, now)

    def claim(
        self, now: datetime, lease: timedelta, limit: int, channel: str | None = None
    ) -> tuple[Notification, ...]:
        """Take what is due."""
        with self._writing() as connection:
            return sql_outbox.claim(connection, now, lease, limit, channel)

    def settle(
        self, notification: Notification, delivery: Delivery, thread: str = "", also: ToldAsWell | None = None
    ) -> None:
        """Record an attempt and what it makes of the notification, and of others."""
        with self._writing() as connection:
            if also is not None:
                sql_outbox.suppress(connection, notification, also)
            sql_outbox.settle(connection, notification, delivery, thread)

    def withhold(self, notification: Notification, until: datetime | None) -> None:
        """Put back a row that was claimed."""
        with self._writing() as connection:
            sql_outbox.withhold(connection, notification, until)

    def pending(self) -> tuple[int, datetime | None]:
        """How many are undelivered, and since when."""
        with self._reading() as connection:
            return sql_outbox.pending(connection)

    def incidents(
        self, *, kind: IncidentKind | None = None, open_only: bool = False, limit: int = 100
    ) -> tuple[Incident, ...]:
        """Incidents, the latest first."""
        with self._reading() as connection:
            return sql_attention.incidents(connection, kind, open_only=open_only, limit=limit)

    def deliveries(self, incident_id: str) -> tuple[Delivery, ...]:
        """Every try to tell of an incident."""
        with self._reading() as connection:
            return sql_attention.deliveries(connection, incident_id)

    def told(self, before: datetime, now: datetime) -> tuple[Told, ...]:
        """The channels that were told of what lasts."""
        with self._reading() as connection:
            return sql_attention.told(connection, before, now)

    def renewable(self, channel: str, since: datetime) -> tuple[tuple[IncidentRecord, Notification], ...]:
        """What a channel was told of that lasts."""
        with self._reading() as connection:
            return sql_renewal.renewable(connection, channel, since)

    def ack(self, incident_id: str, by: str, at: datetime, comment: str | None = None) -> Amended:
        """Somebody takes care of it."""
        with self._writing() as connection:
            return sql_attention.ack(connection, incident_id, by, at, comment)

    def unack(self, incident_id: str, at: datetime) -> Amended:
        """Nobody does any more."""
        with self._writing() as connection:
            return sql_attention.unack(connection, incident_id, at)

    def add_silence(self, silence: Silence, *, once: bool = False) -> Amended:
        """Keep a silence."""
        with self._writing() as connection:
            return sql_attention.add_silence(connection, silence, once=once)

    def expire_silence(self, silence_id: str, at: datetime) -> Amended:
        """End a silence."""
        with self._writing() as connection:
            return sql_attention.expire_silence(connection, silence_id, at)

    def silences(self, since: datetime | None = None) -> tuple[Silence, ...]:
        """The silences, by their beginning."""
        with self._reading() as connection:
            return sql_attention.silences(connection, since)

    def notifications(
        self,
        *,
        ids: Collection[int] | None = None,
        states: Collection[NotificationState] = (),
        channel: str | None = None,
        incident_id: str | None = None,
        limit: int | None = 100,
    ) -> tuple[Notification, ...]:
        """Rows of the outbox, the latest first."""
        with self._reading() as connection:
            return sql_letters.notifications(
                connection, ids=ids, states=states, channel=channel, incident_id=incident_id, limit=limit
            )

    def tries(self, notification_id: int) -> tuple[Delivery, ...]:
        """The tries of one row."""
        with self._reading() as connection:
            return sql_letters.tries(connection, notification_id)

    def resend(self, ids: Sequence[int], *, by: str, at: datetime) -> tuple[int, ...]:
        """Make rows due at once."""
        with self._writing() as connection:
            return sql_letters.resend(connection, ids, by, at)

    def dead(self) -> dict[str, int]:
        """How many were given up."""
        with self._reading() as connection:
            return sql_letters.dead(connection)

    def annotate(self, annotation: Annotation, *, tell: bool = False) -> Amended:
        """Add a remark to an outage."""
        with self._writing() as connection:
            return sql_amend.annotate(connection, annotation, tell=tell)

    def retract(self, outage_id: str, reason: str, *, by: str, at: datetime) -> Amended:
        """Take a closed outage back."""
        with self._writing() as connection:
            return sql_amend.retract(connection, outage_id, reason, by=by, at=at)

    def prune(self, cutoffs: Cutoffs, limit: int) -> int:
        """Remove what is too old. The rows of a page go before its file: dying between leaves a file without a row."""
        with self._writing() as connection:
            removed = sql_prune.prune_rows(connection, cutoffs, limit)
        too_old = cutoffs.evidence or cutoffs.outages
        # While a backup is made, the pages stay; the next time comes.
        with self._removing(timedelta(0)) as alone:
            if alone and too_old is not None:
                with self._writing() as connection:
                    digests = sql_prune.expired_evidence(connection, too_old, limit)
                self._evidence.remove(digests)
                removed += len(digests)
            if alone and not removed:
                removed = self._sweep()
        return removed

    def _sweep(self) -> int:
        """Remove the files that no row names: what is left of deaths on the way. Pages older than the database stay."""
        with self._reading() as connection:
            named = set(connection.scalars(select(tables.evidence.c.sha256)))
            spared = int(connection.scalar(select(tables.meta.c.value).where(tables.meta.c.key == SPARED_UNTIL)) or -1)
        stray = [
            path
            for digest, path in self._evidence.files()
            if digest not in named and not (digest and path.stat().st_mtime_ns <= spared)
        ]
        for path in stray:
            path.unlink(missing_ok=True)
        return len(stray)

    def forget(self, account_id: str, *, even_watched: bool = False) -> Forgotten:
        """Erase all that is kept of an account. Its bytes leave the files with `scrub`."""
        with self._removing(self._patience) as alone:
            if not alone:
                raise StoreError(f"a backup of {self._path.parent} is being made: try again when it is done")
            with self._writing() as connection:
                watched = sql_forget.is_watched(connection, account_id)
                if watched and not even_watched:
                    return Forgotten.STILL_WATCHED
                digests = [] if watched is None else sql_forget.erase(connection, account_id)
            self._evidence.remove(digests)
            self._sweep()  # also what is left where it was erased before, and its files not
        return Forgotten.UNKNOWN if watched is None else Forgotten.DONE

    @contextmanager
    def _removing(self, patience: timedelta) -> Iterator[bool]:
        with told_as_store_error(self._path), self._evidence.held(removing=True, patience=patience) as alone:
            yield alone
