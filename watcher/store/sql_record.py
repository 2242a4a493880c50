"""What is read of the record by SQL: a method of the store each, and a transaction of its own. Nothing is written."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select

from watcher.model.annotation import Annotation
from watcher.model.outage import Outage, Transition
from watcher.model.sample import Sample
from watcher.model.uptime import History
from watcher.store import sql_chain, sql_evidence, sql_history, sql_incident, sql_load, tables
from watcher.store.faults import told_as_store_error
from watcher.store.sql_file import SqlFile
from watcher.store.values import IncidentRecord, Trace


class SqlRecord(SqlFile):
    """Outages, incidents, transitions, samples, and the evidence of them."""

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
        """Outages, the latest first."""
        with self._reading() as connection:
            return sql_history.outages(
                connection,
                account_id=account_id,
                open_only=open_only,
                limit=limit,
                since=since,
                until=until,
                retracted=retracted,
                over_only=over_only,
                platform=platform,
                owner=owner,
                before=before,
            )

    def outage(self, outage_id: str) -> Outage | None:
        """One outage."""
        with self._reading() as connection:
            return sql_history.outage(connection, outage_id)

    def together(self, outage_id: str) -> tuple[str, ...]:
        """The incidents under which it was told together with others."""
        with self._reading() as connection:
            outage = sql_history.outage(connection, outage_id)
            return () if outage is None else sql_incident.together(connection, outage)

    def incident(self, incident_id: str) -> IncidentRecord | None:
        """One incident with all that was told of it."""
        with self._reading() as connection:
            return sql_incident.record(connection, incident_id)

    def transitions(self, *, account_id: str | None = None, limit: int = 100) -> tuple[Transition, ...]:
        """What happened, the latest first."""
        columns = tables.transition.c
        query = select(tables.transition).order_by(columns.at.desc(), columns.seq.desc()).limit(limit)
        if account_id is not None:
            query = query.where(columns.account_id == account_id)
        with self._reading() as connection:
            return tuple(sql_load.transition(row) for row in sql_load.rows(connection, query))

    def body(self, sha256: str) -> bytes | None:
        """What is kept under that hash."""
        with self._reading() as connection:
            content = sql_evidence.content(connection, sha256)
        if content is not None:
            return content
        with told_as_store_error(self._path):
            return self._evidence.get(sha256)

    def traces(self, reference: str, *, most: int | None = None) -> tuple[Trace, ...]:
        """The transitions that `reference` names, the oldest first, with what is kept of each. See `sql_evidence`."""
        with self._reading() as connection:
            return sql_evidence.traces(connection, reference, most)

    def recent_traces(self, account_id: str | None, limit: int) -> tuple[Trace, ...]:
        """The last transitions of which evidence is kept, the latest first."""
        with self._reading() as connection:
            numbers = sql_evidence.recent(connection, account_id, limit)
            return tuple(trace for number in numbers for trace in sql_evidence.traces(connection, str(number)))

    def verify_chain(self) -> int | None:
        """The number of the first transition that is not as it was written; None when all are."""
        with self._reading() as connection:
            return sql_chain.first_broken(connection)

    def annotations(self, outage_ids: Sequence[str]) -> dict[str, tuple[Annotation, ...]]:
        """What was noted of these outages."""
        with self._reading() as connection:
            return sql_history.annotations_of(connection, outage_ids)

    def samples(
        self,
        account_id: str,
        *,
        limit: int | None = 100,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Sample, ...]:
        """The samples of one account, the latest first."""
        with self._reading() as connection:
            return sql_history.samples(connection, account_id, limit, since, until)

    def history(self, since: datetime, *, account_ids: Collection[str] | None = None) -> dict[str, History]:
        """What uptime is computed from."""
        with self._reading() as connection:
            return sql_history.history(connection, since, account_ids)
