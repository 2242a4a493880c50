"""Who is told that an account comes and goes."""

from dataclasses import replace

import pytest

from tests.unit.judge.story import TRUMP, at
from tests.unit.notify.story import CLOSED, OPEN
from watcher.model.account import Severity
from watcher.model.finding import Reason
from watcher.model.notification import IncidentKind
from watcher.model.outage import Outage, Transition, TransitionKind
from watcher.model.route import Route
from watcher.notify.flapping import comes_and_goes

ROUTES = (
    Route(name="legal", channels=("legal",), reason=frozenset({Reason.SUSPENDED})),
    Route(name="pager", channels=("pager",), severity=frozenset({Severity.CRITICAL})),
    Route(name="desk", channels=("desk",)),
)


def happened(kind: TransitionKind, outage: Outage | None) -> Transition:
    """What happened to the account."""
    return Transition(kind=kind, at=at(200), account_id=TRUMP.id, outage=outage, detail={"changes": "6"})


@pytest.mark.parametrize(
    ("reason", "severity", "channel"),
    [
        (Reason.SUSPENDED, Severity.WARNING, "legal"),
        (Reason.NOT_FOUND, Severity.CRITICAL, "pager"),
        (Reason.NOT_FOUND, Severity.WARNING, "desk"),
    ],
)
@pytest.mark.parametrize("began", [True, False], ids=["with an outage that begins", "with one that ends"])
def test_told_to_those_who_are_told_of_its_outages(
    reason: Reason, severity: Severity, channel: str, *, began: bool
) -> None:
    """By the reason and severity of the one that tipped it, whether that was its begin or its end."""
    kind = TransitionKind.OUTAGE_OPENED if began else TransitionKind.OUTAGE_CLOSED
    outage = replace(OPEN if began else CLOSED, reason=reason, severity_then=severity)
    flapping = happened(TransitionKind.FLAPPING_STARTED, outage if began else None)
    news = comes_and_goes((happened(kind, outage), flapping), TRUMP, ROUTES, ())
    assert [incident.kind for incident in news.opened] == [IncidentKind.FLAPPING]
    assert [row.channel for row in news.notifications] == [channel]


def test_over_for_this_account_alone() -> None:
    """That it comes and goes no more ends its own incident."""
    begun = comes_and_goes((happened(TransitionKind.FLAPPING_STARTED, None),), TRUMP, ROUTES, ()).opened
    other = replace(begun[0], id="other", key="x:other")
    stopped = happened(TransitionKind.FLAPPING_STOPPED, None)
    assert comes_and_goes((stopped,), TRUMP, ROUTES, (*begun, other)).closed == ((begun[0].id, at(200)),)
