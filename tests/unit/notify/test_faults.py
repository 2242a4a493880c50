"""What is wrong with watcher itself, and who is told of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.notify.desk import CONFIRMED
from tests.unit.notify.story import S
from watcher.model.notification import Delivered, GaveUp, Incident, IncidentKind, NotificationKind, Outcome, RetryAfter
from watcher.model.route import Route
from watcher.notify.announce import News
from watcher.notify.faults import LEAST_FREE, Late, Readings, Space, Ways, faults, news_of
from watcher.notify.render import render
from watcher.notify.standing import WELL, Standing, after, stand_in
from watcher.notify.view import View

NOW = CONFIRMED
MINUTE = timedelta(minutes=1)
GONE = Standing(failing_since=NOW, reason="gone: 404 no_service", disabled_at=NOW)
FAILS = Standing(failing_since=NOW, reason="connect: refused")
ROUTES = (Route(name="desk", channels=("slack", "mail")),)
WAYS = Ways(routes=ROUTES, channels=("slack", "mail", "log"), fallback="log")


@pytest.mark.parametrize(
    ("outcomes", "failing", "disabled"),
    [
        ([Delivered()], False, False),
        ([RetryAfter(reason="connect")], True, False),
        ([RetryAfter(reason="connect"), Delivered()], False, False),
        ([RetryAfter(reason="server_error: 1 reached", recipients=("a",))], False, False),
        ([RetryAfter(reason="bug: KeyError")], False, False),
        ([GaveUp(reason="client_error: 400")], False, False),
        ([GaveUp(reason="gone: 404")], True, True),
        ([RetryAfter(reason="connect"), GaveUp(reason="gone: 404")], True, True),
        ([GaveUp(reason="gone: 404"), GaveUp(reason="client_error: 400")], True, True),
        ([GaveUp(reason="gone: 404"), Delivered()], False, False),
    ],
)
def test_a_channel_stands_as_its_last_tries_say(outcomes: list[Outcome], failing: bool, disabled: bool) -> None:
    """What reaches anybody is well; our own bugs and one refused message say nothing; `gone` is for good."""
    standing = WELL
    for outcome in outcomes:
        standing = after(standing, outcome, NOW)
    assert (standing.failing_since is not None, standing.disabled_at is not None) == (failing, disabled)


def test_a_failure_is_told_after_five_minutes_and_gone_at_once() -> None:
    """Five minutes are waited for what may pass; what was told goes on until it is well."""
    readings = Readings(channels={"slack": FAILS, "mail": WELL})
    assert faults(readings, (), NOW + 299 * S) == {}
    assert faults(readings, (), NOW + 300 * S) == {"channel/slack": "connect: refused"}
    assert faults(readings, ("channel/slack",), NOW + 1 * S) == {"channel/slack": "connect: refused"}
    assert faults(Readings(channels={"slack": WELL}), ("channel/slack",), NOW + 300 * S) == {}
    assert faults(Readings(channels={"slack": GONE}), (), NOW) == {"channel/slack": "gone: 404 no_service"}


def test_a_late_schedule_is_told_after_five_minutes() -> None:
    """Looks that are late for a moment are nobody's business; once told, it ends when none is late."""
    readings = Readings(late=Late(since=NOW, accounts=12, most=7 * MINUTE))
    assert faults(readings, (), NOW + 4 * MINUTE) == {}
    [said] = faults(readings, (), NOW + 5 * MINUTE).values()
    assert said == "12 looks are late by more than their interval, one by 7 min"
    assert faults(Readings(), ("schedule",), NOW) == {}


def test_a_full_disk_is_told_and_not_over_at_the_bound() -> None:
    """Below what is needed it is told, and a quarter more ends it; where nothing can be said, it stays as it was."""
    assert faults(Readings(space=Space(free=LEAST_FREE, database=0)), (), NOW) == {}
    low = Space(free=LEAST_FREE - 1, database=0)
    assert faults(Readings(space=low), (), NOW) == {"disk": "200 MB are free; 200 MB should be"}
    assert "disk" in faults(Readings(space=replace(low, free=LEAST_FREE + 1)), ("disk",), NOW)
    assert faults(Readings(space=replace(low, free=250_000_000)), ("disk",), NOW) == {}
    assert "disk" in faults(Readings(), ("disk",), NOW)
    assert "disk" in faults(Readings(space=Space(free=10**9, database=2 * 10**9)), (), NOW)


def told(news: News) -> list[str]:
    """The channels that are told."""
    return [row.channel for row in news.notifications]


@pytest.mark.parametrize(
    ("ways", "broken", "channels"),
    [
        (WAYS, ("slack",), ["mail", "log"]),
        (WAYS, ("slack", "mail"), ["log"]),
        (replace(WAYS, fallback="mail"), ("slack",), ["mail"]),
        (replace(WAYS, fallback="slack"), ("slack",), ["mail"]),
        (replace(WAYS, fallback="slack"), ("slack", "mail"), ["log"]),
        (Ways(routes=(Route(name="all", channels=("slack",)),), channels=("slack",), fallback="slack"), ("slack",), []),
    ],
)
def test_a_broken_channel_is_told_by_those_that_work(ways: Ways, broken: tuple[str, ...], channels: list[str]) -> None:
    """The fallback and the routed channels that work; never the broken ones."""
    news = news_of({"channel/slack": "connect"}, (), ways, dict.fromkeys(broken, GONE), NOW)
    assert told(news) == channels
    [incident] = news.opened
    assert (incident.kind, incident.key) == (IncidentKind.META, "channel/slack")


def test_what_no_route_takes_goes_to_the_fallback() -> None:
    """Where every route is for some accounts only, people hear all the same that the disk is full."""
    for_some = (Route(name="law", channels=("slack",), owner=frozenset({"mayor"})),)
    assert told(news_of({"disk": "low"}, (), replace(WAYS, routes=for_some), {}, NOW)) == ["log"]
    assert told(news_of({"disk": "low"}, (), WAYS, {}, NOW)) == ["slack", "mail"]


def test_each_fault_is_opened_once_and_closed_once() -> None:
    """What is told of stays as it is, and ends when it is not wanted; other incidents are left alone."""
    [incident] = news_of({"disk": "low"}, (), WAYS, {}, NOW).opened
    others = replace(incident, id="other", key="configuration")
    assert news_of({"disk": "lower"}, (incident, others), WAYS, {}, NOW) == News()
    assert news_of({}, (incident, others), WAYS, {}, NOW + MINUTE) == News(closed=((incident.id, NOW + MINUTE),))


def test_who_stands_in() -> None:
    """The fallback if it works, else the first that does; where all fail for the moment, the fallback; else nobody."""
    assert stand_in("slack", "log", ("slack", "mail", "log"), {}) == "log"
    assert stand_in("slack", "log", ("slack", "mail", "log"), {"log": FAILS}) == "mail"
    assert stand_in("slack", "log", ("slack", "mail", "log"), {"log": FAILS, "mail": GONE}) == "log"
    assert stand_in("slack", "slack", ("slack",), {}) is None
    assert stand_in("slack", "log", ("slack", "log"), {"log": GONE}) is None


@pytest.mark.parametrize(
    ("key", "detail", "part"),
    [
        ("channel/slack", "gone: 404 no_service", "It is disabled"),
        ("channel/slack", "connect: refused", "tried again and again"),
        ("schedule", "12 looks are late", "noticed later"),
        ("disk", "1 MB are free", "nothing is stored"),
    ],
)
def test_what_is_said(key: str, detail: str, part: str) -> None:
    """The message says what is wrong, what was said of it and what that means; the end says that it is over."""
    [incident] = news_of({key: detail}, (), WAYS, {}, NOW).opened
    said = _said(incident)
    assert detail in said
    assert part in said
    over = _said(replace(incident, closed_at=NOW + 10 * MINUTE))
    assert "for 10 min" in over
    assert part not in over


def _said(incident: Incident) -> str:
    message = render(View(incident=incident, kind=NotificationKind.ALERT, dedup_key="k", now=NOW))
    return " ".join((message.headline, *message.sentences))
