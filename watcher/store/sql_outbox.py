"""The outbox by SQL: who sends what, and what came of it. Each function runs in a transaction begun elsewhere.

No row is locked while somebody sends: a claim is an UPDATE that only one can win, and it lapses by itself. The
statements are made once: to put one together takes longer than to run it, and these are run for every message.
"""

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from watcher.model.account import Severity
from watcher.model.notification import Delivery, Notification, NotificationKind, NotificationState, ToldAsWell
from watcher.store import tables
from watcher.store.codec import from_row, to_row
from watcher.store.upsert import insert_or_update
from watcher.store.values import FURTHEST_AHEAD

_ROWS = tables.notification.c
_EARLIER = tables.notification.alias("earlier")


_UNDELIVERED = (NotificationState.PENDING, NotificationState.CLAIMED)


def _is_one_of(column: ColumnElement[Any], words: Iterable[StrEnum]) -> ColumnElement[bool]:
    """As `in_`, which is put together anew each time it is run."""
    return or_(*(column == word for word in words))


def _is_undelivered(rows: ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    """For what is found by other columns: said so, no index on the state is used, which would find too much."""
    return and_(*(rows.state != state for state in NotificationState if state not in _UNDELIVERED))


_IS_BLOCKED = exists().where(
    _EARLIER.c.incident_id == _ROWS.incident_id,
    _EARLIER.c.channel == _ROWS.channel,
    _EARLIER.c.seq < _ROWS.seq,
    _is_undelivered(_EARLIER.c),
    _EARLIER.c.recipients.is_(None),
)


def _given(name: str, column: ColumnElement[Any]) -> BindParameter[Any]:
    return bindparam(name, type_=column.type)


_NOW, _AHEAD = _given("now", _ROWS.due_at), _given("ahead", _ROWS.due_at)
# News of a group may wait for a day; where the clock was set back they are of what is yet to come.
_IS_STRANDED = and_(_ROWS.due_at > _AHEAD, or_(_ROWS.kind != NotificationKind.UPDATE, _ROWS.event_at > _NOW))
_IS_DUE = or_(
    and_(_ROWS.state == NotificationState.PENDING, or_(_ROWS.due_at <= _NOW, _IS_STRANDED)),
    and_(_ROWS.state == NotificationState.CLAIMED, or_(_ROWS.claimed_until <= _NOW, _ROWS.claimed_until > _AHEAD)),
)
_DUE = select(_ROWS.channel).where(_IS_DUE, ~_IS_BLOCKED).distinct()
# The words of a severity are in its order.
_URGENCY = case(*((tables.incident.c.severity == word, rank) for rank, word in enumerate(Severity)))
_CLAIMABLE: Select[Any] = (
    select(tables.notification)
    .join(tables.incident, tables.incident.c.id == _ROWS.incident_id)
    .where(_IS_DUE, ~_IS_BLOCKED)
    .order_by(_URGENCY, _ROWS.due_at, _ROWS.seq, _ROWS.id)
    .limit(bindparam("most", type_=_ROWS.seq.type))
)
_CLAIMABLE_OF_ONE = _CLAIMABLE.where(_ROWS.channel == _given("its_channel", _ROWS.channel))
_TAKE = (
    update(tables.notification)
    .where(_ROWS.id == _given("its_id", _ROWS.id), _ROWS.attempts == _given("its_attempts", _ROWS.attempts), _IS_DUE)
    .values(
        state=NotificationState.CLAIMED,
        claimed_until=_given("until", _ROWS.claimed_until),
        attempts=_ROWS.attempts + 1,
    )
)

# The number of a row that was forgotten is given to a new one: the key tells them apart.
_MINE = and_(_ROWS.id == _given("its_id", _ROWS.id), _ROWS.dedup_key == _given("its_key", _ROWS.dedup_key))
_IS_MINE = select(_ROWS.id).where(_MINE)
_HELD = _ROWS.attempts == _given("its_attempts", _ROWS.attempts)
_TRIED = [field.name for field in fields(Delivery)]
_NOTE_DELIVERY = tables.delivery.insert().from_select(
    _TRIED, select(*(_given(name, tables.delivery.c[name]) for name in _TRIED)).where(exists().where(_MINE))
)
_CHANGED = ("state", "due_at", "claimed_until", "delivered_at", "recipients")
_SETTLE_DELIVERED = (
    update(tables.notification).where(_MINE).values({name: _given(f"new_{name}", _ROWS[name]) for name in _CHANGED})
)
_SETTLE_HELD = _SETTLE_DELIVERED.where(_is_undelivered(_ROWS), _HELD)
_WITHHOLD = (
    update(tables.notification)
    .where(_MINE, _ROWS.state == NotificationState.CLAIMED, _HELD)
    .values(
        state=_given("new_state", _ROWS.state),
        due_at=_given("new_due_at", _ROWS.due_at),
        claimed_until=None,
        attempts=_ROWS.attempts - 1,
    )
)
_LATE = select(func.count(), func.min(_ROWS.event_at)).where(
    _is_one_of(_ROWS.state, _UNDELIVERED), or_(_ROWS.attempts > 0, _ROWS.due_at <= _ROWS.event_at)
)


def due(connection: Connection, now: datetime) -> frozenset[str]:
    """See `Store.due`."""
    return frozenset(connection.scalars(_DUE, _at(now)))


def claim(
    connection: Connection, now: datetime, lease: timedelta, limit: int, channel: str | None = None
) -> tuple[Notification, ...]:
    """See `Store.claim`."""
    of_one = channel is not None
    asked = {**_at(now), "most": limit} | ({"its_channel": channel} if of_one else {})
    found = connection.execute(_CLAIMABLE_OF_ONE if of_one else _CLAIMABLE, asked).mappings().all()
    taken = (_take(connection, from_row(Notification, row), now, now + lease) for row in found)
    return tuple(notification for notification in taken if notification is not None)


def _at(now: datetime) -> dict[str, Any]:
    return {"now": now, "ahead": now + FURTHEST_AHEAD}


def _take(connection: Connection, wanted: Notification, now: datetime, until: datetime) -> Notification | None:
    """The notification as claimed, or None when another claimer was quicker."""
    its = {"its_id": wanted.id, "its_attempts": wanted.attempts, "until": until}
    if connection.execute(_TAKE, {**_at(now), **its}).rowcount != 1:
        return None
    return replace(wanted, state=NotificationState.CLAIMED, claimed_until=until, attempts=wanted.attempts + 1)


def give_back(connection: Connection) -> None:
    """Let what was claimed be due at once. For who knows that its holders are gone."""
    connection.execute(
        update(tables.notification)
        .where(_ROWS.state == NotificationState.CLAIMED)
        .values(state=NotificationState.PENDING, claimed_until=None)
    )


def settle(connection: Connection, notification: Notification, delivery: Delivery, thread: str) -> None:
    """See `Store.settle`. What was delivered stays so, whoever else held the row; else only its last holder speaks."""
    mine = {"its_id": notification.id, "its_key": notification.dedup_key}
    connection.execute(_NOTE_DELIVERY, {**mine, **to_row(delivery)})
    if thread and connection.execute(_IS_MINE, mine).first() is not None:
        row = {"channel": notification.channel, "incident_id": notification.incident_id, "ref": thread}
        insert_or_update(connection, tables.thread, [row])
    is_held = notification.state is NotificationState.CLAIMED
    after = notification if is_held else replace(notification, claimed_until=None)
    changed = {**mine, **{f"new_{name}": getattr(after, name) for name in _CHANGED}}
    if notification.state is NotificationState.DELIVERED:
        connection.execute(_SETTLE_DELIVERED, changed)
    else:
        connection.execute(_SETTLE_HELD, {**changed, "its_attempts": notification.attempts})


def withhold(connection: Connection, notification: Notification, until: datetime | None) -> None:
    """See `Store.withhold`."""
    its = {"its_id": notification.id, "its_key": notification.dedup_key, "its_attempts": notification.attempts}
    state = NotificationState.SUPPRESSED if until is None else NotificationState.PENDING
    connection.execute(_WITHHOLD, {**its, "new_state": state, "new_due_at": until or notification.due_at})


def suppress(connection: Connection, notification: Notification, told: ToldAsWell) -> None:
    """Suppress what the message of that row told as well. See `Store.settle`."""
    its = {
        "its_incident": notification.incident_id,
        "its_channel": notification.channel,
        "its_key": notification.dedup_key,
    }
    if told.until is None:
        connection.execute(_suppress(told.kinds), its)
    else:
        connection.execute(_suppress_until(told.kinds), {**its, "until": told.until})


@cache
def _suppress(kinds: tuple[NotificationKind, ...]) -> Update:
    return (
        update(tables.notification)
        .where(
            _ROWS.incident_id == _given("its_incident", _ROWS.incident_id),
            _ROWS.channel == _given("its_channel", _ROWS.channel),
            _ROWS.dedup_key != _given("its_key", _ROWS.dedup_key),
            _is_one_of(_ROWS.kind, kinds),
            _is_undelivered(_ROWS),
        )
        .values(state=NotificationState.SUPPRESSED, claimed_until=None)
    )


@cache
def _suppress_until(kinds: tuple[NotificationKind, ...]) -> Update:
    return _suppress(kinds).where(_ROWS.due_at <= _given("until", _ROWS.due_at))


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
    row = connection.execute(_LATE).one()
    return row[0], row[1]
