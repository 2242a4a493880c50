"""The outbox by SQL: who sends what, and what came of it. Each function runs in a transaction begun elsewhere.

No row is locked while somebody sends: a claim is an UPDATE that only one can win, and it lapses by itself.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, func, literal, or_, select, update

from watcher.model.notification import Delivery, Notification, NotificationKind, NotificationState
from watcher.store import tables
from watcher.store.base import FURTHEST_AHEAD
from watcher.store.codec import from_row, to_row
from watcher.store.upsert import insert_or_update

_ROWS = tables.notification.c
_UNDELIVERED = (NotificationState.PENDING, NotificationState.CLAIMED)
_EARLIER = tables.notification.alias("earlier")
_IS_BLOCKED = exists().where(
    _EARLIER.c.incident_id == _ROWS.incident_id,
    _EARLIER.c.channel == _ROWS.channel,
    _EARLIER.c.seq < _ROWS.seq,
    _EARLIER.c.state.in_(_UNDELIVERED),
    _EARLIER.c.recipients.is_(None),
)


def is_any_due(connection: Connection, now: datetime) -> bool:
    """False when nothing is to be claimed, which is nearly always: then nobody need be kept from writing."""
    return connection.execute(_ANY_DUE, {"now": now, "ahead": now + FURTHEST_AHEAD}).first() is not None


def claim(connection: Connection, now: datetime, lease: timedelta, limit: int) -> tuple[Notification, ...]:
    """See `Store.claim`."""
    due = select(tables.notification).where(_is_due(now, now + FURTHEST_AHEAD), ~_IS_BLOCKED)
    found = connection.execute(due.order_by(_ROWS.due_at, _ROWS.seq, _ROWS.id).limit(limit)).mappings().all()
    wanted = [from_row(Notification, row) for row in found]
    taken = (_take(connection, notification, now, now + lease) for notification in wanted)
    return tuple(notification for notification in taken if notification is not None)


def _is_due(now: Any, ahead: Any) -> ColumnElement[bool]:
    return or_(
        and_(_ROWS.state == NotificationState.PENDING, or_(_ROWS.due_at <= now, _ROWS.due_at > ahead)),
        and_(_ROWS.state == NotificationState.CLAIMED, or_(_ROWS.claimed_until <= now, _ROWS.claimed_until > ahead)),
    )


def _take(connection: Connection, wanted: Notification, now: datetime, until: datetime) -> Notification | None:
    """The notification as claimed, or None when another claimer was quicker."""
    attempts = wanted.attempts + 1
    changed = connection.execute(
        update(tables.notification)
        .where(_ROWS.id == wanted.id, _ROWS.attempts == wanted.attempts, _is_due(now, now + FURTHEST_AHEAD))
        .values(state=NotificationState.CLAIMED, claimed_until=until, attempts=attempts)
    )
    if changed.rowcount != 1:
        return None
    return replace(wanted, state=NotificationState.CLAIMED, claimed_until=until, attempts=attempts)


# Asked every second: made once, so that it need not be compiled each time.
_ANY_DUE = (
    select(_ROWS.id)
    .where(_is_due(bindparam("now", type_=tables.Instant), bindparam("ahead", type_=tables.Instant)))
    .limit(1)
)


def give_back(connection: Connection) -> None:
    """Let what was claimed be due at once. For who knows that its holders are gone."""
    connection.execute(
        update(tables.notification)
        .where(_ROWS.state == NotificationState.CLAIMED)
        .values(state=NotificationState.PENDING, claimed_until=None)
    )


def settle(connection: Connection, notification: Notification, delivery: Delivery, thread: str) -> None:
    """See `Store.settle`. What was delivered stays so, whoever else held the row; else only its last holder speaks."""
    # The number of a row that was forgotten is given to a new one: the key tells them apart.
    mine = and_(_ROWS.id == notification.id, _ROWS.dedup_key == notification.dedup_key)
    attempt = to_row(delivery)
    values = (literal(value, tables.delivery.c[name].type) for name, value in attempt.items())
    connection.execute(tables.delivery.insert().from_select(list(attempt), select(*values).where(exists().where(mine))))
    if thread and connection.execute(select(_ROWS.id).where(mine)).first() is not None:
        row = {"channel": notification.channel, "incident_id": notification.incident_id, "ref": thread}
        insert_or_update(connection, tables.thread, [row])
    if notification.state is not NotificationState.DELIVERED:
        mine = and_(mine, _ROWS.state.in_(_UNDELIVERED), _ROWS.attempts == notification.attempts)
    connection.execute(
        update(tables.notification)
        .where(mine)
        .values(
            state=notification.state,
            due_at=notification.due_at,
            claimed_until=notification.claimed_until if notification.state is NotificationState.CLAIMED else None,
            delivered_at=notification.delivered_at,
            recipients=notification.recipients,
        )
    )


def withhold(connection: Connection, notification: Notification, until: datetime | None) -> None:
    """See `Store.withhold`."""
    mine = and_(_ROWS.id == notification.id, _ROWS.dedup_key == notification.dedup_key)
    state = NotificationState.SUPPRESSED if until is None else NotificationState.PENDING
    connection.execute(
        update(tables.notification)
        .where(mine, _ROWS.state == NotificationState.CLAIMED, _ROWS.attempts == notification.attempts)
        .values(
            state=state, claimed_until=None, due_at=until or notification.due_at, attempts=notification.attempts - 1
        )
    )


def suppress(
    connection: Connection, incident_id: str, channel: str, kinds: Collection[str], until: datetime | None, but: str
) -> None:
    """See `Store.suppress`."""
    told = () if until is None else (_ROWS.due_at <= until,)
    connection.execute(
        update(tables.notification)
        .where(
            _ROWS.incident_id == incident_id,
            _ROWS.channel == channel,
            _ROWS.kind.in_(kinds),
            _ROWS.dedup_key != but,
            _ROWS.state.in_(_UNDELIVERED),
            *told,
        )
        .values(state=NotificationState.SUPPRESSED, claimed_until=None)
    )


def drop_pending_corrections(connection: Connection, incident_id: str) -> None:
    """Suppress the corrections of that incident that nobody has begun to send: a newer one tells all of it."""
    connection.execute(
        update(tables.notification)
        .where(
            _ROWS.incident_id == incident_id,
            _ROWS.kind == NotificationKind.CORRECTION,
            _ROWS.state == NotificationState.PENDING,
        )
        .values(state=NotificationState.SUPPRESSED)
    )


def pending(connection: Connection) -> tuple[int, datetime | None]:
    """See `Store.pending`."""
    is_late = or_(_ROWS.attempts > 0, _ROWS.due_at <= _ROWS.event_at)
    late = select(func.count(), func.min(_ROWS.event_at)).where(_ROWS.state.in_(_UNDELIVERED), is_late)
    row = connection.execute(late).one()
    return row[0], row[1]
