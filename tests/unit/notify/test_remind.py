"""Who is reminded, when, and in what words."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.unit.notify.story import EVENING, OPEN, S, incident, view
from tests.unit.notify.test_mass import MASS, of, seen
from watcher.model.notification import IncidentKind, NotificationKind
from watcher.model.route import Route
from watcher.notify import render
from watcher.notify.remind import reminders, soonest
from watcher.notify.wording import format_about
from watcher.store.values import Told

HOUR = timedelta(hours=1)
NOW = EVENING + 2 * HOUR
INNER = Route(name="inner", channels=("phone",), repeat_interval=HOUR / 4)
ROUTES = (
    Route(name="desk", channels=("slack", "mail"), repeat_interval=HOUR, routes=(INNER,)),
    Route(name="calm", channels=("log",)),
)


def told(channel: str = "slack", route: str = "desk", last_at: datetime = NOW - HOUR, **more: Any) -> Told:
    """What a channel was told of the evening."""
    made = Told(incident=incident(), route=route, channel=channel, last_at=last_at, reminders=0, seq=0)
    return replace(made, **more)


def test_a_reminder_when_its_time_has_come() -> None:
    """Not a moment before; after all that was told; in the name of its route."""
    assert reminders([told(last_at=NOW - HOUR + S)], ROUTES, NOW) == ()
    [row] = reminders([told(seq=4)], ROUTES, NOW)
    assert (row.kind, row.channel, row.route, row.seq) == (NotificationKind.REMINDER, "slack", "desk", 5)
    assert (row.due_at, row.event_at) == (NOW, NOW)


def test_each_has_its_number() -> None:
    """So that what is decided twice is one; the next one is another."""
    first, again = reminders([told()], ROUTES, NOW), reminders([told()], ROUTES, NOW + 10 * S)
    assert [row.dedup_key for row in (*first, *again)] == [f"{OPEN.id}/slack/reminder/1"] * 2
    [second] = reminders([told(reminders=1)], ROUTES, NOW)
    assert second.dedup_key == f"{OPEN.id}/slack/reminder/2"


def test_each_channel_by_its_own_clock_and_route() -> None:
    """Also by a route inside of another; none by one that wants none, or has another channel now, or where none has it.

    What a route told that was renamed since goes on by the first that has the channel.
    """
    rows = [
        told(),
        told("mail", last_at=NOW - HOUR / 2),
        told("phone", "inner", last_at=NOW - HOUR / 2),
        told("log", "calm"),
        told("pager"),
        told("pager", "removed"),
        told(route="renamed"),
    ]
    assert [row.channel for row in reminders(rows, ROUTES, NOW)] == ["slack", "phone", "slack"]


def test_how_often_to_look() -> None:
    """Never where nobody is to be reminded."""
    assert soonest((*ROUTES, INNER)) == HOUR / 4
    assert soonest(ROUTES[1:]) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (40, "40 s"), (60, "1 min"), (3599, "59 min"), (3660, "1 h 1 min"), (90000, "1 d 1 h")],
)
def test_a_time_as_people_say_it(seconds: float, text: str) -> None:
    """Rounded down."""
    assert format_about(seconds * S) == text


def test_a_reminder_says_for_how_long() -> None:
    """Of an account, a mass event, a platform, our own network."""
    reminder = NotificationKind.REMINDER
    shown = view(kind=reminder, now=OPEN.began.latest + HOUR + 5 * S)
    assert render(shown).headline == "@realDonaldTrump is still not available on X after 1 h"
    mass = seen(of(1), of(2), kind=reminder, now=OPEN.began.latest + HOUR)
    assert render(mass).headline == "2 of 2 accounts on X are still not available after 1 h"
    assert render(mass).kind is reminder
    blind = view(None, reminder, incident=replace(MASS, kind=IncidentKind.PLATFORM, key="x"), account=None)
    assert render(blind).headline == "X still cannot be observed"
    egress = view(None, reminder, incident=replace(MASS, kind=IncidentKind.EGRESS, key="local"), account=None)
    assert render(egress).headline == "watcher's own network is still down"


def test_who_acknowledged_is_a_fact_of_all_that_follows() -> None:
    """By whom, when, and what they said."""
    acked = incident(acked_by="mia\u202e", acked_at=EVENING + 300 * S, ack_comment="I call them")
    for kind in (NotificationKind.UPDATE, NotificationKind.ACKNOWLEDGED, NotificationKind.REMINDER):
        message = render(view(kind=kind, incident=acked))
        assert message.facts[-1] == ("Acknowledged by", "mia, 2 Nov 2017 23:05:00 UTC: I call them")
        assert message.kind is kind
    assert all(label != "Acknowledged by" for label, _ in render(view()).facts)
