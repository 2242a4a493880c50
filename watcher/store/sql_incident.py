"""One incident with all that was told of it, by SQL. Reads only, in a transaction begun elsewhere."""

from sqlalchemy import ColumnElement, Connection, or_, select

from watcher.model.notification import Incident
from watcher.model.outage import Outage
from watcher.store import sql_evidence, sql_history, sql_load, sql_renewal, tables
from watcher.store.base import IncidentRecord
from watcher.store.codec import from_row
from watcher.store.sql_commit import notifications_of

_OUTAGE, _MEMBER, _THREAD = tables.outage.c, tables.incident_outage.c, tables.thread.c


def record(connection: Connection, incident_id: str) -> IncidentRecord | None:
    """See `Store.incident`."""
    found = sql_load.rows(connection, select(tables.incident).where(tables.incident.c.id == incident_id))
    if not found:
        return None
    about = from_row(Incident, found[0])
    own = sql_load.rows(connection, select(tables.outage).where(_OUTAGE.id == incident_id))
    outage = from_row(Outage, own[0]) if own else None
    outages = _outages_of(connection, incident_id)
    first = outage or next(iter(outages), None)
    together = select(_OUTAGE.id).where(_told_under(incident_id))
    return IncidentRecord(
        incident=about,
        outage=outage,
        notifications=notifications_of(connection, incident_id),
        digest=connection.scalar(sql_evidence.vouching(found[0])) or "",
        annotations=sql_history.annotations_of(connection, [incident_id]).get(incident_id, ()),
        account=sql_load.account(connection, first.account_id if first else about.key),
        outages=outages,
        threads=_threads(connection, incident_id, outage),
        labels=sql_renewal.labels_of(connection, together) if outages else {},
        digests=sql_renewal.digests_of(connection, together) if outages else {},
    )


def together(connection: Connection, outage: Outage) -> tuple[str, ...]:
    """The incidents under which the outage was told together with others."""
    groups = connection.scalars(select(_MEMBER.incident_id).where(_MEMBER.outage_id == outage.id)).all()
    return (*([outage.cohort_id] if outage.cohort_id else []), *groups)


def _outages_of(connection: Connection, incident_id: str) -> tuple[Outage, ...]:
    query = select(tables.outage).where(_told_under(incident_id))
    found = sql_load.rows(connection, query.order_by(_OUTAGE.confirmed_at, _OUTAGE.id))
    return tuple(from_row(Outage, row) for row in found)


def _told_under(incident_id: str) -> ColumnElement[bool]:
    members = select(_MEMBER.outage_id).where(_MEMBER.incident_id == incident_id)
    return or_(_OUTAGE.cohort_id == incident_id, _OUTAGE.id.in_(members))


def _threads(connection: Connection, incident_id: str, outage: Outage | None) -> dict[str, str]:
    others = together(connection, outage) if outage is not None else ()
    query = select(_THREAD.incident_id, _THREAD.channel, _THREAD.ref)
    found = connection.execute(query.where(_THREAD.incident_id.in_([incident_id, *others]))).all()
    found = sorted(found, key=lambda row: row.incident_id == incident_id)  # its own is the last word
    return {row.channel: row.ref for row in found}
