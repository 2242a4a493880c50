"""Uptime bars: what is drawn of ninety days and of a day, and what is said of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.web import story
from watcher.model.outage import AccountState, Outage, Phase, Unobserved
from watcher.model.uptime import History
from watcher.web.pages.bars import DAYS, QUARTERS, STEPS, Bar, Run, bars_of, quarter_of, since_of

NOW = datetime(2017, 11, 2, 23, 7, 30, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
UP = story.state(story.POTUS)


def gone(began: datetime, lasted: timedelta, **changes: object) -> Outage:
    """Gone from exactly then, for exactly so long."""
    end = began + lasted
    at, until = story.stamp(began, 0), story.stamp(end, 0)
    times = {"last_present": began, "began": at, "last_absent": until, "ended": until, "closed_at": end}
    return story.closed(**{**times, **changes})


def hidden(began: datetime, lasted: timedelta) -> Unobserved:
    """Not observed from then, for so long."""
    return Unobserved(account_id=None, from_at=began, to_at=began + lasted, cause="stopped")


def cells(bar: Bar) -> list[Run | None]:
    """Each cell with the run that it is in."""
    found: list[Run | None] = [None] * bar.cells
    for run in bar.runs:
        for at in range(run.at, run.at + run.cells):
            assert found[at] is None
            found[at] = run
    return found


def test_an_account_that_was_always_there_is_one_rectangle() -> None:
    """From when it was first seen; what was before that is left empty."""
    bars = bars_of(History(seen_since=NOW - 10 * DAY), UP, NOW)
    assert bars.days.runs == (Run(DAYS - 11, 11, 0, 0),)
    assert bars.hours.runs == (Run(0, QUARTERS, 0, 0),)
    assert bars.days.label == "90 days: 100 % available"
    assert bars.days.ratio == 1


def test_nothing_is_drawn_of_who_was_never_seen() -> None:
    """Neither present nor absent."""
    bars = bars_of(History(), UP, NOW)
    assert (bars.days.runs, bars.days.ratio, bars.days.label) == ((), None, "90 days: not yet seen")


def test_a_short_outage_shows_and_is_said() -> None:
    """Four minutes of a day are half of its cell: else nobody would see them; the words are exact."""
    began = NOW - 41 * DAY
    bars = bars_of(History(seen_since=NOW - 200 * DAY, outages=(gone(began, 4 * MINUTE),)), UP, NOW)
    found = cells(bars.days)[DAYS - 42]
    assert found is not None
    assert (found.cells, found.absent, found.unseen) == (1, STEPS // 2, 0)
    assert bars.days.label == "90 days: 99.99 % available, 4 min not"
    assert bars.hours.runs == (Run(0, QUARTERS, 0, 0),)


def test_time_that_was_not_observed_is_not_up() -> None:
    """Days without a look are drawn as such, whole; an hour of one is a part of its cell; a restart is nothing."""
    spans = (hidden(NOW - 20 * DAY, 2 * DAY), hidden(NOW - 30 * DAY, 60 * MINUTE), hidden(NOW - 40 * DAY, MINUTE / 2))
    bars = bars_of(History(seen_since=NOW - 200 * DAY, unobserved=spans), UP, NOW)
    found = cells(bars.days)
    assert [run.unseen if run else None for run in found[DAYS - 21 : DAYS - 18]] == [1, STEPS, STEPS]
    hour = found[DAYS - 31]
    assert hour is not None
    assert (hour.unseen, hour.present) == (1, 3)
    restart = found[DAYS - 41]
    assert restart is not None
    assert restart.present == STEPS
    assert bars.days.label == "90 days: 100 % available, 2 d 1 h not observed"


def test_the_open_outage_is_as_memory_knows_it() -> None:
    """Whether the store has it yet, or has an older one."""
    began = NOW - 7 * MINUTE
    known = gone(began, MINUTE, ended=None, closed_at=None)
    down = replace(UP, phase=Phase.DOWN, outage=known)
    for stored in ((), (replace(known, began=story.stamp(NOW - DAY), last_present=NOW - DAY),)):
        bars = bars_of(History(seen_since=NOW - 9 * DAY, outages=stored), down, NOW)
        assert bars.hours.label == "24 hours: 99.51 % available, 7 min not"
        last = cells(bars.hours)[-1]
        assert last is not None
        assert last.absent == STEPS


def test_what_cannot_be_seen_now_is_hatched_up_to_now() -> None:
    """It is stored only when it is over."""
    blind = replace(UP, blind_since=NOW - 30 * MINUTE, observed_until=NOW - 60 * MINUTE)
    bars = bars_of(History(seen_since=NOW - 9 * DAY), blind, NOW)
    assert [run.unseen if run else None for run in cells(bars.hours)[-4:]] == [STEPS] * 4


def test_days_are_those_of_utc_and_today_ends_now() -> None:
    """The first of ninety began at midnight; a quarter of an hour begins when the clock says so."""
    assert since_of(NOW) == datetime(2017, 8, 5, tzinfo=UTC)
    assert quarter_of(datetime(2017, 11, 2, 23, 15, tzinfo=UTC)) == quarter_of(NOW) + 1


instants = st.integers(min_value=-100 * 24 * 60, max_value=0)
lengths = st.integers(min_value=0, max_value=40 * 24 * 60)


@given(
    outages=st.lists(st.tuples(instants, lengths), max_size=4),
    spans=st.lists(st.tuples(instants, lengths), max_size=4),
    seen=instants,
)
def test_no_cell_claims_what_was_not_observed(
    outages: list[tuple[int, int]], spans: list[tuple[int, int]], seen: int
) -> None:
    """Whatever happened: runs do not overlap, fill their cells, and where nothing was observed none claims presence."""
    history = History(
        seen_since=NOW + seen * MINUTE,
        outages=tuple(gone(NOW + at * MINUTE, lasted * MINUTE) for at, lasted in outages),
        unobserved=tuple(hidden(NOW + at * MINUTE, lasted * MINUTE) for at, lasted in spans),
    )
    for bar, step in ((bars_of(history, UP, NOW).days, DAY), (bars_of(history, UP, NOW).hours, 15 * MINUTE)):
        last = datetime.fromtimestamp(NOW.timestamp() // step.total_seconds() * step.total_seconds(), UTC)
        for number, run in enumerate(cells(bar)):
            begins = last - step * (bar.cells - 1 - number)
            ends = min(begins + step, NOW)
            assert (run is None) == (history.seen_since is None or ends <= history.seen_since)
            if run is None:
                continue
            assert run.present + run.absent + run.unseen == STEPS
            assert min(run.present, run.absent, run.unseen) >= 0
            if any(span.from_at <= begins and ends <= span.to_at for span in history.unobserved):
                assert (run.unseen, run.present) == (STEPS, 0)


@pytest.mark.parametrize("state", [UP, AccountState(account_id="x:new", since=NOW)])
def test_an_account_seen_only_now(state: AccountState) -> None:
    """No time at all is no error."""
    assert bars_of(History(seen_since=NOW), state, NOW).days.ratio is None
