"""Mass events: many accounts of one place gone at once are told in one message a channel, and so is their return. Pure.

The outages are measured one by one all the same; what is said here is read from them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from watcher.judge.cohort import Absences
from watcher.model.account import Account
from watcher.model.notification import (
    Incident,
    IncidentKind,
    NotificationKind,
)
from watcher.model.outage import Outage, Transition, TransitionKind
from watcher.model.route import Route
from watcher.notify.announce import News, subject_of
from watcher.notify.grouping import Groups, row_of
from watcher.notify.route import channels_for

# Those who return together are told of together, and so are those who join.
_GATHER: Final = timedelta(minutes=1)


def returns(
    transition: Transition,
    account: Account,
    routes: Sequence[Route],
    absences: Absences,
    incidents: Mapping[str, Incident],
) -> News:
    """What is told when an outage of a mass event ends: one update once most are back, the end once all are."""
    outage = transition.outage
    if transition.kind is not TransitionKind.OUTAGE_CLOSED or outage is None:
        return News()
    incident = incidents.get(outage.cohort_id or "")
    if incident is None:
        return News()
    if not absences.missing_of(incident.id):
        return News(closed=((incident.id, transition.at),))
    if not absences.is_returning(incident.id):
        return News()
    return News(
        notifications=tuple(
            replace(
                row_of(incident, route, channel, NotificationKind.UPDATE, transition.at),
                due_at=transition.at + _GATHER,
                seq=1,
            )
            for route, channel in _ways(incident, outage, account, routes)
        )
    )


def growth(
    transition: Transition, account: Account, routes: Sequence[Route], incidents: Mapping[str, Incident], now: datetime
) -> News:
    """What is told when another joins a mass event that is open: one update a minute, of all that are missing by then.

    Who was not told of the event itself (but of a group, say) gets none of it.
    """
    outage = transition.outage
    if transition.kind is not TransitionKind.OUTAGE_OPENED or outage is None:
        return News()
    incident = incidents.get(outage.cohort_id or "")
    if incident is None:
        return News()
    due_at = incident.opened_at + ((now - incident.opened_at) // _GATHER + 1) * _GATHER
    rows = (
        row_of(incident, route, channel, NotificationKind.UPDATE, transition.at, due_at=due_at)
        for route, channel in _ways(incident, outage, account, routes)
    )
    return News(
        notifications=tuple(replace(row, dedup_key=f"{row.dedup_key}/{due_at:%Y%m%dT%H%M%S}", seq=1) for row in rows)
    )


def _ways(incident: Incident, outage: Outage, account: Account, routes: Sequence[Route]) -> tuple[tuple[str, str], ...]:
    """Whom this outage concerns, by its own reason and severity: they have the event's alert, if that is told of it."""
    return channels_for(routes, subject_of(replace(incident, severity=outage.severity_then), account, outage.reason))


def over(incidents: Iterable[Incident], absences: Absences, groups: Groups, now: datetime) -> News:
    """The end of mass events and groups of which nobody is missing any more, or watched."""
    ended = [each.id for each in incidents if each.kind is IncidentKind.COHORT and not absences.missing_of(each.id)]
    return News(closed=tuple((incident_id, now) for incident_id in (*ended, *groups.over())))
