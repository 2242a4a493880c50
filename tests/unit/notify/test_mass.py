"""Many accounts gone at once: one message a channel, one update when most are back, and the end."""

from dataclasses import replace

import pytest

from tests.unit.judge.story import TRUMP as JUDGED
from tests.unit.judge.story import Story, at
from tests.unit.notify.story import CLOSED, EVENING, OPEN, TRUMP, S, view
from watcher.judge.cohort import Absences
from watcher.model.account import Severity
from watcher.model.finding import Reason
from watcher.model.notification import Incident, IncidentKind, NotificationKind
from watcher.model.outage import AccountState, Outage, Phase, Transition, TransitionKind
from watcher.model.route import Route
from watcher.notify import render
from watcher.notify.announce import announce
from watcher.notify.grouping import Groups
from watcher.notify.mass import growth, over, returns
from watcher.notify.view import View

ID = "cohort-x-20171102T230040000"
MASS = Incident(
    id=ID, kind=IncidentKind.COHORT, key="x#20171102T230040000", severity=Severity.WARNING, opened_at=EVENING + 160 * S
)
ROUTES = (
    Route(name="critical", channels=("phone",), severity=frozenset({Severity.CRITICAL}), proceed=True),
    Route(name="all", channels=("log",)),
)


def event(kind: TransitionKind, outage: Outage) -> Transition:
    """What happened to an account of the event."""
    return Transition(kind=kind, at=at(200), account_id=JUDGED.id, outage=replace(outage, cohort_id=ID))


def members(*states: tuple[str, Phase]) -> Absences:
    """Who is missing of the event."""
    outage = Story.down().state.outage
    assert outage is not None
    return Absences(
        (
            "x",
            AccountState(
                account_id=name,
                phase=phase,
                since=at(0),
                outage=replace(outage, account_id=name, cohort_id=ID) if phase is Phase.DOWN else None,
            ),
        )
        for name, phase in states
    )


def seen(*outages: Outage, closed: bool = False, **changes: object) -> View:
    """What may be said of the event."""
    incident = replace(MASS, closed_at=EVENING + 800 * S) if closed else MASS
    shown = view(None, incident=incident, account=None, owner=None, others=(), outages=outages)
    return replace(shown, watched_there=20, **changes)  # type: ignore[arg-type]  # the tests name real fields


def of(number: int, outage: Outage = OPEN) -> Outage:
    """The outage of somebody."""
    return replace(outage, id=f"o{number}", account_id=f"x:m{number}", handle_then=f"m{number}", cohort_id=ID)


def test_each_outage_has_its_incident_and_all_are_told_once() -> None:
    """Every outage is recorded by itself, untold; the alerts are those of the event, the same for each of them."""
    outage = replace(OPEN, account_id=JUDGED.id)
    first = announce((event(TransitionKind.OUTAGE_OPENED, outage),), JUDGED, ROUTES, "X", Groups(), now=EVENING)
    second = announce(
        (event(TransitionKind.OUTAGE_OPENED, replace(outage, id="02")),), JUDGED, ROUTES, "X", Groups(), now=EVENING
    )
    assert [(i.kind, i.id) for i in first.opened] == [(IncidentKind.ACCOUNT, "01OUTAGE"), (IncidentKind.COHORT, ID)]
    assert first.opened[1].key == MASS.key
    assert [row.incident_id for row in first.notifications] == [ID, ID]
    assert [row.dedup_key for row in first.notifications] == [row.dedup_key for row in second.notifications]


def test_a_route_that_tells_of_its_group_already_tells_in_that() -> None:
    """Those who vanished before so many were missing are in it; where it is not open the event is told as ever."""
    outage = replace(OPEN, account_id=JUDGED.id)
    grouped = (replace(ROUTES[1], group_by=("platform",)),)
    alone = announce((event(TransitionKind.OUTAGE_OPENED, outage),), JUDGED, grouped, "X", Groups(), now=EVENING)
    assert [row.incident_id for row in alone.notifications] == [ID]
    groups = Groups()
    before = Incident(
        id="all-00",
        kind=IncidentKind.GROUP,
        key='all{platform="x", severity="critical"}',
        severity=MASS.severity,
        opened_at=at(0),
    )
    groups.note([before], [("all-00", "00")], [])
    news = announce((event(TransitionKind.OUTAGE_OPENED, outage),), JUDGED, grouped, "X", groups, now=EVENING)
    assert {row.incident_id for row in news.notifications} == {"all-00"}
    assert news.joined == (("all-00", outage.id),)


def test_a_member_brings_those_whom_its_own_routes_name() -> None:
    """A critical account of the event is told to those who want to hear of critical ones, a warning is not."""
    warning = replace(OPEN, severity_then=Severity.WARNING)
    for outage, channels in ((OPEN, ["phone", "log"]), (warning, ["log"])):
        news = announce((event(TransitionKind.OUTAGE_OPENED, outage),), JUDGED, ROUTES, "X", Groups(), now=EVENING)
        assert [row.channel for row in news.notifications] == channels


@pytest.mark.parametrize(("left", "ended", "updates"), [(3, False, 0), (2, False, 2), (1, False, 2), (0, True, 0)])
def test_the_return_of_many_is_told_together(left: int, ended: bool, updates: int) -> None:
    """Nothing for the first who return, one update a channel once half are back, the end with the last."""
    absences = members(*((f"x:m{number}", Phase.DOWN) for number in range(4)))
    for number in range(left, 4):
        absences.note("x", AccountState(account_id=f"x:m{number}", phase=Phase.UP, since=at(200)))
    closing = event(TransitionKind.OUTAGE_CLOSED, CLOSED)
    news = returns(closing, JUDGED, ROUTES, absences, {ID: replace(MASS, severity=Severity.CRITICAL)})
    assert news.closed == (((ID, at(200)),) if ended else ())
    assert [row.kind for row in news.notifications] == [NotificationKind.UPDATE] * updates
    assert len({row.dedup_key for row in news.notifications}) == updates


def test_an_outage_of_its_own_is_no_part_of_it() -> None:
    """The end of any other outage says nothing of an event."""
    alone = Transition(kind=TransitionKind.OUTAGE_CLOSED, at=at(200), account_id=TRUMP.id, outage=CLOSED)
    assert returns(alone, JUDGED, ROUTES, Absences(), {ID: MASS}).closed == ()


def test_an_event_of_which_nobody_is_watched_any_more_is_over() -> None:
    """Taken off the watchlist, or back while the program was down: its incident does not stay open for ever."""
    assert over([MASS], Absences(), Groups(), at(300)).closed == ((ID, at(300)),)
    assert over([MASS], members(("x:m0", Phase.DOWN)), Groups(), at(300)).closed == ()


def test_the_alert_says_how_many_of_how_many() -> None:
    """N of M accounts, who they are, and how many more are being checked."""
    message = render(seen(*(of(number) for number in range(14)), checking=3))
    assert message.headline == "14 of 20 accounts on X are not available"
    assert "3 more may be missing too and are being checked." in message.sentences
    assert dict(message.facts)["Accounts"].endswith("@m11 and 2 more")


def test_the_update_says_who_is_still_missing() -> None:
    """Once most are back."""
    message = render(seen(of(0), of(1, CLOSED), of(2, CLOSED), kind=NotificationKind.UPDATE))
    assert message.headline == "2 of 3 accounts on X are back"
    assert message.sentences == ("Still missing: @m0.",)
    assert message.kind is NotificationKind.UPDATE


@pytest.mark.parametrize(
    ("kind", "headline"),
    [
        (NotificationKind.RESOLVED, "2 of 20 accounts on X are back"),
        (NotificationKind.ALERT, "2 of 20 accounts on X were not available"),
    ],
)
def test_the_end_says_how_long(kind: NotificationKind, headline: str) -> None:
    """The whole story in one, too, where nobody was told before it was over."""
    brief = replace(CLOSED, last_absent=OPEN.began, ended=replace(OPEN.began, latest=EVENING + 80 * S))
    message = render(seen(of(0, brief), of(1, CLOSED), closed=True, kind=kind))
    assert message.headline == headline
    assert message.kind is NotificationKind.RESOLVED
    [sentence] = message.sentences
    assert sentence.startswith("All are seen again after ")
    assert " to 11 min" in sentence


def test_another_reason_in_the_event_is_told_to_those_whom_it_concerns() -> None:
    """They get the event's alert, as if it had been the reason from the beginning; who has it gets no other."""
    legal = Route(name="legal", channels=("legal",), reason=frozenset({Reason.SUSPENDED}), proceed=True)
    changed = event(TransitionKind.OUTAGE_REASON_CHANGED, replace(OPEN, reason=Reason.SUSPENDED))
    changed = replace(changed, detail={"from": str(Reason.NOT_FOUND)})
    news = announce((changed,), JUDGED, (legal, *ROUTES), "X", Groups(), now=EVENING)
    assert [(row.channel, row.incident_id, row.kind) for row in news.notifications] == [
        ("legal", ID, NotificationKind.ALERT)
    ]
    assert news.opened == ()


@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.WARNING])
def test_what_it_grows_to_is_told_to_whom_each_concerns(severity: Severity) -> None:
    """Who matches by reason or severity has the alert for the outages that do, and hears when more of them join."""
    routes = (
        Route(name="legal", channels=("legal",), reason=frozenset({Reason.SUSPENDED}), proceed=True),
        Route(name="pager", channels=("pager",), severity=frozenset({Severity.CRITICAL})),
    )
    outage = replace(OPEN, severity_then=severity, reason=Reason.SUSPENDED)
    wanted = ["legal"] if severity is Severity.WARNING else ["legal", "pager"]
    joins = event(TransitionKind.OUTAGE_OPENED, outage)
    told = growth(joins, JUDGED, routes, {ID: MASS}, EVENING + 161 * S).notifications
    alerts = announce((joins,), JUDGED, routes, "X", Groups(), now=EVENING).notifications
    assert [row.channel for row in told] == [row.channel for row in alerts] == wanted


def test_the_event_is_as_severe_as_the_worst_of_it() -> None:
    """Whatever the first was."""
    view = seen(of(0, replace(OPEN, severity_then=Severity.WARNING)), of(1))
    assert render(replace(view, incident=replace(view.incident, severity=Severity.INFO))).severity is Severity.CRITICAL


def test_those_who_join_are_told_of_once_a_minute() -> None:
    """The first message says how many were missing by then; what it grows to is one update a channel and minute."""
    joins = event(TransitionKind.OUTAGE_OPENED, replace(OPEN, account_id=JUDGED.id, severity_then=Severity.WARNING))
    assert growth(joins, JUDGED, ROUTES, {}, EVENING + 161 * S).notifications == ()  # this one begins it
    told = [growth(joins, JUDGED, ROUTES, {ID: MASS}, EVENING + second * S) for second in (161, 219, 221)]
    keys = [[row.dedup_key for row in news.notifications] for news in told]
    assert keys[0] == keys[1] != keys[2]
    assert [row.due_at for row in told[0].notifications] == [EVENING + 220 * S]
    assert {row.kind for news in told for row in news.notifications} == {NotificationKind.UPDATE}
    assert render(seen(*map(of, range(7)), kind=NotificationKind.UPDATE)).headline == (
        "7 of 20 accounts on X are not available"
    )
