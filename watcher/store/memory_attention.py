"""Silences, acknowledgements, and what was told of what lasts: the part of `memory` that people turn to."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from watcher.model.notification import Delivery, Incident, IncidentKind, Notification, NotificationKind
from watcher.model.notification import NotificationState as State
from watcher.model.silence import Silence
from watcher.store.acknowledgement import acknowledged_rows
from watcher.store.memory_record import MemoryRecord
from watcher.store.values import EPOCH, Amended, Forgotten, Told

_UNDELIVERED = (State.PENDING, State.CLAIMED)


class MemoryAttention(MemoryRecord):
    """See `sql_attention`."""

    def __init__(self) -> None:
        super().__init__()
        self._silences: dict[str, Silence] = {}

    def add_silence(self, silence: Silence, *, once: bool = False) -> Amended:
        """Keep a silence."""
        if silence.id in self._silences:
            return Amended.ALREADY
        if once and any(each.says_the_same(silence) for each in self.silences(silence.starts_at)):
            return Amended.ALREADY
        self._silences[silence.id] = silence
        return Amended.DONE

    def expire_silence(self, silence_id: str, at: datetime) -> Amended:
        """End a silence."""
        silence = self._silences.get(silence_id)
        if silence is None:
            return Amended.UNKNOWN
        if silence.ends_at <= at:
            return Amended.ALREADY
        self._silences[silence_id] = replace(silence, starts_at=min(silence.starts_at, at), ends_at=at)
        return Amended.DONE

    def silences(self, since: datetime | None = None) -> tuple[Silence, ...]:
        """The silences, by their beginning."""
        found = (each for each in self._silences.values() if since is None or each.ends_at > since)
        return tuple(sorted(found, key=lambda silence: (silence.starts_at, silence.id)))

    def forget(self, account_id: str, *, even_watched: bool = False) -> Forgotten:
        """Erase all that is kept of an account."""
        done = super().forget(account_id, even_watched=even_watched)
        if done is Forgotten.DONE:
            self._silences = {key: each for key, each in self._silences.items() if not each.is_of(account_id)}
        return done

    def _drop_told(self, old: datetime) -> None:
        super()._drop_told(old)
        self._silences = {key: silence for key, silence in self._silences.items() if silence.ends_at >= old}

    def _size(self) -> int:
        return super()._size() + len(self._silences)

    def ack(self, incident_id: str, by: str, at: datetime, comment: str | None = None) -> Amended:
        """Somebody takes care of it."""
        return self._mark(incident_id, at, (by, at, comment))

    def unack(self, incident_id: str, at: datetime) -> Amended:
        """Nobody does any more."""
        return self._mark(incident_id, at, (None, None, None))

    def _mark(self, incident_id: str, at: datetime, mark: tuple[str | None, datetime | None, str | None]) -> Amended:
        incident = self._incidents.get(incident_id)
        if incident is None:
            return Amended.UNKNOWN
        if incident.closed_at is not None:
            return Amended.OVER
        by, acked_at, comment = mark
        if (incident.acked_at is None) is (acked_at is None):
            return Amended.ALREADY
        self._incidents[incident_id] = replace(incident, acked_by=by, acked_at=acked_at, ack_comment=comment)
        self._tell(acknowledged_rows(at, self._about(incident_id)))
        return Amended.DONE

    def incidents(
        self, *, kind: IncidentKind | None = None, open_only: bool = False, limit: int = 100
    ) -> tuple[Incident, ...]:
        """Incidents, the latest first."""
        found = [
            incident
            for incident in self._incidents.values()
            if kind in (None, incident.kind) and not (open_only and incident.closed_at is not None)
        ]
        found.sort(key=lambda incident: (incident.opened_at, incident.id), reverse=True)
        return tuple(found[:limit])

    def deliveries(self, incident_id: str) -> tuple[Delivery, ...]:
        """Every try to tell of an incident."""
        rows = {row.id for row in self._about(incident_id)}
        return tuple(each for each in self._deliveries if each.notification_id in rows)

    def _told_to(self, channel: str, since: datetime) -> Iterator[Notification]:
        """The ALERT rows of what lasts, or of whose end the channel was told after `since`."""
        mine = [row for row in self._notifications.values() if row.channel == channel]
        ends = {row.incident_id for row in mine if row.kind is NotificationKind.RESOLVED and _after(row, since)}
        for row in mine:
            is_told = row.state is State.DELIVERED or bool(row.recipients)
            is_current = self._incidents[row.incident_id].closed_at is None or row.incident_id in ends
            if row.kind is NotificationKind.ALERT and is_told and is_current:
                yield row

    def told(self, before: datetime, now: datetime) -> tuple[Told, ...]:
        """The channels that were told of what lasts."""
        rows: defaultdict[tuple[str, str], list[Notification]] = defaultdict(list)
        for row in self._notifications.values():
            incident = self._incidents[row.incident_id]
            if incident.closed_at is None and incident.acked_at is None:
                rows[row.incident_id, row.channel].append(row)
        found = (_told(self._incidents[key[0]], several, now) for key, several in rows.items())
        wanted = [each for each in found if each is not None and each.last_at <= before]
        return tuple(sorted(wanted, key=lambda each: (each.incident.opened_at, each.incident.id, each.channel)))


def _after(row: Notification, since: datetime) -> bool:
    return row.delivered_at is not None and row.delivered_at > since


def _told(incident: Incident, rows: list[Notification], now: datetime) -> Told | None:
    delivered = [row.delivered_at for row in rows if row.delivered_at is not None]
    if not delivered or any(row.state in _UNDELIVERED and not row.recipients for row in rows):
        return None
    reminded = [row.event_at for row in rows if row.kind is NotificationKind.REMINDER]
    alerts = [row.route for row in rows if row.kind is NotificationKind.ALERT]
    return Told(
        incident=incident,
        route=min(alerts or [row.route for row in rows]),
        channel=rows[0].channel,
        last_at=max((at for at in delivered + reminded if at <= now), default=EPOCH),
        reminders=len(reminded),
        seq=max(row.seq for row in rows),
    )
