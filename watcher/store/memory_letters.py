"""What was to be told, told and given up, in memory: listed, and sent again."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from watcher.model.notification import Delivery, Notification, NotificationState
from watcher.store.memory_record import MemoryRecord
from watcher.store.values import RESENDABLE, RESENT


class MemoryLetters(MemoryRecord):
    """The methods of `Store` by which people look after the outbox."""

    def notifications(
        self,
        *,
        ids: Collection[int] | None = None,
        states: Collection[NotificationState] = (),
        channel: str | None = None,
        incident_id: str | None = None,
        limit: int | None = 100,
    ) -> tuple[Notification, ...]:
        """Rows of the outbox, the latest first."""
        found = [
            row
            for row in self._notifications.values()
            if (ids is None or row.id in ids)
            and (not states or row.state in states)
            and channel in (None, row.channel)
            and incident_id in (None, row.incident_id)
        ]
        found.sort(key=lambda row: (row.event_at, row.id), reverse=True)
        return tuple(found[:limit])

    def tries(self, notification_id: int) -> tuple[Delivery, ...]:
        """The tries of one row, the oldest first."""
        return tuple(each for each in self._deliveries if each.notification_id == notification_id)

    def resend(self, ids: Sequence[int], *, by: str, at: datetime) -> tuple[int, ...]:
        """Make rows that were given up, or wait, due at once."""
        wanted = sorted(set(ids) & self._notifications.keys())
        done = tuple(each for each in wanted if self._notifications[each].state in RESENDABLE)
        for each in done:
            self._notifications[each] = replace(
                self._notifications[each],
                state=NotificationState.PENDING,
                claimed_until=None,
                due_at=at,
                attempts=0,
                resent_at=at,
            )
            note = Delivery(notification_id=each, at=at, outcome=RESENT, answer=by, latency=timedelta(0))
            self._deliveries.append(note)
        return done

    def dead(self) -> dict[str, int]:
        """How many were given up, by channel."""
        return dict(Counter(row.channel for row in self._notifications.values() if row.state is NotificationState.DEAD))
