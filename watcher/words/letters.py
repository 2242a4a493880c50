"""What the command line says of notifications: lines, a table, records. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from watcher.model.notification import Delivery, Notification, NotificationState
from watcher.model.record import Record, instant
from watcher.notify import format_stamp
from watcher.text import aligned

_HEAD: Final = ("ID", "STATE", "CHANNEL", "KIND", "EVENT", "TRIES", "INCIDENT")
_OUTCOMES: Final = {
    "delivered": "delivered",
    "retry": "failed, to be tried again",
    "gave_up": "given up",
    "resent": "to be sent again, asked for by",
}


def notifications_table(found: Sequence[Notification]) -> Iterator[str]:
    """One line each under a head; a sentence where there are none."""
    if not found:
        yield "no notifications"
        return
    yield from aligned([_HEAD, *(_cells(row) for row in found)])


def _cells(row: Notification) -> tuple[str, ...]:
    at = format_stamp(row.event_at)
    return str(row.id), str(row.state), row.channel, str(row.kind), at, str(row.attempts), row.incident_id


def notification_told(row: Notification, tries: Sequence[Delivery]) -> Iterator[str]:
    """One notification, and a line for each try to send it."""
    yield f"notification  {row.id}"
    yield f"state         {row.state}{_until(row)}"
    yield f"incident      {row.incident_id}"
    yield f"news          {row.kind}, of {format_stamp(row.event_at)}"
    yield f"channel       {row.channel}" + (f", by route '{row.route}'" if row.route else "")
    yield f"key           {row.dedup_key}"
    if row.recipients:
        yield f"to be reached {', '.join(row.recipients)}"
    none = "none is kept" if row.attempts else "none yet"
    yield f"tries         {'' if tries else none}".rstrip()
    for each in tries:
        took = "" if each.outcome == "resent" else f", after {each.latency.total_seconds():.3f} s"
        answer = f": {each.answer}" if each.answer else ""
        yield f"  {format_stamp(each.at)}  {_OUTCOMES.get(each.outcome, each.outcome)}{answer}{took}"


def _until(row: Notification) -> str:
    match row.state:
        case NotificationState.DELIVERED if row.delivered_at is not None:
            return f" at {format_stamp(row.delivered_at)}"
        case NotificationState.PENDING:
            return f", due at {format_stamp(row.due_at)}"
        case NotificationState.SUPPRESSED:
            return ": another message told it, or nobody was to be told"
        case _:
            return ""


def notification_record(row: Notification, tries: Sequence[Delivery] | None = None) -> Record:
    """The same as data; with the tries where they are given."""
    record: Record = {
        "id": row.id,
        "state": str(row.state),
        "incident": row.incident_id,
        "channel": row.channel,
        "route": row.route,
        "kind": str(row.kind),
        "dedup_key": row.dedup_key,
        "event_at": instant(row.event_at),
        "due_at": instant(row.due_at),
        "attempts": row.attempts,
        "delivered_at": _instant(row.delivered_at),
        "resent_at": _instant(row.resent_at),
        "recipients": list(row.recipients),
    }
    if tries is not None:
        record["deliveries"] = [
            {
                "at": instant(each.at),
                "outcome": each.outcome,
                "answer": each.answer,
                "latency_seconds": each.latency.total_seconds(),
            }
            for each in tries
        ]
    return record


def _instant(at: datetime | None) -> str | None:
    return None if at is None else instant(at)


def not_resent(number: int, row: Notification | None) -> str:
    """Why a notification was not sent again."""
    if row is None:
        return f"there is no notification {number}"
    match row.state:
        case NotificationState.DELIVERED:
            return f"{number} was delivered"
        case NotificationState.CLAIMED:
            return f"{number} is being sent right now"
        case NotificationState.SUPPRESSED:
            return f"{number} need not be told: another message told it, or nobody was to be told"
        case NotificationState.PENDING | NotificationState.DEAD:
            return f"{number} was sent in the meantime"
