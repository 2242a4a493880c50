"""Silences, incidents and what was told of them as records for machines, in the manner of `record`. Pure."""

from collections.abc import Sequence
from datetime import datetime

from watcher.model.notification import Delivery, Incident, Notification
from watcher.model.record import Record, instant
from watcher.model.silence import Silence


def silence_record(silence: Silence, now: datetime) -> Record:
    """One silence, with where it stands: active, pending or expired."""
    return {
        "id": silence.id,
        "state": standing(silence, now),
        "matchers": [str(matcher) for matcher in silence.matchers],
        "starts_at": instant(silence.starts_at),
        "ends_at": instant(silence.ends_at),
        "by": silence.by,
        "comment": silence.comment,
    }


def standing(silence: Silence, now: datetime) -> str:
    """Whether it holds (active), is still to begin (pending) or has ended (expired)."""
    if silence.is_active(now):
        return "active"
    return "pending" if now < silence.starts_at else "expired"


def incident_record(incident: Incident) -> Record:
    """One incident. `detail` is as it was written: who shows it must escape it."""
    return {
        "id": incident.id,
        "kind": str(incident.kind),
        "key": incident.key,
        "severity": str(incident.severity),
        "opened_at": instant(incident.opened_at),
        "closed_at": incident.closed_at and instant(incident.closed_at),
        "open": incident.closed_at is None,
        "detail": incident.detail,
        "acknowledged": incident.acked_at
        and {"by": incident.acked_by or "", "at": instant(incident.acked_at), "comment": incident.ack_comment},
    }


def notification_record(row: Notification, tries: Sequence[Delivery]) -> Record:
    """What a channel was told, or is to be, with every try that is still kept."""
    return {
        "kind": str(row.kind),
        "channel": row.channel,
        "route": row.route,
        "state": str(row.state),
        "dedup_key": row.dedup_key,
        "event_at": instant(row.event_at),
        "due_at": instant(row.due_at),
        "delivered_at": row.delivered_at and instant(row.delivered_at),
        "latency_seconds": None if row.delivered_at is None else (row.delivered_at - row.event_at).total_seconds(),
        "attempts": row.attempts,
        "deliveries": [_delivery_record(each) for each in tries],
    }


def _delivery_record(delivery: Delivery) -> Record:
    return {
        "at": instant(delivery.at),
        "outcome": delivery.outcome,
        "answer": delivery.answer,
        "latency_seconds": delivery.latency.total_seconds(),
    }
