"""Retention by SQL: which rows are too old, and their removal in small batches. Files are removed elsewhere.

Each function runs in a transaction begun elsewhere, removes about `limit` rows at most, and says how many.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, or_, select

from watcher.model.notification import IncidentKind, NotificationState
from watcher.store import sql_chain, tables
from watcher.store.commits import batches
from watcher.store.values import Cutoffs

_UNDELIVERED = (NotificationState.PENDING, NotificationState.CLAIMED)
_OUTAGE, _TRANSITION, _INCIDENT = tables.outage.c, tables.transition.c, tables.incident.c


def prune_rows(connection: Connection, cutoffs: Cutoffs, limit: int) -> int:
    """Everything but the evidence: samples, deliveries, settled notices, and what `outages` says."""
    removed = 0
    if cutoffs.samples is not None:
        removed += _oldest(connection, tables.sample, tables.sample.c.at < cutoffs.samples, limit)
    if cutoffs.deliveries is not None:
        removed += _oldest(connection, tables.delivery, tables.delivery.c.at < cutoffs.deliveries, limit)
        removed += _notices(connection, cutoffs.deliveries, limit)
        removed += _oldest(connection, tables.silence, tables.silence.c.ends_at < cutoffs.deliveries, limit)
    if cutoffs.outages is not None:
        removed += _outages(connection, cutoffs.outages, limit)
        removed += _transitions(connection, cutoffs.outages, limit)
        removed += _oldest(connection, tables.unobserved, tables.unobserved.c.to_at < cutoffs.outages, limit)
    return removed


def expired_evidence(connection: Connection, cutoff: datetime, limit: int) -> list[str]:
    """Remove the rows of pages that nothing needs any more; their hashes, for the files to follow.

    A page is needed while a transition that names it is young, or belongs to an outage that is open or that closed
    lately: also the transitions before the outage was confirmed, and those that came after it was closed.
    """
    link, evidence = tables.transition_evidence, tables.evidence
    needed = (
        exists()
        .where(link.c.sha256 == evidence.c.sha256, link.c.seq == _TRANSITION.seq)
        .where(or_(_TRANSITION.at >= cutoff, _of_a_late_outage(cutoff)))
        .correlate(evidence)
    )
    # One without a date belongs to no transition; nobody knows how old it is.
    old = select(evidence.c.sha256).where(evidence.c.created_at < cutoff, ~needed).limit(limit)
    expired = list(connection.scalars(old))
    remove_evidence(connection, expired)
    return expired


def remove_evidence(connection: Connection, digests: Sequence[str]) -> None:
    """Remove the rows of these pages, and the links to them."""
    for some in batches(digests):
        for table in (tables.transition_evidence, tables.evidence):
            connection.execute(delete(table).where(table.c.sha256.in_(some)))


def remove_incidents(connection: Connection, incident_ids: Sequence[str]) -> None:
    """Remove incidents with all that was told of them."""
    told, delivery = tables.notification, tables.delivery
    for some in batches(incident_ids):
        of_them = select(told.c.id).where(told.c.incident_id.in_(some))
        connection.execute(delete(delivery).where(delivery.c.notification_id.in_(of_them)))
        connection.execute(delete(told).where(told.c.incident_id.in_(some)))
        for table in (tables.thread, tables.incident_outage):
            connection.execute(delete(table).where(table.c.incident_id.in_(some)))
        connection.execute(delete(tables.incident).where(_INCIDENT.id.in_(some)))


def remove_outages(connection: Connection, outage_ids: Sequence[str]) -> None:
    """Remove outages with their transitions, annotations and incidents."""
    remove_incidents(connection, outage_ids)
    for some in batches(outage_ids):
        its = select(_TRANSITION.seq).where(_TRANSITION.outage_id.in_(some))
        sql_chain.let_go(connection, list(connection.scalars(its)))
        member = tables.incident_outage
        connection.execute(delete(member).where(member.c.outage_id.in_(some)))
        connection.execute(delete(tables.annotation).where(tables.annotation.c.outage_id.in_(some)))
        connection.execute(delete(tables.outage).where(_OUTAGE.id.in_(some)))


def _oldest(connection: Connection, table: Table, condition: ColumnElement[bool], limit: int) -> int:
    wanted = select(table.c.id).where(condition).limit(limit)
    return connection.execute(delete(table).where(table.c.id.in_(wanted))).rowcount


def _notices(connection: Connection, cutoff: datetime, limit: int) -> int:
    """Incidents that are about no outage (any more), over for long, of which nothing is left to tell."""
    is_past = and_(_INCIDENT.kind != IncidentKind.ACCOUNT, _INCIDENT.closed_at < cutoff)
    over = and_(is_past, ~_tells_of_outages(_INCIDENT.id), ~_waits(_INCIDENT.id))
    wanted = list(connection.scalars(select(_INCIDENT.id).where(over).limit(limit)))
    remove_incidents(connection, wanted)
    return len(wanted)


def _outages(connection: Connection, cutoff: datetime, limit: int) -> int:
    over = and_(_OUTAGE.closed_at < cutoff, ~_waits(_OUTAGE.id))
    wanted = list(connection.scalars(select(_OUTAGE.id).where(over).limit(limit)))
    remove_outages(connection, wanted)
    return len(wanted)


def _transitions(connection: Connection, cutoff: datetime, limit: int) -> int:
    """Those that belong to no outage that is kept; the suspicion before one does."""
    old = and_(_TRANSITION.at < cutoff, _TRANSITION.outage_id.is_(None), ~_of_a_late_outage(cutoff))
    wanted = list(connection.scalars(select(_TRANSITION.seq).where(old).order_by(_TRANSITION.seq).limit(limit)))
    sql_chain.let_go(connection, wanted)
    return len(wanted)


def _tells_of_outages(incident_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """True of a mass event and a group that outages name: a correction goes to who was told of them."""
    return or_(
        exists().where(_OUTAGE.cohort_id == incident_id),
        exists().where(tables.incident_outage.c.incident_id == incident_id),
    )


def _waits(incident_id: ColumnElement[Any]) -> ColumnElement[bool]:
    told = tables.notification.c
    return exists().where(told.incident_id == incident_id, told.state.in_(_UNDELIVERED))


def _of_a_late_outage(cutoff: datetime) -> ColumnElement[bool]:
    within = and_(
        _OUTAGE.account_id == _TRANSITION.account_id,
        _OUTAGE.began_e <= _TRANSITION.at,
        or_(_OUTAGE.closed_at.is_(None), _OUTAGE.closed_at >= _TRANSITION.at),
    )
    late = or_(_OUTAGE.closed_at.is_(None), _OUTAGE.closed_at >= cutoff)
    return exists().where(or_(_OUTAGE.id == _TRANSITION.outage_id, within), late).correlate(tables.transition)
