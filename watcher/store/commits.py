"""What a Commit says, in the form that every store needs it. Pure: no rows, no I/O."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from watcher.model.control import ControlReport
from watcher.model.notification import Notification, NotificationKind, NotificationState, dedup_key_of
from watcher.model.outage import Outage, Transition, TransitionKind, Unobserved
from watcher.store.values import Body, Commit

_T = TypeVar("_T")
# SQLite takes 32,766 parameters in one statement, older ones 999.
_PARAMETERS = 900


def merge(commits: Sequence[Commit]) -> Commit:
    """One commit that leaves what the given ones leave one after the other: of each account the last state."""
    return Commit(
        watched=tuple(edit for commit in commits for edit in commit.watched),
        states=tuple({state.account_id: state for commit in commits for state in commit.states}.values()),
        transitions=tuple(transition for commit in commits for transition in commit.transitions),
        unobserved=tuple(span for commit in commits for span in commit.unobserved),
        opened=tuple(incident for commit in commits for incident in commit.opened),
        closed=tuple(closing for commit in commits for closing in commit.closed),
        notifications=tuple(row for commit in commits for row in commit.notifications),
        joined=tuple(pair for commit in commits for pair in commit.joined),
        bodies=tuple(body for commit in commits for body in commit.bodies),
        samples=tuple(sample for commit in commits for sample in commit.samples),
    )


def outages_of(commit: Commit) -> tuple[list[Outage], list[Outage]]:
    """The closed and the open outages that the commit speaks of, each as it last stands.

    A state knows its outage better than the transitions before it; but what is closed stays closed.
    """
    last: dict[str, Outage] = {}
    told = [transition.outage for transition in commit.transitions]
    for outage in (*told, *(state.outage for state in commit.states)):
        if outage is None or (outage.is_open and outage.id in last and not last[outage.id].is_open):
            continue
        last[outage.id] = outage
    outages = last.values()
    return [outage for outage in outages if not outage.is_open], [outage for outage in outages if outage.is_open]


def first_of_each(transitions: Iterable[Transition]) -> list[Transition]:
    """The transitions without repetitions, the first of each: an account, an instant and a kind make one.

    The first is what stays when one is stored after the other, too.
    """
    first: dict[tuple[str, datetime, str], Transition] = {}
    for transition in transitions:
        first.setdefault(transition_key(transition), transition)
    return list(first.values())


def transition_key(transition: Transition) -> tuple[str, datetime, str]:
    """What a transition is known by."""
    return transition.account_id, transition.at, transition.kind.value


def unobserved_key(span: Unobserved) -> tuple[str, str, datetime, str]:
    """What an unobserved span is known by: scope ("all", "account"), key, start and cause."""
    scope = "all" if span.account_id is None else "account"
    return scope, span.account_id or "", span.from_at, span.cause


def batches(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """The items, so many at once as fit into one statement of SQL."""
    return (items[start : start + _PARAMETERS] for start in range(0, len(items), _PARAMETERS))


def rests_on(transition: Transition, body: Body) -> bool:
    """True when the transition names the body's bundle, or its finding the body itself."""
    if body.bundle is not None:
        return transition.bundle == body.bundle
    return transition.finding is not None and transition.finding.evidence.body_sha256 == body.sha256


VOUCHING: Final = (
    TransitionKind.OUTAGE_OPENED,
    TransitionKind.OUTAGE_REASON_CHANGED,
    TransitionKind.OUTAGE_CLOSED,
    TransitionKind.OUTAGE_RETRACTED,
)
"""What an outage's messages tell of: the hash of the last of these stands in them."""


def resolved_rows(incident_id: str, at: datetime, told: Iterable[Notification]) -> list[Notification]:
    """The RESOLVED rows of an incident that ended at `at`, one for each channel that is or will be alerted.

    `told` are the incident's notifications, oldest first. A DEAD alert reached nobody: nothing is taken back;
    unless it has recipients, which means that others were reached.
    """
    told = tuple(told)
    rows: dict[str, Notification] = {}
    for alert in told:
        told_nobody = alert.state is NotificationState.DEAD and not alert.recipients
        if alert.kind is NotificationKind.ALERT and not told_nobody:
            key = dedup_key_of(incident_id, alert.channel, NotificationKind.RESOLVED)
            rows.setdefault(alert.channel, following(alert, told, NotificationKind.RESOLVED, key, at))
    return list(rows.values())


def following(
    row: Notification, told: Sequence[Notification], kind: NotificationKind, dedup_key: str, at: datetime
) -> Notification:
    """A new row for the channel of `row`, to be sent after all that is told of the incident there."""
    return replace(
        row,
        id=0,
        kind=kind,
        dedup_key=dedup_key,
        seq=1 + max(other.seq for other in told if other.channel == row.channel),
        due_at=at,
        event_at=at,
        state=NotificationState.PENDING,
        claimed_until=None,
        attempts=0,
        delivered_at=None,
        recipients=(),
        resent_at=None,
    )


def without_features(report: ControlReport) -> ControlReport:
    """The report as it is kept: what was found of each control, without the words of the page."""
    return replace(
        report,
        positives=tuple(replace(control, features=None, imprint=None) for control in report.positives),
        negatives=tuple(replace(control, features=None, imprint=None) for control in report.negatives),
    )


def ends(items: Sequence[_T], most: int | None) -> Sequence[_T]:
    """The items; of more than `most` the first half of so many and the last."""
    if most is None or len(items) <= most:
        return items
    return [*items[: most // 2], *items[len(items) - (most - most // 2) :]]
