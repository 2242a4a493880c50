"""What keeps a piece of news from being told, and until when."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.unit.notify.story import EVENING, OPEN, S, incident
from watcher.model.matchers import parse_matchers
from watcher.model.notification import (
    Incident,
    IncidentKind,
    Notification,
    NotificationKind,
    NotificationState,
    Withheld,
)
from watcher.model.silence import Silence
from watcher.notify.hold import LOOK_AGAIN, SOON, Around, explanation, hold

NOW = EVENING + 600 * S
DUE = NOW - 30 * S
ABOUT = {"account": "x:realdonaldtrump", "platform": "x", "owner": "trump", "kind": "account", "severity": "critical"}
ALERT, RESOLVED = NotificationKind.ALERT, NotificationKind.RESOLVED


def silence(*written: str, begins: float = -60, ends: float = 30) -> Silence:
    """One between these seconds after NOW."""
    return Silence(id="s", matchers=parse_matchers(written), starts_at=NOW + begins * S, ends_at=NOW + ends * S)


def row(
    kind: NotificationKind = ALERT, state: NotificationState = NotificationState.CLAIMED, **more: Any
) -> Notification:
    """A row of the evening's incident for Slack."""
    made = Notification(
        incident_id=OPEN.id,
        route="default",
        channel="slack",
        kind=kind,
        dedup_key=f"{OPEN.id}/slack/{kind}",
        due_at=EVENING,
        event_at=EVENING,
        state=state,
    )
    return replace(made, **more)


def held(
    kind: NotificationKind = ALERT,
    *silences: Silence,
    of: Incident | None = None,
    told: tuple[Notification, ...] = (),
    ended_at: datetime | None = None,
    **more: Any,
) -> Withheld | None:
    """What is said of a row of that kind."""
    facts: dict[str, Any] = {"subjects": (ABOUT,), "due_at": DUE, "silences": silences, "told": told, **more}
    known = Around(is_over=ended_at is not None, ended_at=ended_at, **facts)
    return hold(of or incident(), row(kind), known, NOW)


HEARD = (row(state=NotificationState.DELIVERED),)
UNHEARD = (row(state=NotificationState.SUPPRESSED),)


def test_nothing_holds_what_nothing_is_said_of() -> None:
    """No silence, one of others, one that is over, one that is still to begin."""
    others = silence("platform=bluesky")
    over, later = silence("platform=x", ends=-1), silence("platform=x", begins=1)
    assert held(ALERT, others, over, later) is None


@pytest.mark.parametrize(
    "written",
    [
        ["platform=x"],
        ['owner=~"trump|press"', "severity=critical"],
        ["account=x:realdonaldtrump"],
        ["kind=account"],
        ['reason=""', "platform=x"],
    ],
)
def test_a_silenced_alert_waits_for_its_end(written: list[str]) -> None:
    """Until the silence ends; all of its matchers must hold."""
    assert held(ALERT, silence(*written)) == Withheld(reason="silenced", until=NOW + 30 * S)
    assert held(ALERT, silence(*written, "owner=other")) is None


def test_it_is_looked_at_again_within_a_minute() -> None:
    """Somebody may end the silence early, or add one."""
    waits = held(ALERT, silence("platform=x", ends=7200))
    assert waits is not None
    assert waits.until == NOW + LOOK_AGAIN


def test_of_several_silences_the_last_counts() -> None:
    """One ends, the other goes on."""
    waits = held(ALERT, silence("platform=x", ends=20), silence("owner=trump", ends=40))
    assert waits is not None
    assert waits.until == NOW + 40 * S


@pytest.mark.parametrize("kind", [ALERT, NotificationKind.UPDATE, RESOLVED])
def test_what_ended_in_the_silence_is_never_told(kind: NotificationKind) -> None:
    """Neither its beginning nor its end; also when the silence is over by now."""
    during, just_over = silence("platform=x"), silence("platform=x", ends=-1)
    assert held(kind, during, ended_at=NOW - 5 * S) == Withheld(reason="it began and ended while nobody was to be told")
    assert held(kind, just_over, ended_at=NOW - 5 * S) is not None
    assert held(kind, just_over, ended_at=NOW) is None


def test_what_was_to_be_told_before_the_silence_is_told_after_it() -> None:
    """The channel failed or was left alone, or we died while it was sent: it is not unheard, however often tried."""
    ended_at = NOW - 5 * S
    for due_at in (EVENING, NOW - 61 * S):
        during, over = (
            held(ALERT, silence("platform=x", ends=end), due_at=due_at, ended_at=ended_at) for end in (30, -1)
        )
        assert during == Withheld(reason="silenced", until=NOW + 30 * S)
        assert over is None
    assert held(ALERT, silence("platform=x", ends=-1), due_at=NOW - 60 * S, ended_at=ended_at) is not None
    assert held(ALERT, due_quiet=False, was_quiet=True, ended_at=NOW) is None


def test_what_was_not_to_be_told_stays_untold_though_it_was_tried() -> None:
    """We died when we had it in hand, in the silence; but what somebody asks for by hand is told."""
    unheard = Withheld(reason="it began and ended while nobody was to be told")
    over = silence("platform=x", ends=-1)
    silenced = Around(subjects=(ABOUT,), is_over=True, ended_at=NOW - 5 * S, due_at=DUE, silences=(over,))
    quiet = Around(subjects=(ABOUT,), is_over=True, ended_at=NOW, due_at=DUE, was_quiet=True, due_quiet=True)
    for known in (silenced, quiet):
        assert hold(incident(), row(attempts=2), known, NOW) == unheard
        assert hold(incident(), row(resent_at=NOW), known, NOW) is None


def test_who_was_told_of_the_beginning_hears_of_the_end() -> None:
    """Later: when the silence ends."""
    for kind in (RESOLVED, NotificationKind.UPDATE):
        assert held(kind, silence("platform=x"), told=HEARD, ended_at=NOW) == Withheld(
            reason="silenced", until=NOW + 30 * S
        )
        assert held(kind, told=HEARD, ended_at=NOW) is None


@pytest.mark.parametrize("kind", [RESOLVED, NotificationKind.CORRECTION])
def test_nobody_hears_the_end_of_what_was_never_told(kind: NotificationKind) -> None:
    """Where the alert was left out, so is what follows; but not where the other channel's was."""
    assert held(kind, told=UNHEARD, ended_at=NOW) == Withheld(reason="nobody was told that it began")
    elsewhere = (replace(UNHEARD[0], channel="mail"),)
    assert held(kind, told=elsewhere, ended_at=NOW) is None


def test_news_that_has_no_duration_waits() -> None:
    """A rename in a silence is told after it."""
    notice = incident(kind=IncidentKind.NOTICE, closed_at=NOW - 5 * S)
    assert held(ALERT, silence("platform=x"), of=notice, ended_at=NOW - 5 * S) == Withheld(
        reason="silenced", until=NOW + 30 * S
    )
    assert held(ALERT, silence("platform=x", ends=-1), of=notice, ended_at=NOW - 5 * S) is None


def test_several_are_silenced_only_when_all_of_them_are() -> None:
    """A group's message waits for the first of its members that may be told of."""
    other = {**ABOUT, "account": "x:potus", "owner": "potus"}
    group = incident(kind=IncidentKind.GROUP)
    one, both = silence("owner=trump", ends=10), silence("platform=x", ends=20)
    assert held(ALERT, one, of=group, subjects=(ABOUT, other)) is None
    waits = held(ALERT, one, both, of=group, subjects=(ABOUT, other))
    assert waits is not None
    assert waits.until == NOW + 20 * S
    assert held(ALERT, both, of=group, subjects=()) is None


@pytest.mark.parametrize("kind", [IncidentKind.META, IncidentKind.DIGEST])
def test_our_own_troubles_are_silenced_by_name_only(kind: IncidentKind) -> None:
    """A matcher on `kind` says so; a negative one does not."""
    own, about = incident(kind=kind), ({"kind": str(kind), "severity": "critical"},)
    assert held(ALERT, silence("severity=critical"), of=own, subjects=about) is None
    assert held(ALERT, silence("severity=critical", "kind!=account"), of=own, subjects=about) is None
    assert held(ALERT, silence(f"kind={kind}"), of=own, subjects=about) is not None


def test_corrections_are_silenced_by_name_only() -> None:
    """Their kind is `correction`, whatever they correct."""
    correction = NotificationKind.CORRECTION
    assert held(correction, silence("platform=x"), told=HEARD, ended_at=NOW) is None
    assert held(correction, silence("kind=account"), told=HEARD, ended_at=NOW) is None
    assert held(correction, silence("kind=correction"), told=HEARD, ended_at=NOW) is not None


def test_reminders_of_what_is_over_or_acknowledged_are_dropped() -> None:
    """Nobody is to be reminded of it any more."""
    reminder = NotificationKind.REMINDER
    assert held(reminder, told=HEARD) is None
    over = held(reminder, told=HEARD, ended_at=NOW)
    acked = held(reminder, told=HEARD, of=incident(acked_at=NOW, acked_by="mia"))
    assert over is not None
    assert acked is not None
    assert (over.until, acked.until) == (None, None)
    assert held(NotificationKind.UPDATE, told=HEARD, of=incident(acked_at=NOW, acked_by="mia")) is None


def test_quiet_hours_hold_like_silences() -> None:
    """Until they end; what began and ended in them is never told, but watcher's own troubles are, afterwards."""
    assert held(ALERT, quiet_until=NOW + 10 * S) == Withheld(reason="quiet hours", until=NOW + 10 * S)
    assert held(ALERT, due_quiet=True, was_quiet=True, ended_at=NOW) == Withheld(
        reason="it began and ended while nobody was to be told"
    )
    assert held(RESOLVED, quiet_until=NOW + 10 * S, was_quiet=True, told=HEARD, ended_at=NOW) == Withheld(
        reason="quiet hours", until=NOW + 10 * S
    )
    assert held(ALERT, due_quiet=True, was_quiet=True, ended_at=NOW, of=incident(kind=IncidentKind.META)) is None


def test_what_is_explained_makes_updates_wait() -> None:
    """Not the alert, and not the end."""
    waits = Withheld(reason="our own network is down", until=NOW + SOON)
    for kind in (NotificationKind.UPDATE, NotificationKind.REMINDER):
        assert held(kind, told=HEARD, explained="our own network is down") == waits
    assert held(ALERT, explained="our own network is down") is None
    assert held(RESOLVED, told=HEARD, explained="our own network is down", ended_at=NOW) is None
    own = incident(kind=IncidentKind.META)
    assert held(NotificationKind.REMINDER, told=HEARD, of=own, explained="our own network is down") is None


def test_only_what_explains_all_of_it_does() -> None:
    """Every place of a group must be hidden; our own network hides them all."""
    platform = incident(kind=IncidentKind.PLATFORM, key="x")
    assert explanation(["x"], [platform]) == "what it is about cannot be observed"
    assert explanation(["x", "bluesky"], [platform]) == ""
    assert explanation(["x", "bluesky"], [incident(kind=IncidentKind.EGRESS)]) == "our own network is down"
    assert explanation([], [platform]) == ""
    assert explanation(["x"], [incident()]) == ""


def test_a_day_is_no_reason_to_wait_longer_than_a_minute() -> None:
    """Rows that wait are never set further ahead than the store believes (an hour)."""
    waits = held(ALERT, quiet_until=NOW + timedelta(days=2))
    assert waits is not None
    assert waits.until == NOW + LOOK_AGAIN
