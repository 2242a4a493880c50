"""Who is to be reminded of what lasts and nobody has acknowledged. Pure.

Every channel has a clock of its own: it runs from when that channel last took anything of the incident, or was last
reminded. What was decided twice, or once more after a restart, has the same key, and is one reminder.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from watcher.model.notification import Notification, NotificationKind, dedup_key_of
from watcher.model.route import Route, teller
from watcher.store.values import Told


def reminders(told: Iterable[Told], routes: Sequence[Route], now: datetime) -> tuple[Notification, ...]:
    """A REMINDER for each channel whose route wants one by now. A channel that no route has any more wants none."""
    rows = (_reminder(each, routes, now) for each in told)
    return tuple(row for row in rows if row is not None)


def soonest(routes: Iterable[Route]) -> timedelta | None:
    """The shortest time after which any route wants a reminder; None where none does."""
    return min((route.repeat_interval for route in routes if route.repeat_interval is not None), default=None)


def _reminder(told: Told, routes: Sequence[Route], now: datetime) -> Notification | None:
    route = teller(routes, told.route, told.channel)
    if route is None or route.repeat_interval is None or told.channel not in route.channels:
        return None
    if now - told.last_at < route.repeat_interval:
        return None
    key = dedup_key_of(told.incident.id, told.channel, NotificationKind.REMINDER)
    return Notification(
        incident_id=told.incident.id,
        route=told.route,
        channel=told.channel,
        kind=NotificationKind.REMINDER,
        dedup_key=f"{key}/{told.reminders + 1}",
        due_at=now,
        event_at=now,
        seq=told.seq + 1,
    )
