"""What is told together: the outages that a route's `group_by` makes one, and when news of them are due. Pure.

A GROUP is an incident of its own, which lasts while any of its outages does; its first outage gives it its id. The
outages are measured one by one all the same. News of a group are gathered: those of one `group_interval` are one row of
the outbox, whose key follows from when it is due, so that they need not know of each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Final

from watcher.model.account import Severity
from watcher.model.notification import Incident, IncidentKind, Notification, NotificationKind, dedup_key_of
from watcher.model.route import Route

_NO_WAIT: Final = timedelta(0)
_LONGEST_CRITICAL: Final = timedelta(minutes=1)


class Groups:
    """The groups that are open, and which of their outages are. Begins with those of an earlier run.

    `members` are all outages of each group by its id, `still_open` the outages that are.
    """

    def __init__(
        self,
        incidents: Iterable[Incident] = (),
        members: Mapping[str, frozenset[str]] = {},
        still_open: Iterable[str] = (),
    ) -> None:
        lasting = frozenset(still_open)
        self._open = {each.key: each for each in incidents if each.kind is IncidentKind.GROUP}
        self._missing = {each.id: set(members.get(each.id, frozenset()) & lasting) for each in self._open.values()}

    def of(self, key: str, outage: Incident) -> Incident:
        """The group of that key; a new one, which begins with the incident of this outage, where there is none."""
        known = self._open.get(key)
        if known is not None:
            return known
        # By a hash, since the account may be forgotten while the others of its group are not.
        group_id = f"{key.partition('{')[0]}-{sha256(outage.id.encode()).hexdigest()[:16]}"
        return replace(outage, id=group_id, kind=IncidentKind.GROUP, key=key, labels={})

    def is_open(self, key: str) -> bool:
        """Whether there is a group of that key."""
        return key in self._open

    def holding(self, outage_id: str) -> tuple[Incident, ...]:
        """The groups that tell of this outage, which is open."""
        return tuple(each for each in self._open.values() if outage_id in self._missing[each.id])

    def missing(self, group_id: str) -> frozenset[str]:
        """The outages of the group that are open."""
        return frozenset(self._missing.get(group_id, ()))

    def note(self, opened: Iterable[Incident], joined: Iterable[tuple[str, str]], closed: Iterable[str]) -> None:
        """What was told: these incidents are new, these outages joined groups, these incidents (or outages) ended."""
        for incident in opened:
            if incident.kind is IncidentKind.GROUP and incident.key not in self._open:
                self._open[incident.key] = incident
                self._missing[incident.id] = set()
        for group_id, outage_id in joined:
            self._missing[group_id].add(outage_id)
        for ended in closed:
            self._end(ended)

    def over(self) -> tuple[str, ...]:
        """The groups of which no outage is open any more, though nobody said so: of accounts that left the list."""
        return tuple(group_id for group_id, missing in self._missing.items() if not missing)

    def _end(self, incident_id: str) -> None:
        for missing in self._missing.values():
            missing.discard(incident_id)
        if self._missing.pop(incident_id, None) is not None:
            self._open = {key: each for key, each in self._open.items() if each.id != incident_id}


def route_of(group: Incident) -> str:
    """The name of the route that tells of this group."""
    return group.key.partition("{")[0]


def wait_for(route: Route, severity: Severity) -> timedelta:
    """How long the first news of a group wait for others."""
    return _NO_WAIT if severity is Severity.CRITICAL else route.group_wait


def first_due(group: Incident, route: Route, at: datetime) -> datetime:
    """When a channel is first to be told of the group, of which it is to hear since `at`."""
    return max(group.opened_at + wait_for(route, group.severity), at)


def pace_of(route: Route, severity: Severity) -> timedelta:
    """How much time lies between two messages about a group, at least."""
    return min(route.group_interval, _LONGEST_CRITICAL) if severity is Severity.CRITICAL else route.group_interval


def update_rows(group: Incident, route: Route, channel: str, at: datetime, now: datetime) -> tuple[Notification, ...]:
    """The row that tells of a change at `at`; none while the group has not been told of, since that tells it too.

    What counts is when it becomes known, `now`: a message may have gone out since it happened. The key is of the time
    when it is due, so that none is taken for one of before the route was edited.
    """
    first, pace = group.opened_at + wait_for(route, group.severity), pace_of(route, group.severity)
    known = max(at, now)
    if group.opened_at <= known < first:  # not before it was opened: then the clock was set back
        return ()
    due_at = first + ((known - first) // pace + 1) * pace
    row = row_of(group, route.name, channel, NotificationKind.UPDATE, at, due_at=due_at)
    seq = max(1, ceil((due_at - group.opened_at).total_seconds()))
    return (replace(row, dedup_key=f"{row.dedup_key}/{due_at:%Y%m%dT%H%M%S%f}", seq=seq),)


def row_of(
    incident: Incident,
    route: str,
    channel: str,
    kind: NotificationKind,
    at: datetime,
    *,
    due_at: datetime | None = None,
) -> Notification:
    """A row of the outbox: tell `channel` of what happened to the incident at `at`, by this route."""
    return Notification(
        incident_id=incident.id,
        route=route,
        channel=channel,
        kind=kind,
        dedup_key=dedup_key_of(incident.id, channel, kind),
        due_at=at if due_at is None else due_at,
        event_at=at,
    )
