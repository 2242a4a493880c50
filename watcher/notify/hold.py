"""What keeps a piece of news from being told now: silences, the hours of its route, something that explains it. Pure.

As in Alertmanager nobody is told while something is silenced. What outlasts it is told when it ends; what is over by
then nobody ever hears of. Who was told before it began hears of the rest once it ends: nothing that was told of stays
without its end. Neither does what was to be told before it began and could not be (or perhaps was, when we died), or
what somebody asked to have sent again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from watcher.model.notification import (
    Incident,
    IncidentKind,
    Notification,
    NotificationKind,
    NotificationState,
    Withheld,
)
from watcher.model.silence import Silence

LOOK_AGAIN: Final = timedelta(minutes=1)
"""How long a row waits at most before it is asked again whether it must: silences come and go meanwhile."""
SOON: Final = timedelta(seconds=15)
"""The same for what waits for something to be seen again."""

MAY_WAIT: Final = (NotificationKind.UPDATE, NotificationKind.REMINDER)
"""What may wait for something to be seen again: the beginning and the end are told."""

Subject = Mapping[str, str]
"""What a piece of news is about, by the names that matchers use."""

# What has no duration: it is news whenever it is told.
_ONCE: Final = (IncidentKind.NOTICE, IncidentKind.DIGEST)
# Only a matcher on `kind` may keep these from people.
_LOUD: Final = (IncidentKind.META, IncidentKind.DIGEST)
_OF_ACCOUNTS: Final = (IncidentKind.ACCOUNT, IncidentKind.COHORT, IncidentKind.GROUP)
_AFTERWARDS: Final = (NotificationKind.RESOLVED, NotificationKind.CORRECTION, NotificationKind.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known beside the row itself.

    `subjects` are what it is about: one, or each of those missing whom it tells of together; where all are back, each
    of those who were. `told` are all rows of the incident. `silences` may be over, or not have begun. `quiet_until` is
    when the route's quiet hours end (None: they do not hold), `was_quiet` whether they held when it ended, and
    `due_quiet` whether at `due_at`, when the row was first to be told. `explained` says what hides what it is about
    ("": nothing).
    """

    subjects: tuple[Subject, ...]
    is_over: bool
    ended_at: datetime | None
    due_at: datetime
    told: Sequence[Notification] = ()
    silences: Sequence[Silence] = ()
    quiet_until: datetime | None = None
    was_quiet: bool = False
    due_quiet: bool = False
    explained: str = ""


def hold(incident: Incident, row: Notification, around: Around, now: datetime) -> Withheld | None:
    """Why `row` is not to be sent at `now`, and until when; None: it is."""
    if (stale := _stale(incident, row, around)) is not None:
        return Withheld(reason=stale)
    heard = _has_heard(row, around.told)
    if around.is_over and not heard and incident.kind not in _ONCE:
        if row.kind in _AFTERWARDS and _was_suppressed(row, around.told):
            return Withheld(reason="nobody was told that it began")
        if not _was_due(incident, row, around) and _ended_unheard(incident, row, around):
            return Withheld(reason="it began and ended while nobody was to be told")
    waits = _silenced(incident, row, around, now) or _quiet(around) or _explained(incident, row, around, now)
    if waits is None or waits.until is None:
        return waits
    return Withheld(reason=waits.reason, until=min(waits.until, now + LOOK_AGAIN))


def silenced_until(subjects: Iterable[Subject], silences: Iterable[Silence], at: datetime) -> datetime | None:
    """Until when every one of the subjects is silenced at least; None when one of them is not, at `at`."""
    active = [silence for silence in silences if silence.is_active(at)]
    ends = [max((each.ends_at for each in active if each.mutes(subject)), default=None) for subject in subjects]
    known = [end for end in ends if end is not None]
    return min(known) if known and len(known) == len(ends) else None


def explanation(places: Collection[str], others: Iterable[Incident]) -> str:
    """Which of the open incidents explains that nothing new is known of these places; "" where none does.

    Only what explains all of it does: that every one of the places cannot be observed, or our own network.
    """
    unseen = set(places)
    for other in others:
        if other.kind is IncidentKind.EGRESS:
            return "our own network is down"
        if other.kind is IncidentKind.PLATFORM:
            unseen.discard(other.key)
    return "what it is about cannot be observed" if places and not unseen else ""


def _stale(incident: Incident, row: Notification, around: Around) -> str | None:
    """Why the row has nothing to say any more."""
    if row.kind in (NotificationKind.REMINDER, NotificationKind.ACKNOWLEDGED) and around.is_over:
        return "it is over, which is told by another message"
    if row.kind is NotificationKind.REMINDER and incident.acked_at is not None:
        return "somebody acknowledged it"
    return None


def _has_heard(row: Notification, told: Iterable[Notification]) -> bool:
    """True when somebody of its channel was told of the incident before."""
    if row.recipients:
        return True
    return any(
        other.channel == row.channel and (other.state is NotificationState.DELIVERED or other.recipients)
        for other in told
    )


def _was_due(incident: Incident, row: Notification, around: Around) -> bool:
    """True when it was to be told before it was silenced, whatever kept it from that, or is asked for by hand."""
    if row.resent_at is not None:
        return True
    silences = _speaking(incident, row, around.silences)
    return not around.due_quiet and silenced_until(_subjects(row, around), silences, around.due_at) is None


def _was_suppressed(row: Notification, told: Iterable[Notification]) -> bool:
    alerts = [r for r in told if r.channel == row.channel and r.kind is NotificationKind.ALERT]
    return bool(alerts) and all(alert.state is NotificationState.SUPPRESSED for alert in alerts)


def _ended_unheard(incident: Incident, row: Notification, around: Around) -> bool:
    """True when it ended in a silence or in quiet hours: those who were not told of it need never be."""
    if around.ended_at is None or row.kind is NotificationKind.CORRECTION:
        return False
    silences = _speaking(incident, row, around.silences)
    # Quiet hours are no reason never to hear of watcher's own troubles.
    was_quiet = around.was_quiet and incident.kind not in _LOUD
    return was_quiet or silenced_until(_subjects(row, around), silences, around.ended_at) is not None


def _silenced(incident: Incident, row: Notification, around: Around, now: datetime) -> Withheld | None:
    until = silenced_until(_subjects(row, around), _speaking(incident, row, around.silences), now)
    return Withheld(reason="silenced", until=until) if until is not None else None


def _speaking(incident: Incident, row: Notification, silences: Iterable[Silence]) -> list[Silence]:
    """The silences that may be about such news at all."""
    is_loud = incident.kind in _LOUD or row.kind is NotificationKind.CORRECTION
    return [silence for silence in silences if silence.names_kind or not is_loud]


def _subjects(row: Notification, around: Around) -> tuple[Subject, ...]:
    if row.kind is not NotificationKind.CORRECTION:
        return around.subjects
    return tuple({**subject, "kind": str(NotificationKind.CORRECTION)} for subject in around.subjects)


def _quiet(around: Around) -> Withheld | None:
    return Withheld(reason="quiet hours", until=around.quiet_until) if around.quiet_until is not None else None


def _explained(incident: Incident, row: Notification, around: Around, now: datetime) -> Withheld | None:
    waits = row.kind in MAY_WAIT and not around.is_over
    if not waits or not around.explained or incident.kind not in _OF_ACCOUNTS:
        return None
    return Withheld(reason=around.explained, until=now + SOON)
