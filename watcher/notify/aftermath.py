"""What becomes of a row once it was tried: where it stands, when it is due again, what is noted of it. Pure."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from watcher.model.notification import (
    Delivered,
    Delivery,
    GaveUp,
    Message,
    Notification,
    NotificationKind,
    NotificationState,
    Outcome,
    RetryAfter,
    ToldAsWell,
    dedup_key_of,
)

LONGEST_WAIT: Final = timedelta(hours=1)
_TOO_OLD: Final = timedelta(days=3)
_MANY_TRIES: Final = 50
_FIRST_BACK_OFF: Final = timedelta(seconds=2)
_LONGEST_BACK_OFF: Final = timedelta(minutes=5)
_JITTER: Final = 0.2


def settled(row: Notification, outcome: Outcome, now: datetime, chance: random.Random) -> Notification:
    """The row after a try that ended at `now`. `chance` is what the jitter is taken from."""
    match outcome:
        case Delivered():
            return replace(row, state=NotificationState.DELIVERED, claimed_until=None, delivered_at=now)
        case GaveUp():
            return replace(row, state=NotificationState.DEAD, claimed_until=None)
        case RetryAfter(wait=wait, recipients=left):
            state = NotificationState.DEAD if is_hopeless(row, now) else NotificationState.PENDING
            due_at = now + (_back_off(row.attempts, chance) if wait is None else min(wait, LONGEST_WAIT))
            reached_at = now if left and set(left) != set(row.recipients) else row.delivered_at
            left = left or row.recipients
            return replace(
                row, state=state, claimed_until=None, due_at=due_at, delivered_at=reached_at, recipients=left
            )
        case _:
            assert_never(outcome)


def is_hopeless(row: Notification, now: datetime) -> bool:
    """True of what is old and was tried again and again. Age alone says nothing: it may have been silenced for long."""
    return now - row.waits_since > _TOO_OLD and row.attempts >= _MANY_TRIES


def _back_off(attempts: int, chance: random.Random) -> timedelta:
    # 2^8 × 2 s is beyond the longest; the exponent is bounded since `attempts` is not.
    doubled: timedelta = min(_FIRST_BACK_OFF * 2 ** min(max(attempts, 1) - 1, 8), _LONGEST_BACK_OFF)
    return doubled * chance.uniform(1 - _JITTER, 1 + _JITTER)


def addressed(message: Message, row: Notification, threads: Mapping[str, str]) -> Message:
    """The message as it goes out by that row: by which route, into which thread, and under which key.

    An alert that tells the end has the key of the end. It may be the second try of one that was taken, by a Slack that
    did not answer or before we died: under the same key who leaves out what came before would never learn of the end.
    """
    # A claim that was never settled counts as an attempt: whoever died then may have sent it.
    was_tried = row.attempts > 1 or row.resent_at is not None
    message = replace(message, route=row.route, thread=threads.get(row.channel, ""), was_tried=was_tried)
    if message.kind is not NotificationKind.RESOLVED:
        return message
    return replace(message, dedup_key=dedup_key_of(row.incident_id, row.channel, message.kind))


def told_as_well(kind: NotificationKind, *, ended: bool, is_told: bool, made_at: datetime) -> ToldAsWell | None:
    """Which other rows of the incident and channel need no message any more, now that one of this `kind` was settled.

    `ended`: it told the end too, or nobody will ever be told of the beginning. Then all that came between is told.
    Else it tells how things stood when it was made: what is due later may be to tell of what came after.
    """
    between = (NotificationKind.UPDATE, NotificationKind.REMINDER, NotificationKind.ACKNOWLEDGED)
    if ended:
        return ToldAsWell(kinds=tuple(each for each in (*between, NotificationKind.RESOLVED) if each is not kind))
    tells = is_told and kind not in (NotificationKind.CORRECTION, NotificationKind.ACKNOWLEDGED)
    return ToldAsWell(kinds=between, until=made_at) if tells else None


def takes_the_place(row: Notification, outcome: Outcome) -> ToldAsWell | None:
    """Which other rows `row` stands for from now on: a reminder that some are left of, for those left of earlier ones.

    It must have been for all. Else they would grow in number for as long as somebody cannot be reached.
    """
    some = isinstance(outcome, RetryAfter) and outcome.recipients and not row.recipients
    return ToldAsWell(kinds=(row.kind,)) if some and row.kind is NotificationKind.REMINDER else None


def delivery_of(row: Notification, outcome: Outcome, started: datetime, ended: datetime) -> Delivery:
    """What is noted of one try."""
    match outcome:
        case Delivered(answer=answer):
            name = "delivered"
        case RetryAfter(reason=answer):
            name = "retry"
        case GaveUp(reason=answer):
            name = "gave_up"
        case _:
            assert_never(outcome)
    return Delivery(notification_id=row.id, at=ended, outcome=name, answer=answer, latency=ended - started)
