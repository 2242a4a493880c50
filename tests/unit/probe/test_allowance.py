"""How many requests a host may be sent, and the pauses it is given."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.model.platform import DEFAULT_PACE, Pace
from watcher.probe.allowance import Allowance, BackOff, burst_of

NOW = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)

PACES = st.builds(
    Pace,
    requests=st.integers(1, 40),
    per=st.integers(1, 600).map(lambda n: timedelta(seconds=n)),
    concurrency=st.just(1),
)


@pytest.mark.parametrize(
    ("requests", "per", "burst"),
    [(10, MINUTE, 3), (3000, 5 * MINUTE, 10), (300, 5 * MINUTE, 3), (2, MINUTE, 2), (1, SECOND, 1)],
)
def test_burst_is_a_seconds_worth_but_at_least_three(requests: int, per: timedelta, burst: int) -> None:
    """A slow host gets three requests at once, a fast one a second's worth, none more than its limit."""
    assert burst_of(Pace(requests=requests, per=per)) == burst


def test_default_pace_after_its_burst_is_one_every_six_seconds() -> None:
    """Ten a minute means three at once, then one in six seconds, and no eleventh within the minute."""
    allowance, starts = Allowance(), []
    now = NOW
    for _ in range(11):
        now = allowance.ready_at(DEFAULT_PACE, now)
        allowance.take(now)
        starts.append((now - NOW).total_seconds())
    assert starts == [0, 0, 0, 6, 12, 18, 24, 30, 36, 42, 60]


@settings(max_examples=60, deadline=None)
@given(pace=PACES, gaps=st.lists(st.integers(0, 30), min_size=1, max_size=120))
def test_never_more_than_the_limit_in_any_window(pace: Pace, gaps: list[int]) -> None:
    """However greedily a host is asked, no window of `per` holds more than `requests`."""
    allowance, starts, now = Allowance(), [], NOW
    for gap in gaps:
        now = allowance.ready_at(pace, now + timedelta(seconds=gap))
        allowance.take(now)
        starts.append(now)
    for start in starts:
        assert sum(start <= other < start + pace.per for other in starts) <= pace.requests


@settings(max_examples=60, deadline=None)
@given(pace=PACES, gaps=st.lists(st.integers(0, 30), max_size=60))
def test_free_and_ready_at_agree(pace: Pace, gaps: list[int]) -> None:
    """A place is free exactly when the next request is ready now."""
    allowance, now = Allowance(), NOW
    for gap in gaps:
        now += timedelta(seconds=gap)
        free = allowance.free(pace, now)
        assert (free > 0) == (allowance.ready_at(pace, now) == now)
        for _ in range(free):
            assert allowance.ready_at(pace, now) == now
            allowance.take(now)
        assert allowance.ready_at(pace, now) > now


def test_forgetting_keeps_what_a_slower_source_needs() -> None:
    """A fast source on the same host does not make the record shorter than the longest window in use."""
    hourly = Pace(requests=2, per=timedelta(hours=1))
    fast = Pace(requests=5, per=SECOND)
    allowance, now = Allowance(), NOW
    assert allowance.free(hourly, now) == 2
    allowance.take(now)
    for _ in range(40):
        now = allowance.ready_at(fast, now + SECOND)
        allowance.take(now)
    assert allowance.free(hourly, NOW + 59 * MINUTE) == 0


def test_old_requests_are_forgotten() -> None:
    """The record does not grow with the run."""
    allowance, now = Allowance(), NOW
    for _ in range(1000):
        now += MINUTE
        assert allowance.free(DEFAULT_PACE, now) == 3
        allowance.take(now)
    assert len(allowance._started) <= 2 * DEFAULT_PACE.requests


def test_requests_that_nobody_paces_are_forgotten_too() -> None:
    """A host that is only redirected to keeps no record for ever."""
    allowance = Allowance()
    for n in range(3000):
        allowance.take(NOW + n * SECOND)
    assert len(allowance._started) <= 1000


def test_a_pace_seen_late_knows_of_earlier_requests() -> None:
    """What was sent before a source was first asked counts for that source, too."""
    allowance = Allowance()
    for _ in range(3):
        allowance.take(NOW)
    assert allowance.free(DEFAULT_PACE, NOW) == 0
    assert allowance.ready_at(DEFAULT_PACE, NOW) == NOW + timedelta(seconds=6)


def test_fifth_failure_in_a_row_pauses_and_pauses_double_to_a_minute() -> None:
    """Four failures are borne; from the fifth on pauses grow from 5 s to 60 s."""
    back_off, now, pauses = BackOff(), NOW, []
    for _ in range(10):
        back_off.failed(now)
        until = back_off.until(now)
        pauses.append((until - now).total_seconds() if until else 0)
        now = until or now
    assert pauses == [0, 0, 0, 0, 5, 10, 20, 40, 60, 60]


def test_success_between_failures_starts_the_count_again() -> None:
    """Only failures in a row count."""
    back_off = BackOff()
    for _ in range(4):
        back_off.failed(NOW)
    back_off.succeeded()
    back_off.failed(NOW)
    assert back_off.until(NOW) is None


def test_failures_of_requests_under_way_do_not_lengthen_the_pause() -> None:
    """Ten requests that fail together make one pause of five seconds."""
    back_off = BackOff()
    for _ in range(14):
        back_off.failed(NOW)
    assert back_off.until(NOW) == NOW + timedelta(seconds=5)


def test_limits_without_retry_after_double_to_fifteen_minutes() -> None:
    """A bare 429 pauses 30 s, then ever longer, up to 15 minutes."""
    back_off, now, pauses = BackOff(), NOW, []
    for _ in range(7):
        back_off.limited(now, None)
        until = back_off.until(now)
        assert until is not None
        pauses.append((until - now).total_seconds())
        back_off.limited(now, None)  # another answer of the same moment
        assert back_off.until(now) == until
        now = until
    assert pauses == [30, 60, 120, 240, 480, 900, 900]


@pytest.mark.parametrize(
    ("asked", "given"),
    [(timedelta(seconds=90), timedelta(seconds=90)), (timedelta(days=2), timedelta(hours=1)), (0 * SECOND, SECOND)],
)
def test_retry_after_is_honoured_up_to_an_hour(asked: timedelta, given: timedelta) -> None:
    """The host's own word holds, within reason at both ends."""
    back_off = BackOff()
    back_off.limited(NOW, asked)
    assert back_off.until(NOW) == NOW + given


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    """Of two pauses the later end holds, and after it there is none."""
    back_off = BackOff()
    back_off.hold(NOW + MINUTE, NOW)
    back_off.hold(NOW + SECOND, NOW)
    back_off.succeeded()
    assert back_off.until(NOW) == NOW + MINUTE
    assert back_off.until(NOW + MINUTE) is None
