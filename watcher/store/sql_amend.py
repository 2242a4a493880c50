"""Annotations and retractions by SQL. Each function runs in a transaction begun elsewhere, perhaps beside a run."""

from datetime import datetime

from sqlalchemy import Connection, insert, update

from watcher.model.annotation import Annotation
from watcher.model.outage import Outage
from watcher.store import sql_incident, tables
from watcher.store.amendments import RETRACTION, correction_rows, retracted, told_of
from watcher.store.codec import to_row
from watcher.store.sql_commit import append_transitions, notifications_of
from watcher.store.sql_history import annotations_of
from watcher.store.sql_history import outage as outage_of
from watcher.store.sql_outbox import drop_pending_corrections
from watcher.store.upsert import insert_new
from watcher.store.values import Amended


def annotate(connection: Connection, annotation: Annotation, *, tell: bool) -> Amended:
    """See `Store.annotate`."""
    outage = outage_of(connection, annotation.outage_id)
    if outage is None:
        return Amended.UNKNOWN
    known = annotations_of(connection, [annotation.outage_id]).get(annotation.outage_id, ())
    number = next((other.id for other in known if other.says_the_same(annotation)), None)
    result = Amended.ALREADY if number is not None else Amended.DONE
    if number is None:
        row = to_row(annotation, without=("id",))
        [number] = connection.execute(insert(tables.annotation).values(row)).inserted_primary_key or [0]
    if tell and _correct(connection, outage, number, annotation.at):
        return Amended.DONE
    return result


def retract(connection: Connection, outage_id: str, reason: str, *, by: str, at: datetime) -> Amended:
    """See `Store.retract`."""
    outage = outage_of(connection, outage_id)
    if outage is None:
        return Amended.UNKNOWN
    if outage.is_retracted:
        return Amended.ALREADY
    if outage.is_open:
        return Amended.STILL_OPEN
    taken_back, happened = retracted(outage, reason, by, at)
    connection.execute(
        update(tables.outage)
        .where(tables.outage.c.id == outage_id)
        .values(retracted_at=taken_back.retracted_at, retraction=taken_back.retraction)
    )
    append_transitions(connection, (happened,))
    # What was still to be added to it is said by this one.
    drop_pending_corrections(connection, outage_id)
    _correct(connection, outage, RETRACTION, at)
    return Amended.DONE


def _correct(connection: Connection, outage: Outage, number: int, at: datetime) -> bool:
    """Write the CORRECTION rows of that number, where there are none yet; True when there were some to write."""
    own = notifications_of(connection, outage.id)
    places = sql_incident.together(connection, outage)
    together = [row for incident_id in places for row in notifications_of(connection, incident_id)]
    known = {row.dedup_key for row in own}
    rows = [row for row in correction_rows(number, at, told_of(outage, own, together)) if row.dedup_key not in known]
    insert_new(connection, tables.notification, [to_row(row, without=("id",)) for row in rows], unique=["dedup_key"])
    return bool(rows)
