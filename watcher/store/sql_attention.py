"""Silences, acknowledgements, and what was told of what lasts, by SQL. Each runs in a transaction begun elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, case, delete, func, insert, literal, select, update

from watcher.model.notification import Delivery, Incident, IncidentKind, NotificationKind, NotificationState
from watcher.model.silence import Matcher, Silence
from watcher.store import sql_load, tables
from watcher.store.acknowledgement import acknowledged_rows
from watcher.store.codec import from_json, from_row, to_json, to_row
from watcher.store.sql_commit import notifications_of
from watcher.store.upsert import insert_new
from watcher.store.values import EPOCH, Amended, Told

_INCIDENT, _ROWS, _SILENCE = tables.incident.c, tables.notification.c, tables.silence.c
_UNDELIVERED = (NotificationState.PENDING, NotificationState.CLAIMED)


# Silences.


def add_silence(connection: Connection, silence: Silence, *, once: bool) -> Amended:
    """See `Store.add_silence`."""
    if connection.execute(select(_SILENCE.id).where(_SILENCE.id == silence.id)).first() is not None:
        return Amended.ALREADY
    if once and any(each.says_the_same(silence) for each in silences(connection, silence.starts_at)):
        return Amended.ALREADY
    row = to_row(silence, without=("matchers",)) | {"matchers": to_json(silence.matchers)}
    connection.execute(insert(tables.silence).values(row))
    return Amended.DONE


def expire_silence(connection: Connection, silence_id: str, at: datetime) -> Amended:
    """See `Store.expire_silence`."""
    found = connection.execute(select(_SILENCE.starts_at, _SILENCE.ends_at).where(_SILENCE.id == silence_id)).first()
    if found is None:
        return Amended.UNKNOWN
    if found.ends_at <= at:
        return Amended.ALREADY
    ended = {"starts_at": min(found.starts_at, at), "ends_at": at}
    connection.execute(update(tables.silence).where(_SILENCE.id == silence_id).values(ended))
    return Amended.DONE


def silences(connection: Connection, since: datetime | None) -> tuple[Silence, ...]:
    """See `Store.silences`."""
    query = select(tables.silence).order_by(_SILENCE.starts_at, _SILENCE.id)
    if since is not None:
        query = query.where(_SILENCE.ends_at > since)
    return tuple(_silence(row) for row in sql_load.rows(connection, query))


def forget(connection: Connection, account_id: str) -> None:
    """Remove the silences that are about this account."""
    for silence in silences(connection, None):
        if silence.is_of(account_id):
            connection.execute(delete(tables.silence).where(_SILENCE.id == silence.id))


def _silence(row: RowMapping) -> Silence:
    return from_row(Silence, row, matchers=from_json(tuple[Matcher, ...], row["matchers"]))


# Acknowledgements.


def ack(connection: Connection, incident_id: str, by: str, at: datetime, comment: str | None) -> Amended:
    """See `Store.ack`."""
    incident = _incident(connection, incident_id)
    if incident is None:
        return Amended.UNKNOWN
    if incident.closed_at is not None:
        return Amended.OVER
    if incident.acked_at is not None:
        return Amended.ALREADY
    _mark(connection, incident_id, at, {"acked_by": by, "acked_at": at, "ack_comment": comment})
    return Amended.DONE


def unack(connection: Connection, incident_id: str, at: datetime) -> Amended:
    """See `Store.unack`."""
    incident = _incident(connection, incident_id)
    if incident is None:
        return Amended.UNKNOWN
    if incident.closed_at is not None:
        return Amended.OVER
    if incident.acked_at is None:
        return Amended.ALREADY
    _mark(connection, incident_id, at, {"acked_by": None, "acked_at": None, "ack_comment": None})
    return Amended.DONE


def _mark(connection: Connection, incident_id: str, at: datetime, mark: Mapping[str, Any]) -> None:
    connection.execute(update(tables.incident).where(_INCIDENT.id == incident_id).values(mark))
    rows = [to_row(row, without=("id",)) for row in acknowledged_rows(at, notifications_of(connection, incident_id))]
    insert_new(connection, tables.notification, rows, unique=["dedup_key"])


def _incident(connection: Connection, incident_id: str) -> Incident | None:
    found = sql_load.rows(connection, select(tables.incident).where(_INCIDENT.id == incident_id))
    return from_row(Incident, found[0]) if found else None


# Reading.


def incidents(
    connection: Connection, kind: IncidentKind | None, *, open_only: bool, limit: int
) -> tuple[Incident, ...]:
    """See `Store.incidents`."""
    query = select(tables.incident).order_by(_INCIDENT.opened_at.desc(), _INCIDENT.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(_INCIDENT.kind == kind)
    if open_only:
        query = query.where(_INCIDENT.closed_at.is_(None))
    return tuple(from_row(Incident, row) for row in sql_load.rows(connection, query))


def deliveries(connection: Connection, incident_id: str) -> tuple[Delivery, ...]:
    """See `Store.deliveries`."""
    of_it = select(_ROWS.id).where(_ROWS.incident_id == incident_id)
    query = select(tables.delivery).where(tables.delivery.c.notification_id.in_(of_it)).order_by(tables.delivery.c.id)
    return tuple(from_row(Delivery, row) for row in sql_load.rows(connection, query))


def told(connection: Connection, before: datetime, now: datetime) -> tuple[Told, ...]:
    """See `Store.told`. One query: the channels of each, with what the last rows say."""
    is_reminder = _ROWS.kind == NotificationKind.REMINDER
    never = literal(EPOCH, _ROWS.event_at.type)
    delivered = func.max(case((_ROWS.delivered_at <= now, _ROWS.delivered_at), else_=never))
    reminded = func.max(case((and_(is_reminder, _ROWS.event_at <= now), _ROWS.event_at), else_=never))
    waiting = func.sum(case((and_(_ROWS.state.in_(_UNDELIVERED), _ROWS.recipients.is_(None)), 1), else_=0))
    first = func.min(case((_ROWS.kind == NotificationKind.ALERT, _ROWS.route)))
    lasting = select(_INCIDENT.id).where(_INCIDENT.closed_at.is_(None), _INCIDENT.acked_at.is_(None))
    counted = (
        select(
            _ROWS.incident_id,
            _ROWS.channel,
            func.coalesce(first, func.min(_ROWS.route)).label("told_by"),
            delivered.label("delivered"),
            reminded.label("reminded"),
            func.sum(case((is_reminder, 1), else_=0)).label("reminders"),
            func.max(_ROWS.seq).label("last_seq"),
        )
        .where(_ROWS.incident_id.in_(lasting))
        .group_by(_ROWS.incident_id, _ROWS.channel)
        .having(waiting == 0, func.max(_ROWS.delivered_at).is_not(None), delivered <= before, reminded <= before)
        .subquery()
    )
    query = select(tables.incident, counted).join_from(counted, tables.incident, _INCIDENT.id == counted.c.incident_id)
    return tuple(
        Told(
            incident=from_row(Incident, row),
            route=row["told_by"],
            channel=row["channel"],
            last_at=max(row["delivered"], row["reminded"]),
            reminders=row["reminders"],
            seq=row["last_seq"],
        )
        for row in sql_load.rows(connection, query.order_by(_INCIDENT.opened_at, _INCIDENT.id, counted.c.channel))
    )
