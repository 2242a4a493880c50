"""What people are told of."""

from dataclasses import replace

import pytest

from tests.unit.judge.story import TRUMP, at, found, window
from watcher.model.account import Account, Severity
from watcher.model.control import VantageState
from watcher.model.finding import Certainty, Reason
from watcher.model.notification import IncidentKind, NotificationKind
from watcher.model.outage import Outage, Transition, TransitionKind
from watcher.model.route import Route
from watcher.notify.announce import announce, blindness, tell, tell_instead, tell_others, unseen
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
        (happened(TransitionKind.ACCOUNT_APPEARED), " on X has appeared", Severity.INFO),
        (happened(TransitionKind.ACCOUNT_RENAMED, handle="djt"), "on X is now @djt", Severity.INFO),
        (happened(TransitionKind.ACCOUNT_REREGISTERED), "is now held by a different account", Severity.WARNING),
    ],
)
def test_notices(transition: Transition, said: str, severity: Severity) -> None:
    """What happens once is told once, as an incident that is closed when it is opened."""
    news = announce((transition,), TRUMP, ROUTES, "X", Groups(), now=at(60))
    [notice] = news.opened
    assert (notice.kind, notice.severity, notice.closed_at) == (IncidentKind.NOTICE, severity, notice.opened_at)
    assert said in notice.detail
    assert [row.incident_id for row in news.notifications] == [notice.id]


def test_a_notice_calls_an_account_as_alerts_do() -> None:
    """By its site where a URL template stands for the platform, without a second @, and by words."""
    forum = replace(TRUMP, platform="generic", instance="https://forum.example/{handle}", display_handle="alice")
    forum = replace(forum, url="https://forum.example/alice")
    never = replace(happened(TransitionKind.ACCOUNT_NEVER_SEEN), finding=found(Reason.NOT_FOUND, 60))
    [notice] = announce((never,), forum, ROUTES, "Web page", Groups(), now=at(60)).opened
    assert notice.detail.startswith("alice on forum.example was not there when watching began (not found)")
    renamed = happened(TransitionKind.ACCOUNT_RENAMED, handle="@bob")
    [notice] = announce((renamed,), forum, ROUTES, "Web page", Groups(), now=at(60)).opened
    assert notice.detail.startswith("alice on forum.example is now @bob;")


def test_what_nobody_need_be_told() -> None:
    """A suspicion is no news."""
    news = announce((happened(TransitionKind.ACCOUNT_SUSPECTED),), TRUMP, ROUTES, "X", Groups(), now=at(60))
    assert (news.opened, news.closed, news.notifications) == ((), (), ())


def opened(account: Account, second: float, *, severity: Severity = Severity.CRITICAL) -> Transition:
    """The outage of an account, confirmed by an answer of that second."""
    outage = Outage(
        id=f"{account.id}-{second}",
        account_id=account.id,
        handle_then=account.handle,
        severity_then=severity,
        reason=Reason.NOT_FOUND,
        certainty=Certainty.SHOWN,
        last_present=at(0),
        began=window(second - 20, second - 20),
        confirmed_at=at(second),
        last_absent=window(second, second),
    )
    return replace(happened(TransitionKind.OUTAGE_OPENED), at=at(second), account_id=account.id, outage=outage)


def grouped(channels: tuple[str, ...] = ("slack",)) -> tuple[Route, ...]:
    """A desk that is told of an owner's accounts together."""
    return (Route(name="desk", channels=channels, group_by=("owner",)),)


OWNED = replace(TRUMP, owner="trump")
SECOND = replace(OWNED, id="x:potus", handle="potus")


def test_of_two_that_vanish_in_the_same_moment_both_are_told() -> None:
    """The one whose answer came first may be believed last: by then the message about the other is out."""
    groups = Groups()
    first = announce((opened(OWNED, 60),), OWNED, grouped(), "X", groups, now=at(61))
    groups.note(first.opened, first.joined, ())
    second = announce((opened(SECOND, 59.5),), SECOND, grouped(), "X", groups, now=at(64))
    assert [group for group, _ in second.joined] == [group for group, _ in first.joined]
    [update] = [row for row in second.notifications if row.kind is NotificationKind.UPDATE]
    assert at(64) < update.due_at <= at(64 + 60)
    groups.note(second.opened, second.joined, ())
    closed = replace(opened(OWNED, 60), kind=TransitionKind.OUTAGE_CLOSED, at=at(59))
    [update] = announce((closed,), OWNED, grouped(), "X", groups, now=at(70)).notifications
    assert at(70) < update.due_at


def test_who_is_back_is_told_though_its_reason_or_its_owner_is_another_by_then() -> None:
    """The group was told of by that route, which may not take such an outage any more."""
    groups, route = Groups(), replace(grouped()[0], owner=frozenset({"trump"}), reason=frozenset({Reason.NOT_FOUND}))
    for account in (OWNED, SECOND):
        news = announce((opened(account, 60),), account, (route,), "X", groups, now=at(61))
        groups.note(news.opened, news.joined, ())
    closed = replace(opened(OWNED, 60), kind=TransitionKind.OUTAGE_CLOSED, at=at(600))
    assert closed.outage is not None
    closed = replace(closed, outage=replace(closed.outage, reason=Reason.SUSPENDED))
    [update] = announce((closed,), replace(OWNED, owner="other"), (route,), "X", groups, now=at(601)).notifications
    assert (update.kind, update.event_at) == (NotificationKind.UPDATE, at(600))


def test_a_channel_that_a_route_is_given_hears_of_who_joins_its_group() -> None:
    """It was not told that the group began: an alert now, which for the others is the one that they have."""
    groups = Groups()
    first = announce((opened(OWNED, 60),), OWNED, grouped(), "X", groups, now=at(61))
    groups.note(first.opened, first.joined, ())
    second = announce((opened(SECOND, 600),), SECOND, grouped(("slack", "mail")), "X", groups, now=at(601))
    alerts = {row.channel: row for row in second.notifications if row.kind is NotificationKind.ALERT}
    assert alerts["slack"].dedup_key == first.notifications[0].dedup_key
    assert (alerts["mail"].due_at, alerts["mail"].event_at) == (at(600), at(600))


def test_who_stands_in_hears_of_who_joins_the_group() -> None:
    """Told of its beginning already, it is told of what changes, once, and not again by its own route."""
    groups = Groups()
    first = announce((opened(OWNED, 60),), OWNED, grouped(), "X", groups, now=at(61))
    groups.note(first.opened, first.joined, ())
    [_, group], [alert] = first.opened, first.notifications
    [instead] = tell_instead(alert, group, (alert,), "mail")
    both = grouped(("slack", "mail"))
    updates = {
        row.channel: row
        for row in announce((opened(SECOND, 600),), SECOND, both, "X", groups, now=at(601)).notifications
        if row.kind is NotificationKind.UPDATE
    }
    [more] = tell_instead(replace(updates["slack"], attempts=1, id=9), group, (alert, instead), "mail")
    assert more == updates["mail"]
    for kind in (NotificationKind.RESOLVED, NotificationKind.REMINDER, NotificationKind.CORRECTION):
        assert tell_instead(replace(updates["slack"], kind=kind), group, (alert, instead), "mail") == ()


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


def suspended(began: Transition, *, before: Reason) -> Transition:
    """A minute later the outage has another reason."""
    assert began.outage is not None
    outage = replace(began.outage, reason=Reason.SUSPENDED)
    detail = {"from": str(before)}
    return replace(began, kind=TransitionKind.OUTAGE_REASON_CHANGED, at=at(120), outage=outage, detail=detail)


def test_a_changed_reason_is_told_to_those_whom_it_concerns() -> None:
    """The lawyers hear of a suspension that began as "not found"; who was told already is not told again."""
    routes = (
        Route(name="law", channels=("law", "log"), reason=frozenset({Reason.SUSPENDED}), proceed=True),
        Route(name="all", channels=("log",)),
    )
    began = opened(TRUMP, 60)
    assert [row.channel for row in announce((began,), TRUMP, routes, "X", Groups(), now=at(60)).notifications] == [
        "log"
    ]
    assert began.outage is not None
    changed = suspended(began, before=Reason.NOT_FOUND)
    news = announce((changed,), TRUMP, routes, "X", Groups(), now=at(120))
    assert [(row.channel, row.kind, row.incident_id) for row in news.notifications] == [
        ("law", NotificationKind.ALERT, began.outage.id)
    ]
    back = replace(changed, outage=began.outage, detail={"from": str(Reason.SUSPENDED)})
    assert announce((back,), TRUMP, routes, "X", Groups(), now=at(180)).notifications == ()


def test_a_withholding_that_becomes_a_suspension_is_told_to_those_who_want_what_is_loud() -> None:
    """Withheld somewhere was worth a line in the log; suspended, a critical account's outage goes to the desk."""
    routes = (
        Route(name="quiet", channels=("log",), severity=frozenset({Severity.INFO})),
        Route(name="desk", channels=("desk",)),
    )
    critical = replace(TRUMP, severity=Severity.CRITICAL)
    began = opened(critical, 60, severity=Severity.INFO)
    assert began.outage is not None
    changed = suspended(began, before=Reason.WITHHELD)
    news = announce((changed,), critical, routes, "X", Groups(), now=at(120))
    assert [(row.channel, row.kind) for row in news.notifications] == [("desk", NotificationKind.ALERT)]
    calm = replace(TRUMP, severity=Severity.INFO)
    assert announce((changed,), calm, routes, "X", Groups(), now=at(120)).notifications == ()


def test_a_reason_that_changes_and_changes_back_is_told_once() -> None:
    """Whoever is told of it in a group by its new reason is not told again when that is given a second time."""
    routes = (
        Route(
            name="law", channels=("law",), reason=frozenset({Reason.SUSPENDED}), group_by=("platform",), proceed=True
        ),
        Route(name="all", channels=("log",)),
    )
    began, groups = opened(TRUMP, 60), Groups()
    assert began.outage is not None
    changed = suspended(began, before=Reason.NOT_FOUND)
    first = announce((changed,), TRUMP, routes, "X", groups, now=at(120))
    assert [row.channel for row in first.notifications] == ["law"]
    groups.note(first.opened, first.joined, ())
    again = announce((replace(changed, at=at(600)),), TRUMP, routes, "X", groups, now=at(600))
    assert (again.notifications, again.joined, again.opened) == ((), (), ())
