"""Who is told that somebody takes care of an incident, in the form that every store needs it. Pure: no rows, no I/O."""

from collections.abc import Sequence
from datetime import datetime

from watcher.model.notification import Notification, NotificationKind, NotificationState, dedup_key_of
from watcher.store.commits import following

_REACHES = (NotificationState.PENDING, NotificationState.CLAIMED, NotificationState.DELIVERED)


def acknowledged_rows(at: datetime, told: Sequence[Notification]) -> list[Notification]:
    """The ACKNOWLEDGED rows of what was done `at` that instant: one for each channel that was told, or will be.

    `told` are the incident's notifications, oldest first. One that names recipients left reached the others. What a row
    shows is how things stand when it is sent: that somebody acknowledged, or that nobody does any more.
    """
    rows: dict[str, Notification] = {}
    for row in reversed(told):
        if row.kind is NotificationKind.ALERT and (row.state in _REACHES or row.recipients):
            key = dedup_key_of(row.incident_id, row.channel, NotificationKind.ACKNOWLEDGED)
            numbered = f"{key}/{at:%Y%m%dT%H%M%S%f}"
            rows.setdefault(row.channel, following(row, told, NotificationKind.ACKNOWLEDGED, numbered, at))
    return list(reversed(rows.values()))
