"""The store in one SQLite file, by SQLAlchemy Core. What it promises is said in `base`; statements of size live beside.

Every method is one transaction. Every exception of the database leaves as StoreError.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import BigInteger, Connection, Engine, RowMapping, Select, Text, cast, select, type_coerce

from watcher.model.account import Account
from watcher.model.control import ControlFinding, ControlKey, ControlReport
from watcher.model.errors import StoreError
from watcher.model.finding import Finding
from watcher.model.notification import Delivery, Incident, Notification
from watcher.model.outage import AccountState, Outage, Transition
from watcher.store import migrations, sql_outbox, tables
from watcher.store.base import Body, Commit, IncidentRecord, Store, Stored, Watched
from watcher.store.codec import chained_hash, from_json, from_row, instant_of, micros_of, to_json, to_row
from watcher.store.commits import without_features
from watcher.store.engine import for_writing, make_private, sqlite_engine
from watcher.store.evidence import EvidenceShelf
from watcher.store.faults import told_as_store_error
from watcher.store.lock import WriterLock
from watcher.store.sql_commit import notifications_of, write_commit, write_watched
from watcher.store.upsert import insert_or_update

DATABASE: Final = "watcher.db"
# Shorter than what the end of a run has left for its last words; whoever wrote tries again.
_PATIENCE = timedelta(seconds=1)
_HEARTBEAT = "heartbeat_at"


class SqlStore(Store):
    """`watcher.db` and the evidence under `state_dir`.

    One writer at a time: a second one is refused at `open`. `read_only` reads what another process writes, and
    changes nothing. A database that somebody else has locked is waited for as long as `patience`; then StoreError.
    """

    def __init__(self, state_dir: Path, read_only: bool = False, *, patience: timedelta = _PATIENCE) -> None:
        self._path = state_dir / DATABASE
        self._evidence = EvidenceShelf(state_dir / "evidence")
        self._read_only = read_only
        self._patience = patience
        self._lock = WriterLock(state_dir)
        self._engine: Engine | None = None
        self._loses_pages = False
        self._log = structlog.get_logger()

    def open(self) -> None:
        """Open the database; unless `read_only`, create what is missing and bring the schema up to date."""
        if self._engine is not None:
            return
        if self._read_only and not self._path.is_file():
            raise StoreError(f"no database at {self._path}: has watcher run yet?")
        with told_as_store_error(self._path):
            if not self._read_only:
                make_private(self._path)
                self._lock.take()
        try:
            self._engine = sqlite_engine(self._path, read_only=self._read_only, patience=self._patience)
            self._check_schema()
        except BaseException:
            self.close()
            raise

    def _check_schema(self) -> None:
        if self._read_only:
            with self._reading() as connection:
                migrations.require_current(connection, self._path)
        else:
            with self._writing() as connection:
                migrations.upgrade(connection, self._path)

    def close(self) -> None:
        """Let go of the file, and of the lock last."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        self._lock.release()

    def load(self) -> Stored:
        """All that a start goes on from."""
        with self._reading() as connection:
            unwatched = connection.scalars(
                select(tables.account.c.id).where(tables.account.c.unwatched_at.is_not(None))
            )
            beat = connection.scalar(select(tables.meta.c.value).where(tables.meta.c.key == _HEARTBEAT))
            return Stored(
                states=_states(connection),
                unwatched=frozenset(unwatched),
                incidents=_open_incidents(connection),
                controls=_controls(connection),
                heartbeat_at=None if beat is None else instant_of(int(beat)),
            )

    def watch(self, accounts: Sequence[Account], now: datetime) -> None:
        """Insert and update `accounts`; the others are unwatched from `now` on."""
        with self._writing() as connection:
            write_watched(connection, Watched(accounts=tuple(accounts), at=now))

    def commit(self, commit: Commit) -> None:
        """Store all of `commit`: the bodies first, on the disk for good before a row names them.

        A body that the disk does not take is left out, and the rest goes on: to be told matters more than a page.
        """
        with told_as_store_error(self._path):
            self._require_engine()
            kept = self._kept(commit.bodies)
        with self._writing() as connection:
            write_commit(connection, replace(commit, bodies=kept))

    def _kept(self, bodies: Sequence[Body]) -> tuple[Body, ...]:
        kept: list[Body] = []
        fault: OSError | None = None
        for body in bodies:
            try:
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
            to_row(report.key) | {"positives": to_json(report.positives), "negatives": to_json(report.negatives)}
            for report in map(without_features, reports)
        ]
        with self._writing() as connection:
            insert_or_update(connection, tables.platform_state, rows)

    def claim(self, now: datetime, lease: timedelta, limit: int) -> tuple[Notification, ...]:
        """Take what is due."""
        with self._reading() as connection:
            if not sql_outbox.is_any_due(connection, now):
                return ()
        with self._writing() as connection:
            return sql_outbox.claim(connection, now, lease, limit)

    def settle(self, notification: Notification, delivery: Delivery) -> None:
        """Record an attempt and what it makes of the notification."""
        with self._writing() as connection:
            sql_outbox.settle(connection, notification, delivery)

    def suppress(self, incident_id: str, channel: str, kind: str) -> None:
        """Another message told it."""
        with self._writing() as connection:
            sql_outbox.suppress(connection, incident_id, channel, kind)

    def pending(self) -> tuple[int, datetime | None]:
        """How many are undelivered, and since when."""
        with self._reading() as connection:
            return sql_outbox.pending(connection)

    def outages(
        self, *, account_id: str | None = None, open_only: bool = False, limit: int = 100
    ) -> tuple[Outage, ...]:
        """Outages, the latest first."""
        columns = tables.outage.c
        query = select(tables.outage).order_by(columns.confirmed_at.desc(), columns.id.desc()).limit(limit)
        if account_id is not None:
            query = query.where(columns.account_id == account_id)
        if open_only:
            query = query.where(columns.closed_at.is_(None))
        with self._reading() as connection:
            return tuple(from_row(Outage, row) for row in _rows(connection, query))

    def incident(self, incident_id: str) -> IncidentRecord | None:
        """One incident with all that was told of it."""
        outages, transitions = tables.outage, tables.transition
        with self._reading() as connection:
            found = _rows(connection, select(tables.incident).where(tables.incident.c.id == incident_id))
            if not found:
                return None
            outage = _rows(connection, select(outages).where(outages.c.id == incident_id))
            first = select(transitions.c.hash).where(transitions.c.outage_id == incident_id)
            return IncidentRecord(
                incident=from_row(Incident, found[0]),
                outage=from_row(Outage, outage[0]) if outage else None,
                notifications=notifications_of(connection, incident_id),
                digest=connection.scalar(first.order_by(transitions.c.seq).limit(1)) or "",
            )

    def transitions(self, *, account_id: str | None = None, limit: int = 100) -> tuple[Transition, ...]:
        """What happened, the latest first."""
        columns = tables.transition.c
        query = select(tables.transition).order_by(columns.at.desc(), columns.seq.desc()).limit(limit)
        if account_id is not None:
            query = query.where(columns.account_id == account_id)
        with self._reading() as connection:
            return tuple(_transition(row) for row in _rows(connection, query))

    def body(self, sha256: str) -> bytes | None:
        """The page kept under that hash."""
        with told_as_store_error(self._path):
            return self._evidence.get(sha256)

    def verify_chain(self) -> int | None:
        """The number of the first transition that is not as it was written; None when all are."""
        previous = ""
        with self._reading() as connection:
            for row in connection.execute(_as_written()).mappings():
                if not _is_intact(row, previous):
                    return int(row["seq"])
                previous = row["hash"]
        return None

    def _require_engine(self) -> Engine:
        if self._engine is None:
            raise StoreError(f"{self._path} is not open: call open() first")
        return self._engine

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with told_as_store_error(self._path), self._require_engine().begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with told_as_store_error(self._path, writing=True), for_writing(self._require_engine()).begin() as connection:
            yield connection


def _rows(connection: Connection, query: Select[Any]) -> Sequence[RowMapping]:
    return connection.execute(query).mappings().all()


def _states(connection: Connection) -> dict[str, AccountState]:
    current = select(tables.account_state.c.outage_id).where(tables.account_state.c.outage_id.is_not(None))
    rows = _rows(connection, select(tables.outage).where(tables.outage.c.id.in_(current)))
    outages = {row["id"]: from_row(Outage, row) for row in rows}
    return {
        row["account_id"]: from_row(AccountState, row, outage=outages.get(row["outage_id"]))
        for row in _rows(connection, select(tables.account_state))
    }


def _open_incidents(connection: Connection) -> tuple[Incident, ...]:
    columns = tables.incident.c
    query = select(tables.incident).where(columns.closed_at.is_(None)).order_by(columns.opened_at, columns.id)
    return tuple(from_row(Incident, row) for row in _rows(connection, query))


def _controls(connection: Connection) -> tuple[ControlReport, ...]:
    reports = (
        ControlReport(
            key=from_row(ControlKey, row),
            positives=from_json(tuple[ControlFinding, ...], row["positives"]),
            negatives=from_json(tuple[ControlFinding, ...], row["negatives"]),
        )
        for row in _rows(connection, select(tables.platform_state))
    )
    return tuple(sorted(reports, key=lambda report: report.key))


def _transition(row: RowMapping) -> Transition:
    return Transition(
        kind=row["kind"],
        at=row["at"],
        account_id=row["account_id"],
        finding=from_json(Finding, row["finding"]),
        outage=from_json(Outage, row["outage"]),
        detail=row["detail"],
    )


def _as_written() -> Select[Any]:
    # Raw, without the types that make values of it: a row that cannot be read is a broken row, not an error.
    columns = tables.transition.c
    texts = [cast(columns[name], Text).label(name) for name in ("kind", "finding", "outage", "detail")]
    at = type_coerce(columns.at, BigInteger).label("at")
    return select(columns.seq, columns.hash, columns.account_id, columns.outage_id, at, *texts).order_by(columns.seq)


def _is_intact(row: RowMapping, previous: str) -> bool:
    # Over what is stored, not over what this version makes of it: fields added later must not break old hashes.
    document = {name: row[name] for name in ("kind", "at", "account_id")}
    try:
        document |= {name: json.loads(row[name] or "null") for name in ("finding", "outage", "detail")}
        outage_id = document["outage"]["id"] if document["outage"] else None
    except (ValueError, KeyError, TypeError):
        return False
    return bool(row["outage_id"] == outage_id and row["hash"] == chained_hash(document, previous))
