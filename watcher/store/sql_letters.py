"""What was to be told, told and given up, by SQL: listed, and sent again. In a transaction begun elsewhere."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from watcher.model.notification import Delivery, Notification, NotificationState
from watcher.store import tables
from watcher.store.codec import from_row, to_row
from watcher.store.sql_load import rows
from watcher.store.values import RESENDABLE, RESENT

_ROWS, _TRIES = tables.notification.c, tables.delivery.c
_TOGETHER: Final = 500


def notifications(
    connection: Connection,
    *,
    ids: Collection[int] | None,
    states: Collection[NotificationState],
    channel: str | None,
    incident_id: str | None,
    limit: int | None,
) -> tuple[Notification, ...]:
    """See `Store.notifications`."""
    query = select(tables.notification).order_by(_ROWS.event_at.desc(), _ROWS.id.desc()).limit(limit)
    if ids is not None:
        query = query.where(_ROWS.id.in_(ids))
    if states:
        query = query.where(_ROWS.state.in_(states))
    if channel is not None:
        query = query.where(_ROWS.channel == channel)
    if incident_id is not None:
        query = query.where(_ROWS.incident_id == incident_id)
    return tuple(from_row(Notification, row) for row in rows(connection, query))


def tries(connection: Connection, notification_id: int) -> tuple[Delivery, ...]:
    """See `Store.tries`."""
    query = select(tables.delivery).where(_TRIES.notification_id == notification_id).order_by(_TRIES.id)
    return tuple(from_row(Delivery, row) for row in rows(connection, query.with_only_columns(*_OF_A_TRY)))


_OF_A_TRY: Final = tuple(column for column in _TRIES if column.name != "id")


def resend(connection: Connection, ids: Sequence[int], by: str, at: datetime) -> tuple[int, ...]:
    """See `Store.resend`."""
    done: list[int] = []
    for start in range(0, len(ids), _TOGETHER):
        wanted = _ROWS.id.in_(ids[start : start + _TOGETHER]), _ROWS.state.in_(RESENDABLE)
        found = list(connection.scalars(select(_ROWS.id).where(*wanted).order_by(_ROWS.id)))
        if not found:
            continue
        connection.execute(
            update(tables.notification)
            .where(_ROWS.id.in_(found))
            .values(state=NotificationState.PENDING, claimed_until=None, due_at=at, attempts=0, resent_at=at)
        )
        notes = [
            Delivery(notification_id=each, at=at, outcome=RESENT, answer=by, latency=timedelta(0)) for each in found
        ]
        connection.execute(insert(tables.delivery), [to_row(each) for each in notes])
        done += found
    return tuple(done)


def dead(connection: Connection) -> dict[str, int]:
    """See `Store.dead`."""
    query = select(_ROWS.channel, func.count()).where(_ROWS.state == NotificationState.DEAD).group_by(_ROWS.channel)
    return {channel: count for channel, count in connection.execute(query)}  # noqa: C416 - rows are no tuples to mypy
