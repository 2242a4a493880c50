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
from watcher.judge.policy import severity_of
from watcher.model.account import Account, Severity, louder
from watcher.model.control import VantageState
from watcher.model.finding import Reason
from watcher.model.notification import Incident, IncidentKind, Notification, NotificationKind, dedup_key_of
from watcher.model.outage import EndCause, Outage, Transition, TransitionKind
from watcher.model.route import Route, Subject, every
from watcher.notify.alerts import labels_of
from watcher.notify.grouping import Groups, first_due, route_of, row_of, update_rows
from watcher.notify.route import channels_for, group_key, ways_to
from watcher.notify.wording import at_handle, name_of, place_of

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
    """What is to be stored with the state change: new incidents, those that end and when, and whom to tell.

    `joined` are (GROUP, outage) pairs: from now on the messages of the one tell of the other.
    """

    opened: tuple[Incident, ...] = ()
    closed: tuple[tuple[str, datetime], ...] = ()
    notifications: tuple[Notification, ...] = ()
    joined: tuple[tuple[str, str], ...] = ()

    def __add__(self, other: "News") -> "News":
        return News(
            opened=self.opened + other.opened,
            closed=self.closed + other.closed,
            notifications=self.notifications + other.notifications,
            joined=self.joined + other.joined,
        )


def announce(
    transitions: Sequence[Transition],
    account: Account,
    routes: Sequence[Route],
    title: str,
    groups: Groups,
    *,
    now: datetime,
) -> News:
    """The news of one account. `title` is the platform's name for people, `groups` are those that are open.

    What happened becomes known only `now`: an answer is looked into, and asked for anew, before it is believed.
    """
    ends = {t.outage.end_cause for t in transitions if t.kind is TransitionKind.OUTAGE_CLOSED and t.outage}
    news = News()
    for transition in transitions:
        outage = transition.outage
        if transition.kind is TransitionKind.OUTAGE_OPENED and outage is not None:
            news += _outage(transition, outage, account, routes, groups, now)
        elif transition.kind is TransitionKind.OUTAGE_CLOSED and outage is not None:
            news += News(closed=((outage.id, transition.at),))
            news += _fewer(transition.at, outage, routes, groups, now)
        elif transition.kind is TransitionKind.OUTAGE_REASON_CHANGED and outage is not None:
            news += _others_concerned(transition, outage, account, routes, groups, now)
        elif transition.kind in _NOTICES and _TOLD_BY_THE_END.get(transition.kind) not in ends:
            news += tell(_notice(transition, account, title), routes, account)
    return news


def _others_concerned(
    transition: Transition, outage: Outage, account: Account, routes: Sequence[Route], groups: Groups, now: datetime
) -> News:
    """An ALERT for those whom an outage concerns by its new reason, and did not by the one before.

    Also by the severity that the new reason gives, where that is louder; the outage keeps its own.
    """
    own = _incident_of(transition, outage, account)
    before = _by_reason(own, account, outage, Reason(transition.detail.get("from", outage.reason)))
    told = {channel for _, channel in ways_to(routes, before)}
    subject = _by_reason(own, account, outage, outage.reason)
    others = [way for way in ways_to(routes, subject) if way[1] not in told]
    return _by(others, own, subject, groups, now, _together(own, outage))


def _by_reason(own: Incident, account: Account, outage: Outage, reason: Reason) -> Subject:
    severity = louder(own.severity, severity_of(account.severity, reason, outage.certainty))
    return subject_of(replace(own, severity=severity), account, reason)


def _incident_of(transition: Transition, outage: Outage, account: Account) -> Incident:
    return Incident(
        id=outage.id,
        kind=IncidentKind.ACCOUNT,
        key=account.id,
        severity=outage.severity_then,
        opened_at=transition.at,
        labels=labels_of(account),
    )


def _outage(
    transition: Transition, outage: Outage, account: Account, routes: Sequence[Route], groups: Groups, now: datetime
) -> News:
    """The incident of one outage, told by each route alone or together with others.

    As part of a mass event it is told under that one's incident, once a channel; but by a route that tells of its group
    already, in that group.
    """
    own = _incident_of(transition, outage, account)
    subject, together = subject_of(own, account, outage.reason), _together(own, outage)
    news = News(opened=(own,) if together is None else (own, together))
    return news + _by(ways_to(routes, subject), own, subject, groups, now, together)


def _together(own: Incident, outage: Outage) -> Incident | None:
    """The mass event of the outage, as it is when this outage begins it; None where it is on its own."""
    if outage.cohort_id is None:
        return None
    return replace(own, id=outage.cohort_id, kind=IncidentKind.COHORT, key=key_of(outage.cohort_id), labels={})


def _by(
    ways: Iterable[tuple[Route, str]],
    own: Incident,
    subject: Subject,
    groups: Groups,
    now: datetime,
    together: Incident | None = None,
) -> News:
    news = News()
    for route, channel in ways:
        key = group_key(route, subject)
        if key is not None and (together is None or groups.is_open(key)):
            news += _joining(own, (route, channel), key, groups, now)
        else:
            news += _alert(together or own, route, channel)
    return news


def _alert(incident: Incident, route: Route, channel: str) -> News:
    return News(notifications=_alerts(incident, ((route.name, channel),), incident.opened_at))


def _joining(own: Incident, way: tuple[Route, str], key: str, groups: Groups, now: datetime) -> News:
    """One outage more in the group that the route tells of, which may begin with it.

    A channel that the route has been given since the group began is told of all that is missing now.
    """
    (route, channel), group = way, groups.of(key, own)
    if own.id in groups.missing(group.id):
        return News()  # its reason has changed once more
    due_at = first_due(group, route, own.opened_at)
    alert = row_of(group, route.name, channel, NotificationKind.ALERT, own.opened_at, due_at=due_at)
    news = News(joined=((group.id, own.id),), notifications=(alert,))
    if not groups.is_open(key):
        return news + News(opened=(group,))
    return news + News(notifications=update_rows(group, route, channel, own.opened_at, now))


def _fewer(at: datetime, outage: Outage, routes: Sequence[Route], groups: Groups, now: datetime) -> News:
    """One outage less in its groups: an update each, or the end with the last of them.

    By the route that tells of the group, whether or not it would take such an outage now: its reason, or the account's
    owner, may be another by then.
    """
    news = News()
    for group in groups.holding(outage.id):
        if groups.missing(group.id) == {outage.id}:
            news += News(closed=((group.id, at),))
            continue
        tree = tuple(every(routes))
        # Where none has its name any more, by all: who was not told of the group is not told of this.
        for route in [route for route in tree if route.name == route_of(group)] or tree:
            for channel in route.channels:
                news += News(notifications=update_rows(group, route, channel, at, now))
    return news


def tell(incident: Incident, routes: Sequence[Route], account: Account | None = None) -> News:
    """A new incident and one ALERT for each channel that the routes name."""
    return tell_by(incident, channels_of(incident, routes, account))


def tell_by(incident: Incident, ways: Iterable[tuple[str, str]]) -> News:
    """A new incident and one ALERT for each of these (route, channel) pairs."""
    return News(opened=(incident,), notifications=_alerts(incident, ways, incident.opened_at))


def tell_others(
    stranded: Notification,
    incident: Incident,
    told: Iterable[Notification],
    routes: Sequence[Route],
    about: tuple[Account | None, Outage | None],
) -> tuple[Notification, ...]:
    """An ALERT for each channel that the routes name now and that has no row of the incident.

    `stranded` is the row whose channel is gone; `about` are the account and the outage that the incident is about, or
    one of them. Where all is over by then it tells the whole story. A correction of what the others were not told is
    not told to them; nor is anything of an account that is not watched any more: whom it concerns cannot be said.
    """
    account, outage = about
    is_of_account = incident.kind in (IncidentKind.ACCOUNT, IncidentKind.NOTICE, IncidentKind.GROUP)
    if stranded.kind is NotificationKind.CORRECTION or (is_of_account and account is None):
        return ()
    known = {row.channel for row in told}
    subject = subject_of(incident, account, outage.reason if outage is not None else None)
    alerts = _alerts(incident, channels_for(routes, subject), stranded.event_at)
    return tuple(row for row in alerts if row.channel not in known)


def tell_instead(
    stranded: Notification, incident: Incident, told: Iterable[Notification], channel: str | None
) -> tuple[Notification, ...]:
    """What `channel` tells, which stands in for one that takes nothing any more; None: there is nobody.

    An ALERT, unless it has a row of the incident: then it needs to hear only of what has changed since. Where all is
    over by then it tells the whole story. A correction is not told to others.
    """
    if channel is None or stranded.kind is NotificationKind.CORRECTION:
        return ()
    if channel not in {row.channel for row in told}:
        return _alerts(incident, ((stranded.route, channel),), stranded.event_at)
    if stranded.kind is not NotificationKind.UPDATE:
        return ()
    # The same news, under the key that it would have there by its own route.
    row = row_of(incident, stranded.route, channel, stranded.kind, stranded.event_at, due_at=stranded.due_at)
    own = dedup_key_of(incident.id, stranded.channel, stranded.kind)
    return (replace(row, dedup_key=row.dedup_key + stranded.dedup_key.removeprefix(own), seq=stranded.seq),)


def channels_of(incident: Incident, routes: Sequence[Route], account: Account | None) -> tuple[tuple[str, str], ...]:
    """The (route, channel) pairs that are told of an incident: as the account's, where it is about one."""
    return channels_for(routes, subject_of(incident, account))


def subject_of(incident: Incident, account: Account | None, reason: Reason | None = None) -> Subject:
    """What routes and silences can tell of an incident, and of the account that it is about or one of them."""
    return Subject(
        platform=account.platform if account else incident.place.partition("@")[0],
        owner=account.owner if account else None,
        severity=incident.severity,
        reason=reason,
        account=account.id if account else None,
        labels=account.labels if account else {},
    )


def _alerts(incident: Incident, ways: Iterable[tuple[str, str]], at: datetime) -> tuple[Notification, ...]:
    return tuple(row_of(incident, route, channel, NotificationKind.ALERT, at) for route, channel in ways)


def unseen(account: Account, since: datetime, title: str, why: str) -> Incident:
    """The notice that one account has given no verdict since `since`, while its platform is seen well."""
    return Incident(
        id=f"{account.id}-{TransitionKind.ACCOUNT_BLIND}-{_stamp(since)}",
        kind=IncidentKind.NOTICE,
        key=account.id,
        severity=Severity.WARNING,
        opened_at=since,
        closed_at=since,
        detail=f"{_called(account, title)} cannot be seen, though the platform can: {why}",
        labels={**labels_of(account), "notice": TransitionKind.ACCOUNT_BLIND},
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
        detail=_sentence(transition, account, title),
        labels={**labels_of(account), "notice": transition.kind},
    )


def _sentence(transition: Transition, account: Account, title: str) -> str:
    called = _called(account, title)
    match transition.kind:
        case TransitionKind.ACCOUNT_NEVER_SEEN:
            reason = (transition.finding.reason if transition.finding else Reason.NOT_FOUND).replace("_", " ")
            return f"{called} was not there when watching began ({reason}): a typing error, or gone before"
        case TransitionKind.ACCOUNT_APPEARED:
            return f"{called} has appeared; from now on it is watched for outages"
        case TransitionKind.ACCOUNT_RENAMED:
            new = at_handle(transition.detail.get("handle", "?"))
            return f"{called} is now {new}; it is watched under the new name"
        case _:
            return f"{called} is now held by a different account than before"


def _called(account: Account, title: str) -> str:
    return f"{name_of(account)} on {place_of(account, {account.platform: title})}"


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}"
