"""An account that comes and goes: one message when that begins and one when it ends, instead of one each time. Pure.

Its outages are opened, measured and kept all the same. One that is open when the coming and going ends is told then.
"""

from collections.abc import Callable, Iterable, Sequence
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
from watcher.notify.announce import News, tell

_LOOK_AGAIN: Final = timedelta(minutes=1)


def comes_and_goes(
    transition: Transition, account: Account, routes: Sequence[Route], incidents: Iterable[Incident]
) -> News:
    """What is told when an account begins to come and go, and when it does so no more."""
    match transition.kind:
        case TransitionKind.FLAPPING_STARTED:
            incident = Incident(
                id=f"{account.id}-flapping-{transition.at:%Y%m%dT%H%M%S}",
                kind=IncidentKind.FLAPPING,
                key=account.id,
                severity=account.severity,
                opened_at=transition.at,
                detail=transition.detail.get("changes", ""),
                labels=labels_of(account),
            )
            return tell(incident, routes, account)
        case TransitionKind.FLAPPING_STOPPED:
            return settled(incidents, lambda other: None if other == account.id else transition.at, transition.at)
        case _:
            return News()


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
