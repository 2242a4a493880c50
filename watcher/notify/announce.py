"""What people are told of: incidents and their notifications, made from what happened. Pure.

An outage is an incident of its account; those of a mass event are told together, under one incident more. What happens
once (never seen, appeared, renamed, re-registered) is a notice. What we cannot see is an incident of the platform, or
of our own network when nothing at all is reached.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from watcher.judge.cohort import key_of
from watcher.model.account import Account, Severity
from watcher.model.control import VantageState
from watcher.model.notification import Incident, IncidentKind, Notification, NotificationKind, dedup_key_of
from watcher.model.outage import EndCause, Outage, Transition, TransitionKind
from watcher.model.route import Route
from watcher.notify.route import Subject, channels_for

_NOTICES: Final = {
    TransitionKind.ACCOUNT_NEVER_SEEN: Severity.WARNING,
    TransitionKind.ACCOUNT_APPEARED: Severity.INFO,
    TransitionKind.ACCOUNT_RENAMED: Severity.INFO,
    TransitionKind.ACCOUNT_REREGISTERED: Severity.WARNING,
}
_TOLD_BY_THE_END: Final = {
    TransitionKind.ACCOUNT_RENAMED: EndCause.RENAMED,
    TransitionKind.ACCOUNT_REREGISTERED: EndCause.REREGISTERED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is to be stored with the state change: new incidents, those that end and when, and whom to tell."""

    opened: tuple[Incident, ...] = ()
    closed: tuple[tuple[str, datetime], ...] = ()
    notifications: tuple[Notification, ...] = ()

    def __add__(self, other: "News") -> "News":
        return News(
            opened=self.opened + other.opened,
            closed=self.closed + other.closed,
            notifications=self.notifications + other.notifications,
        )


def announce(transitions: Sequence[Transition], account: Account, routes: Sequence[Route], title: str) -> News:
    """The news of one account. `title` is the platform's name for people."""
    ends = {t.outage.end_cause for t in transitions if t.kind is TransitionKind.OUTAGE_CLOSED and t.outage}
    news = News()
    for transition in transitions:
        outage = transition.outage
        if transition.kind is TransitionKind.OUTAGE_OPENED and outage is not None:
            news += _outage(transition, outage, account, routes)
        elif transition.kind is TransitionKind.OUTAGE_CLOSED and outage is not None:
            news += News(closed=((outage.id, transition.at),))
        elif transition.kind in _NOTICES and _TOLD_BY_THE_END.get(transition.kind) not in ends:
            news += tell(_notice(transition, account, title), routes, account)
    return news


def _outage(transition: Transition, outage: Outage, account: Account, routes: Sequence[Route]) -> News:
    """The incident of one outage. As part of a mass event it is told under that one's incident, once a channel."""
    own = Incident(
        id=outage.id,
        kind=IncidentKind.ACCOUNT,
        key=account.id,
        severity=outage.severity_then,
        opened_at=transition.at,
    )
    if outage.cohort_id is None:
        return tell(own, routes, account)
    together = replace(own, id=outage.cohort_id, kind=IncidentKind.COHORT, key=key_of(outage.cohort_id))
    return News(opened=(own,)) + tell(together, routes, account)


def tell(incident: Incident, routes: Sequence[Route], account: Account | None = None) -> News:
    """A new incident and one ALERT for each channel that the routes name."""
    return News(opened=(incident,), notifications=_alerts(incident, routes, account, incident.opened_at))


def tell_others(
    stranded: Notification,
    incident: Incident,
    told: Iterable[Notification],
    routes: Sequence[Route],
    account: Account | None,
) -> tuple[Notification, ...]:
    """An ALERT for each channel that the routes name now and that has no row of the incident.

    `stranded` is the row whose channel is gone. Where all is over by then it tells the whole story. A correction of
    what the others were not told is not told to them; nor is anything of an account that is not watched any more: whom
    it concerns cannot be said.
    """
    is_of_account = incident.kind in (IncidentKind.ACCOUNT, IncidentKind.NOTICE)
    if stranded.kind is NotificationKind.CORRECTION or (is_of_account and account is None):
        return ()
    known = {row.channel for row in told}
    alerts = _alerts(incident, routes, account, stranded.event_at)
    return tuple(row for row in alerts if row.channel not in known)


def channels_of(incident: Incident, routes: Sequence[Route], account: Account | None) -> tuple[tuple[str, str], ...]:
    """The (route, channel) pairs that are told of an incident: as the account's, where it is about one."""
    subject = Subject(
        platform=account.platform if account else incident.place.partition("@")[0],
        owner=account.owner if account else None,
        severity=incident.severity,
        labels=account.labels if account else {},
    )
    return channels_for(routes, subject)


def _alerts(
    incident: Incident, routes: Sequence[Route], account: Account | None, at: datetime
) -> tuple[Notification, ...]:
    return tuple(
        Notification(
            incident_id=incident.id,
            route=route,
            channel=channel,
            kind=NotificationKind.ALERT,
            dedup_key=dedup_key_of(incident.id, channel, NotificationKind.ALERT),
            due_at=at,
            event_at=at,
        )
        for route, channel in channels_of(incident, routes, account)
    )


def unseen(account: Account, since: datetime, title: str, why: str) -> Incident:
    """The notice that one account has given no verdict since `since`, while its platform is seen well."""
    return Incident(
        id=f"{account.id}-{TransitionKind.ACCOUNT_BLIND}-{_stamp(since)}",
        kind=IncidentKind.NOTICE,
        key=account.id,
        severity=Severity.WARNING,
        opened_at=since,
        closed_at=since,
        detail=f"@{account.display_handle} on {title} cannot be seen, though the platform can: {why}",
    )


def blindness(
    blind: Mapping[str, str],
    incidents: Iterable[Incident],
    vantage: tuple[str, VantageState],
    routes: Sequence[Route],
    now: datetime,
) -> News:
    """Open and close the incidents of what cannot be seen.

    `blind` maps each platform (with `@instance`) of which an account is without a verdict to what the controls say.
    While the vantage is OFFLINE there is one incident for all; platforms told of before stay as they are.
    """
    told = {(i.kind, i.key): i for i in incidents if i.kind in (IncidentKind.PLATFORM, IncidentKind.EGRESS)}
    where, state = vantage
    offline = state is VantageState.OFFLINE
    wanted: dict[tuple[IncidentKind, str], str] = {}
    if offline and blind:
        wanted[IncidentKind.EGRESS, where] = "nothing was reached from here"
    else:
        wanted = {(IncidentKind.PLATFORM, key): why for key, why in blind.items()}
    ended = (i for key, i in told.items() if key not in wanted and not (offline and i.kind is IncidentKind.PLATFORM))
    news = News(closed=tuple((incident.id, now) for incident in ended))
    for (kind, key), why in wanted.items():
        if (kind, key) not in told:
            opened = Incident(
                id=f"{kind}-{key}-{_stamp(now)}",
                kind=kind,
                key=key,
                severity=Severity.WARNING,
                opened_at=now,
                detail=why,
            )
            news += tell(opened, routes)
    return news


def _notice(transition: Transition, account: Account, title: str) -> Incident:
    return Incident(
        id=f"{account.id}-{transition.kind}-{_stamp(transition.at)}",
        kind=IncidentKind.NOTICE,
        key=account.id,
        severity=_NOTICES[transition.kind],
        opened_at=transition.at,
        closed_at=transition.at,
        detail=_sentence(transition, f"@{account.display_handle}", title),
    )


def _sentence(transition: Transition, name: str, title: str) -> str:
    match transition.kind:
        case TransitionKind.ACCOUNT_NEVER_SEEN:
            reason = transition.finding.reason if transition.finding else "not found"
            return f"{name} on {title} was not there when watching began ({reason}): a typing error, or gone before"
        case TransitionKind.ACCOUNT_APPEARED:
            return f"{name} has appeared on {title}; from now on it is watched for outages"
        case TransitionKind.ACCOUNT_RENAMED:
            return f"{name} on {title} is now @{transition.detail.get('handle', '?')}; it is watched under the new name"
        case _:
            return f"{name} on {title} is now held by a different account than before"


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}"
