"""Uptime: exact, from outages and unobserved spans."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.store.samples import T0, after, closed, outage, stamp, state
from watcher.model.finding import Stamp
from watcher.model.outage import ZERO, EndCause, Outage, Phase, Unobserved
from watcher.model.uptime import UPTIME_SPAN, History, Uptime, divided, recent_uptime, uptime

S = timedelta(seconds=1)


def gone(start: float, end: float) -> Outage:
    """Gone from exactly then to exactly then."""

    def at(seconds: float) -> Stamp:
        return Stamp(earliest=after(seconds), latest=after(seconds))

    return replace(
        outage(),
        last_present=after(start),
        began=at(start),
        last_absent=at(end),
        ended=at(end),
        closed_at=after(end + 10),
        end_cause=EndCause.RECOVERED,
    )


def hidden(start: float, end: float) -> Unobserved:
    """Not observed from then to then."""
    return Unobserved(account_id="x:potus", from_at=after(start), to_at=after(end), cause="no verdict")


def parts(history: History, until: float = 1000, since: float = 0) -> tuple[float, float, float]:
    """Present, absent and unobserved seconds."""
    found = uptime(history, after(since), after(until))
    return tuple(part.total_seconds() for part in (found.present, found.absent, found.unobserved))  # type: ignore[return-value]  # three


def test_what_is_neither_is_presence() -> None:
    """Nothing happened: up all the time."""
    found = uptime(History(seen_since=T0), T0, after(1000))
    assert found == Uptime(since=T0, until=after(1000), present=1000 * S)
    assert found.ratio == 1.0


def test_it_begins_when_the_profile_was_first_seen() -> None:
    """Before that it was neither there nor gone; never seen, there is nothing to divide."""
    found = uptime(History(seen_since=after(400)), T0, after(1000))
    assert (found.since, found.present) == (after(400), 600 * S)
    never = uptime(History(), T0, after(1000))
    assert (never.present, never.absent, never.unobserved, never.ratio) == (ZERO, ZERO, ZERO, None)
    future = uptime(History(seen_since=after(2000)), T0, after(1000))
    assert future.ratio is None


def test_an_outage_lasts_as_best_estimated() -> None:
    """Absent time is that of the record, to the microsecond."""
    one = replace(closed(outage(seconds=100), 700), last_absent=stamp(690))
    found = uptime(History(seen_since=after(-1000), outages=(one,)), after(-1000), after(1000))
    assert found.absent == one.duration.best
    assert found.present == 2000 * S - one.duration.best
    assert found.ratio == found.present / (2000 * S)


def test_an_outage_counts_as_far_as_it_reaches_into_the_span() -> None:
    """From either side, and all around."""
    seen = T0 - timedelta(days=1)
    assert parts(History(seen_since=seen, outages=(gone(-100, 300), gone(900, 1200)))) == (600, 400, 0)
    assert parts(History(seen_since=seen, outages=(gone(-100, 1100),))) == (0, 1000, 0)
    assert parts(History(seen_since=seen, outages=(gone(-100, 0), gone(1000, 1100)))) == (1000, 0, 0)


def test_unobserved_time_is_neither() -> None:
    """Outside and inside an outage; spans that overlap count once."""
    seen = T0 - timedelta(days=1)
    history = History(
        seen_since=seen,
        outages=(gone(500, 700),),
        unobserved=(hidden(100, 200), hidden(150, 250), hidden(600, 650), hidden(690, 720)),
    )
    assert parts(history) == (630, 140, 230)


def test_an_open_outage_lasts_until_now() -> None:
    """And an unwatched one until its last absence: what came after that was not watched."""
    running = replace(gone(500, 600), ended=None, closed_at=None, end_cause=None)
    assert parts(History(seen_since=T0, outages=(running,))) == (500, 500, 0)
    unwatched = replace(running, closed_at=after(800), end_cause=EndCause.UNWATCHED)
    assert parts(History(seen_since=T0, outages=(unwatched,))) == (900, 100, 0)


def test_the_last_thirty_days() -> None:
    """Blind now, or not running since: not observed, though no span of it is stored yet."""
    now = T0 + timedelta(days=40)
    history = History(seen_since=T0)
    up = state(phase=Phase.UP)
    assert recent_uptime(history, up, now) == Uptime(since=now - UPTIME_SPAN, until=now, present=UPTIME_SPAN)
    blind = replace(up, blind_since=now - 100 * S, observed_until=now - 300 * S)
    assert recent_uptime(history, blind, now).unobserved == 300 * S
    assert recent_uptime(history, up, now, now - 10 * S).unobserved == ZERO
    assert recent_uptime(history, up, now, now - 500 * S).unobserved == 500 * S
    assert recent_uptime(history, blind, now, now - 200 * S).unobserved == 300 * S


instants = st.integers(min_value=-500, max_value=1500)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[int, int]:
    """Two instants in order."""
    first, second = draw(instants), draw(instants)
    return min(first, second), max(first, second)


@given(outages=st.lists(pairs(), max_size=5), spans=st.lists(pairs(), max_size=5), seen=instants)
def test_each_second_is_counted_once(outages: list[tuple[int, int]], spans: list[tuple[int, int]], seen: int) -> None:
    """However outages and gaps lie: the three parts are those that counting second by second gives."""
    history = History(
        seen_since=after(seen),
        outages=tuple(gone(*pair) for pair in outages),
        unobserved=tuple(hidden(*pair) for pair in spans),
    )
    counted = {"present": 0, "absent": 0, "hidden": 0}
    for second in range(max(0, seen), 1000):
        is_hidden = any(start <= second < end for start, end in spans)
        is_gone = any(start <= second < end for start, end in outages)
        counted["hidden" if is_hidden else "absent" if is_gone else "present"] += 1
    assert parts(history) == tuple(counted.values())
    cells = divided(history, [after(edge) for edge in (0, 10, 250, 251, 600, 1000)])
    assert tuple(
        sum(getattr(cell, part) / S for cell in cells) for part in ("present", "absent", "unobserved")
    ) == parts(history)
    assert cells[2:4] == (
        uptime(history, after(250), after(251)),
        uptime(history, after(251), after(600)),
    )


@pytest.mark.parametrize("until", [T0, T0 - timedelta(days=1)])
def test_no_time_at_all(until: datetime) -> None:
    """Nothing to divide, and no error."""
    assert uptime(History(seen_since=T0), T0, until).ratio is None
