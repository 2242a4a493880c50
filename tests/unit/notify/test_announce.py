"""What people are told of."""

from dataclasses import replace

import pytest

from tests.unit.judge.story import TRUMP, at, found
from watcher.model.account import Severity
from watcher.model.control import VantageState
from watcher.model.finding import Reason
from watcher.model.notification import IncidentKind, NotificationKind
from watcher.model.outage import Transition, TransitionKind
from watcher.model.route import Route
from watcher.notify.announce import announce, blindness, tell, tell_others, unseen
from watcher.notify.grouping import Groups

ROUTES = (Route(name="all", channels=("log",)),)


def happened(kind: TransitionKind, **detail: str) -> Transition:
    """One transition of the account."""
    return Transition(kind=kind, at=at(60), account_id=TRUMP.id, detail=detail)


@pytest.mark.parametrize(
    ("transition", "said", "severity"),
    [
        (
            happened(TransitionKind.ACCOUNT_NEVER_SEEN),
            "was not there when watching began (not found)",
            Severity.WARNING,
        ),
        (
            replace(happened(TransitionKind.ACCOUNT_NEVER_SEEN), finding=found(Reason.SUSPENDED, 60)),
            "was not there when watching began (suspended)",
            Severity.WARNING,
        ),
        (happened(TransitionKind.ACCOUNT_APPEARED), "has appeared on X", Severity.INFO),
        (happened(TransitionKind.ACCOUNT_RENAMED, handle="djt"), "on X is now @djt", Severity.INFO),
        (happened(TransitionKind.ACCOUNT_REREGISTERED), "is now held by a different account", Severity.WARNING),
    ],
)
def test_notices(transition: Transition, said: str, severity: Severity) -> None:
    """What happens once is told once, as an incident that is closed when it is opened."""
    news = announce((transition,), TRUMP, ROUTES, "X", Groups())
    [notice] = news.opened
    assert (notice.kind, notice.severity, notice.closed_at) == (IncidentKind.NOTICE, severity, notice.opened_at)
    assert said in notice.detail
    assert [row.incident_id for row in news.notifications] == [notice.id]


def test_what_nobody_need_be_told() -> None:
    """A suspicion is no news."""
    news = announce((happened(TransitionKind.ACCOUNT_SUSPECTED),), TRUMP, ROUTES, "X", Groups())
    assert (news.opened, news.closed, news.notifications) == ((), (), ())


def test_who_is_told_instead_of_a_channel_that_is_gone() -> None:
    """Those whom the routes name now and who know nothing of it; not of corrections, nor of whom nobody watches."""
    incident = unseen(TRUMP, at(0), "X", "login_wall")
    told = tell(incident, (Route(name="all", channels=("pager", "log")),), TRUMP).notifications
    pager = replace(told[0], event_at=at(600))
    routes = (Route(name="night", channels=("log", "slack")),)
    [other] = tell_others(pager, incident, told, routes, (TRUMP, None))
    assert (other.channel, other.route, other.kind) == ("slack", "night", NotificationKind.ALERT)
    assert (other.dedup_key, other.event_at) == (f"{incident.id}/slack/alert", at(600))
    assert tell_others(pager, incident, (*told, other), routes, (TRUMP, None)) == ()
    assert tell_others(replace(pager, kind=NotificationKind.CORRECTION), incident, told, routes, (TRUMP, None)) == ()
    assert tell_others(pager, incident, told, routes, (None, None)) == ()


def test_an_account_that_alone_cannot_be_seen() -> None:
    """The notice is the same however often it is made: the store takes it once."""
    first = unseen(TRUMP, at(0), "X", "login_wall")
    assert first == unseen(TRUMP, at(0), "X", "login_wall")
    assert "cannot be seen, though the platform can: login_wall" in first.detail


def test_one_incident_for_all_while_nothing_is_reached() -> None:
    """Platforms told of before stay as they are; when all is seen again, everything ends."""
    online, offline = ("local", VantageState.ONLINE), ("local", VantageState.OFFLINE)
    platform = blindness({"x": "walled"}, (), online, ROUTES, at(0)).opened
    both = blindness({"x": "", "bluesky": ""}, platform, offline, ROUTES, at(60))
    assert [(incident.kind, incident.key) for incident in both.opened] == [(IncidentKind.EGRESS, "local")]
    assert both.closed == ()
    over = blindness({}, (*platform, *both.opened), online, ROUTES, at(120))
    assert {incident_id for incident_id, _ in over.closed} == {platform[0].id, both.opened[0].id}
