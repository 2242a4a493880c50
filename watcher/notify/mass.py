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
    Message,
    NotificationKind,
)
from watcher.model.outage import Duration, Outage, Transition, TransitionKind
from watcher.model.route import Route
from watcher.notify.announce import News, channels_of
from watcher.notify.grouping import Groups, row_of
from watcher.notify.view import View, compose
from watcher.notify.wording import at_handle, format_about, format_duration, format_stamp, short_hash

# Those who return together are told of together.
_GATHER: Final = timedelta(minutes=1)
_NAMES: Final = 12


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
            for route, channel in channels_of(incident, routes, account)
        )
    )


def over(incidents: Iterable[Incident], absences: Absences, groups: Groups, now: datetime) -> News:
    """The end of mass events and groups of which nobody is missing any more, or watched."""
    ended = [each.id for each in incidents if each.kind is IncidentKind.COHORT and not absences.missing_of(each.id)]
    return News(closed=tuple((incident_id, now) for incident_id in (*ended, *groups.over())))


def render_mass(view: View) -> Message:
    """Many accounts of one place that are gone, or were."""
    incident, outages = view.incident, view.outages
    platform, _, instance = incident.place.partition("@")
    place = view.titles.get(platform, platform) + (f" ({instance})" if instance else "")
    missing = [outage for outage in outages if outage.is_open]
    of = f"{len(outages)} of {view.watched_there} accounts" if view.watched_there else f"{len(outages)} accounts"
    subject = f"Many accounts on {place} unavailable"
    began = min((outage.began.latest for outage in outages), default=incident.opened_at)
    facts = [("Missing since", f"about {format_stamp(began)}"), ("Accounts", _names(outages))]
    if view.digest:
        facts.append(("Evidence hash", short_hash(view.digest)))
    if view.is_over:
        headline = f"{of} on {place} were not available" if view.kind is NotificationKind.ALERT else _back(of, place)
        sentences = (f"All are seen again{_spans(outages)}, or are no longer watched.",)
    elif view.kind is NotificationKind.ALERT:
        headline = f"{of} on {place} are not available"
        sentences = (
            "Logged-out visitors no longer see these profiles, while others there are shown as ever.",
            *((f"{view.checking} more may be missing too and are being checked.",) if view.checking else ()),
            "They are told of together, and so will be their return; the outage of each is measured.",
        )
    elif view.kind is NotificationKind.REMINDER:
        headline = f"{len(missing)} of {len(outages)} accounts on {place} are still not available{_after(view, began)}"
        sentences = (f"Still missing: {_names(missing)}.",)
    else:
        headline = f"{len(outages) - len(missing)} of {len(outages)} accounts on {place} are back"
        sentences = (f"Still missing: {_names(missing)}.",)
    return compose(view, headline=headline, subject=subject, sentences=sentences, facts=facts)


def _after(view: View, began: datetime) -> str:
    return f" after {format_about(view.now - began)}"


def _back(of: str, place: str) -> str:
    return f"{of} on {place} are back"


def _spans(outages: Sequence[Outage]) -> str:
    lasted = sorted((outage.duration for outage in outages if outage.duration.max is not None), key=_best)
    if not lasted:
        return ""
    if len(lasted) == 1 or _best(lasted[0]) == _best(lasted[-1]):
        return f" after {format_duration(lasted[-1])}"
    return f" after {format_duration(lasted[0])} to {format_duration(lasted[-1])}"


def _best(duration: Duration) -> timedelta:
    return duration.best


def _names(outages: Sequence[Outage]) -> str:
    shown = [at_handle(outage.handle_then) for outage in outages[:_NAMES]]
    more = len(outages) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
