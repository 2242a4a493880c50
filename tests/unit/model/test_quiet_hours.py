"""When a route tells nothing: hours of the week, through the changes of daylight saving."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.model.calendar import EVERY_DAY, MIDNIGHT, Hours, QuietHours

BERLIN = ZoneInfo("Europe/Berlin")
WEEKEND = frozenset({5, 6})


def hours(begins: str = "00:00", ends: str = "00:00", days: frozenset[int] = EVERY_DAY) -> Hours:
    """A window, its hours as on a clock."""
    return Hours(days=days, begins=time.fromisoformat(begins), ends=time.fromisoformat(ends))


def utc(text: str) -> datetime:
    """An instant, written `2024-03-31 00:59`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHTS = QuietHours(mute=(hours(days=WEEKEND), hours("22:00", "06:00")), timezone=BERLIN)
WORK = QuietHours(active=(hours("08:00", "18:00", EVERY_DAY - WEEKEND),), timezone=BERLIN)


@pytest.mark.parametrize(
    ("quiet", "now", "end"),
    [
        (NIGHTS, "2024-01-10 12:00", None),  # a Wednesday
        (NIGHTS, "2024-01-10 21:00", "2024-01-11 05:00"),
        (NIGHTS, "2024-01-11 04:59:59", "2024-01-11 05:00"),
        (NIGHTS, "2024-01-11 05:00", None),
        (NIGHTS, "2024-01-12 21:30", "2024-01-15 05:00"),  # Friday night, until Monday morning
        (WORK, "2024-01-10 07:00", None),
        (WORK, "2024-01-10 17:00", "2024-01-11 07:00"),
        (WORK, "2024-01-12 17:00", "2024-01-15 07:00"),
        # In the night of 31 March 2024 the clocks of Berlin skip an hour, in that of 27 October one comes twice.
        (NIGHTS, "2024-03-28 21:30", "2024-03-29 05:00"),
        (NIGHTS, "2024-04-01 20:30", "2024-04-02 04:00"),
        (NIGHTS, "2024-10-25 20:30", "2024-10-28 05:00"),
    ],
)
def test_quiet_until(quiet: QuietHours, now: str, end: str | None) -> None:
    """When it ends, on the clocks of the readers; None while it is not quiet."""
    assert quiet.end(utc(now)) == (None if end is None else utc(end))
    assert quiet.hold(utc(now)) is (end is not None)


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    """And one that the clocks skip never is."""
    small = QuietHours(mute=(hours("02:00", "03:00"),), timezone=BERLIN)
    assert small.end(utc("2024-10-27 00:10")) == utc("2024-10-27 02:00")
    assert not any(small.hold(utc("2024-03-31 00:00") + timedelta(minutes=m)) for m in range(120))


def test_mute_within_active() -> None:
    """Both may be given: it is quiet at lunch, and outside of the working hours."""
    both = QuietHours(active=WORK.active, mute=(hours("12:00", "13:00"),), timezone=BERLIN)
    assert both.end(utc("2024-01-10 11:30")) == utc("2024-01-10 12:00")
    assert both.end(utc("2024-01-10 20:00")) == utc("2024-01-11 07:00")


def test_windows_that_change_nothing_are_known() -> None:
    """Those covered by others; none of those that say something."""
    assert NIGHTS.idle == ((), ())
    doubled = QuietHours(
        mute=(*NIGHTS.mute, hours("23:00", "05:00"), hours("01:00", "02:00", WEEKEND)), timezone=BERLIN
    )
    assert doubled.idle == ((2, 3), ())
    outside = QuietHours(mute=(hours("20:00", "21:00"),), active=WORK.active, timezone=BERLIN)
    assert outside.idle == ((0,), ())
    twice = QuietHours(active=(*WORK.active, hours("09:00", "10:00", frozenset({2}))), timezone=BERLIN)
    assert twice.idle == ((), (1,))


def test_quiet_for_ever_is_known() -> None:
    """All of the week, by one window or by several."""
    assert QuietHours(mute=(hours(),), timezone=BERLIN).is_endless
    assert QuietHours(mute=(hours("06:00", "22:00"), hours("22:00", "06:00")), timezone=BERLIN).is_endless
    assert not NIGHTS.is_endless
    assert QuietHours(active=(hours("20:00", "21:00"),), mute=(hours("20:00", "21:00"),), timezone=BERLIN).is_endless


clocks = st.times(timezones=st.none()).map(lambda clock: clock.replace(microsecond=0, second=0))
windows = st.lists(
    st.builds(Hours, days=st.frozensets(st.integers(0, 6), min_size=1), begins=clocks, ends=clocks), max_size=3
).map(tuple)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC))


@given(windows, windows, instants)
def test_it_is_quiet_until_the_end_and_not_at_it(
    mute: tuple[Hours, ...], active: tuple[Hours, ...], now: datetime
) -> None:
    """Whatever the windows: at the end it is not quiet, and just before it still is."""
    quiet = QuietHours(mute=mute, active=active, timezone=BERLIN)
    end = quiet.end(now)
    assert (end is None) is not quiet.hold(now)
    if end is None or quiet.is_endless:
        return
    assert now < end
    assert quiet.hold(end - timedelta(microseconds=1))
    assert not quiet.hold(end) or end == now + timedelta(days=15)


def test_midnight_as_both_is_the_whole_day() -> None:
    """As in the windows of an account."""
    assert Hours(begins=MIDNIGHT, ends=MIDNIGHT).holds(0, time(12))
