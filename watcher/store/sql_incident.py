"""One incident with all that was told of it, by SQL. Reads only, in a transaction begun elsewhere.

Read for every message that is sent: the statements are made once, and what an incident of its kind has not is not
asked for.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, case, or_, select, union_all

from watcher.model.notification import Incident, IncidentKind
from watcher.model.outage import Outage
from watcher.store import sql_evidence, sql_history, sql_load, sql_renewal, tables
from watcher.store.codec import from_row
from watcher.store.sql_commit import notifications_of
from watcher.store.values import IncidentRecord

_OUTAGE, _MEMBER, _THREAD = tables.outage.c, tables.incident_outage.c, tables.thread.c
_TOGETHER = (IncidentKind.COHORT, IncidentKind.GROUP)

_ID = bindparam("incident_id", type_=tables.incident.c.id.type)
_COHORT = bindparam("cohort_id", type_=_OUTAGE.cohort_id.type)
_INCIDENT = select(tables.incident).where(tables.incident.c.id == _ID)
_OWN = select(tables.outage).where(_OUTAGE.id == _ID)
_TOLD_UNDER = or_(_OUTAGE.cohort_id == _ID, _OUTAGE.id.in_(select(_MEMBER.outage_id).where(_MEMBER.incident_id == _ID)))
_OUTAGES = select(tables.outage).where(_TOLD_UNDER).order_by(_OUTAGE.confirmed_at, _OUTAGE.id)
_OUTAGE_IDS = select(_OUTAGE.id).where(_TOLD_UNDER)
_GROUPS = select(_MEMBER.incident_id).where(_MEMBER.outage_id == _ID)
# Its own is the last word.
_THREADS = (
    select(_THREAD.channel, _THREAD.ref)
    .where(_THREAD.incident_id.in_(union_all(select(_ID), select(_COHORT), _GROUPS)))
    .order_by(case((_THREAD.incident_id == _ID, 1), else_=0))
)


def record(connection: Connection, incident_id: str) -> IncidentRecord | None:
    """See `Store.incident`."""
    its = {"incident_id": incident_id}
    found = connection.execute(_INCIDENT, its).mappings().first()
    if found is None:
        return None
    about = from_row(Incident, found)
    own = connection.execute(_OWN, its).mappings().first()
    outage = from_row(Outage, own) if own is not None else None
    outages = _outages_of(connection, about)
    first = outage or next(iter(outages), None)
    return IncidentRecord(
        incident=about,
        outage=outage,
        notifications=notifications_of(connection, incident_id),
        digest=sql_evidence.vouching(connection, about),
        annotations=sql_history.annotations_of(connection, [incident_id]).get(incident_id, ()) if outage else (),
        account=sql_load.account(connection, first.account_id if first else about.key),
        outages=outages,
        threads=_threads(connection, incident_id, outage),
        labels=sql_renewal.labels_of(connection, _OUTAGE_IDS, its) if outages else {},
        digests=sql_renewal.digests_of(connection, _OUTAGE_IDS, its) if outages else {},
    )


def together(connection: Connection, outage: Outage) -> tuple[str, ...]:
    """The incidents under which the outage was told together with others."""
    groups = connection.scalars(_GROUPS, {"incident_id": outage.id}).all()
    return (*([outage.cohort_id] if outage.cohort_id else []), *groups)


def _outages_of(connection: Connection, about: Incident) -> tuple[Outage, ...]:
    if about.kind not in _TOGETHER:
        return ()
    return tuple(from_row(Outage, row) for row in connection.execute(_OUTAGES, {"incident_id": about.id}).mappings())


def _threads(connection: Connection, incident_id: str, outage: Outage | None) -> Mapping[str, str]:
    cohort_id = outage.cohort_id if outage is not None else None
    found = connection.execute(_THREADS, {"incident_id": incident_id, "cohort_id": cohort_id})
    return {row.channel: row.ref for row in found}
