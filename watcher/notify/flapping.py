"""An account that comes and goes: one message when that begins and one when it ends, instead of one each time. Pure.

Its outages are opened, measured and kept all the same. One that is open when the coming and going ends is told then.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from watcher.model.account import Account
from watcher.model.notification import (
    Incident,
    IncidentKind,
    Notification,
    NotificationKind,
    Withheld,
)
from watcher.model.outage import Outage, Transition, TransitionKind
from watcher.model.route import Route
from watcher.notify.alerts import labels_of
from watcher.notify.announce import News, subject_of, tell_by
from watcher.notify.route import channels_for

_TURNS: Final = (TransitionKind.OUTAGE_OPENED, TransitionKind.OUTAGE_CLOSED)
_LOOK_AGAIN: Final = timedelta(minutes=1)


def comes_and_goes(
    transitions: Sequence[Transition], account: Account, routes: Sequence[Route], incidents: Iterable[Incident]
) -> News:
    """What is told when an account begins to come and go, and when it does so no more."""
    news = News()
    for transition in transitions:
        if transition.kind is TransitionKind.FLAPPING_STARTED:
            news += _begun(transition, transitions, account, routes)
        elif transition.kind is TransitionKind.FLAPPING_STOPPED:
            its = (each for each in incidents if each.kind is IncidentKind.FLAPPING and each.key == account.id)
            news += News(closed=tuple((each.id, transition.at) for each in its))
    return news


def _begun(
    transition: Transition, transitions: Sequence[Transition], account: Account, routes: Sequence[Route]
) -> News:
    """Told to those whom the outage concerns that began or ended just now: they are told of no more of them."""
    incident = Incident(
        id=f"{account.id}-flapping-{transition.at:%Y%m%dT%H%M%S}",
        kind=IncidentKind.FLAPPING,
        key=account.id,
        severity=account.severity,
        opened_at=transition.at,
        detail=transition.detail.get("changes", ""),
        labels=labels_of(account),
    )
    subject = subject_of(incident, account)
    for each in transitions:
        if each.kind in _TURNS and each.outage is not None:
            subject = subject_of(replace(incident, severity=each.outage.severity_then), account, each.outage.reason)
    return tell_by(incident, channels_for(routes, subject))


def settled(incidents: Iterable[Incident], flapping_since: Callable[[str], datetime | None], now: datetime) -> News:
    """The end of those that come and go no more, or are watched no more."""
    over = (each.id for each in incidents if each.kind is IncidentKind.FLAPPING and flapping_since(each.key) is None)
    return News(closed=tuple((incident_id, now) for incident_id in over))


def muted(
    row: Notification,
    outages: Sequence[Outage],
    flapping_since: Callable[[str], datetime | None],
    patience: Callable[[str], timedelta],
    now: datetime,
) -> Withheld | None:
    """Why nobody is told now that these outages began: their accounts come and go, and did when they were confirmed.

    Once that is over those that are still open are told, and so is one that lasts for longer than `patience`: who came
    and went may be gone for good. Those that ended meanwhile never are.
    """
    if row.kind is not NotificationKind.ALERT or not outages:
        return None
    since = [flapping_since(outage.account_id) for outage in outages]
    if any(at is None or outage.confirmed_at < at for at, outage in zip(since, outages, strict=True)):
        return None
    if any(each.is_open and now - each.confirmed_at >= patience(each.account_id) for each in outages):
        return None
    lasting = any(outage.is_open for outage in outages)
    return Withheld(reason="flapping", until=now + _LOOK_AGAIN if lasting else None)
