"""How often an account is looked at when: windows of the week, through the changes of daylight saving."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.model.calendar import EVERY_DAY, MIDNIGHT, Calendar, Window

BERLIN = ZoneInfo("Europe/Berlin")
USUAL, OFTEN, SELDOM = timedelta(minutes=10), timedelta(seconds=30), timedelta(hours=1)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WORK = frozenset(range(5))


def window(
    begins: str = "00:00", ends: str = "00:00", days: frozenset[int] = EVERY_DAY, interval: timedelta = OFTEN
) -> Window:
    """A window, its hours as on a clock."""
    return Window(days=days, begins=time.fromisoformat(begins), ends=time.fromisoformat(ends), interval=interval)


def calendar(*windows: Window, zone: ZoneInfo = BERLIN, usual: timedelta = USUAL) -> Calendar:
    """A calendar, of Berlin where nothing else is said."""
    return Calendar(usual=usual, windows=windows, timezone=zone)


def utc(text: str) -> datetime:
    """An instant, written `2024-03-31 00:59`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def changes(of: Calendar, start: str, end: str) -> list[tuple[str, timedelta]]:
    """Every change that the calendar announces in (start, end), and the interval from then on."""
    found, at = [], utc(start)
    while (following := of.next_change(at)) is not None and following < utc(end):
        found.append((f"{following:%a %H:%M}", of.interval_at(following)))
        at = following
    return found


def test_the_hours_of_a_working_week() -> None:
    """Inside the window its interval, outside the usual one: its end is not in it, nor is a Saturday."""
    desk = calendar(window("08:00", "18:00", WORK))
    assert desk.interval_at(utc("2024-01-12 06:59:59")) == USUAL
    assert desk.interval_at(utc("2024-01-12 07:00")) == OFTEN
    assert desk.interval_at(utc("2024-01-12 16:59:59.999999")) == OFTEN
    assert desk.interval_at(utc("2024-01-12 17:00")) == USUAL
    assert desk.interval_at(utc("2024-01-13 09:00")) == USUAL
    assert changes(desk, "2024-01-12 00:00", "2024-01-15 12:00") == [
        ("Fri 07:00", OFTEN),
        ("Fri 17:00", USUAL),
        ("Mon 07:00", OFTEN),
    ]


def test_the_next_change_lies_after_the_instant() -> None:
    """At a change the next one is announced, a microsecond before it this one."""
    desk = calendar(window("08:00", "18:00"))
    begins = utc("2024-01-12 07:00")
    assert desk.next_change(begins) == utc("2024-01-12 17:00")
    assert desk.next_change(begins - timedelta(microseconds=1)) == begins


def test_the_first_window_that_holds_is_taken() -> None:
    """Windows may overlap; their order says which one wins."""
    lunch, day = window("12:00", "13:00", interval=SELDOM), window("08:00", "18:00")
    assert calendar(lunch, day).interval_at(utc("2024-01-12 11:30")) == SELDOM
    assert calendar(day, lunch).interval_at(utc("2024-01-12 11:30")) == OFTEN
    assert [change for _, change in changes(calendar(lunch, day), "2024-01-12 00:00", "2024-01-13 00:00")] == [
        OFTEN,
        SELDOM,
        OFTEN,
        USUAL,
    ]


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    """Friday's night goes on into Saturday morning; Sunday's evening and Monday's small hours are not in it."""
    nights = calendar(window("22:00", "06:00", WORK))
    assert changes(nights, "2024-01-12 12:00", "2024-01-16 12:00") == [
        ("Fri 21:00", OFTEN),
        ("Sat 05:00", USUAL),
        ("Mon 21:00", OFTEN),
        ("Tue 05:00", USUAL),
    ]


def test_sundays_night_ends_on_monday() -> None:
    """The week goes round."""
    nights = calendar(window("22:00", "06:00", frozenset({6})))
    assert nights.interval_at(utc("2024-01-15 04:59")) == OFTEN
    assert nights.interval_at(utc("2024-01-14 04:59")) == USUAL


def test_midnight_as_an_end_is_that_at_the_end_of_the_day() -> None:
    """An evening until 24:00 leaves the next morning alone; from midnight to midnight is the whole day."""
    evening = calendar(window("18:00", "00:00", frozenset({4})))
    assert changes(evening, "2024-01-12 00:00", "2024-01-19 00:00") == [("Fri 17:00", OFTEN), ("Fri 23:00", USUAL)]
    friday = calendar(Window(days=frozenset({4}), interval=OFTEN))
    assert changes(friday, "2024-01-11 12:00", "2024-01-18 12:00") == [("Thu 23:00", OFTEN), ("Fri 23:00", USUAL)]


@pytest.mark.parametrize(
    "windows", [(), (window(),), (window("08:00", "18:00", interval=USUAL),), (window("08:00", "20:00"), window())]
)
def test_what_stays_for_ever_has_no_change(windows: tuple[Window, ...]) -> None:
    """Without windows, or where they all say the same, there is nothing to wait for."""
    assert calendar(*windows).next_change(utc("2024-01-12 12:00")) is None


# Berlin: on 31 March 2024 02:00 becomes 03:00, on 27 October 03:00 becomes 02:00, both at 01:00 UTC.


def test_an_hour_that_the_clocks_skip_is_in_no_window() -> None:
    """A window that lies in it wholly is left out that day, and holds again on the next."""
    early = calendar(window("02:15", "02:45"))
    assert changes(early, "2024-03-30 00:00", "2024-04-01 12:00") == [
        ("Sat 01:15", OFTEN),
        ("Sat 01:45", USUAL),
        ("Mon 00:15", OFTEN),
        ("Mon 00:45", USUAL),
    ]


def test_a_window_that_begins_at_a_time_that_does_not_exist() -> None:
    """02:30 is skipped: the window begins when the clocks show more, at 03:00, and ends on time."""
    early = calendar(window("02:30", "05:00"))
    assert changes(early, "2024-03-31 00:00", "2024-03-31 12:00") == [("Sun 01:00", OFTEN), ("Sun 03:00", USUAL)]


def test_a_window_that_ends_at_a_time_that_does_not_exist() -> None:
    """The window ends when the clocks go past 02:30, at the jump."""
    night = calendar(window("22:00", "02:30"))
    assert changes(night, "2024-03-30 20:00", "2024-03-31 12:00") == [("Sat 21:00", OFTEN), ("Sun 01:00", USUAL)]


def test_a_window_once_a_week_that_is_skipped_is_announced_for_the_next() -> None:
    """Sunday's 02:15 does not exist: the next change is a fortnight after the last one."""
    sunday = calendar(window("02:15", "02:45", frozenset({6})))
    assert sunday.next_change(utc("2024-03-24 01:45")) == utc("2024-04-07 00:15")


def test_an_hour_that_comes_twice_is_in_its_window_twice() -> None:
    """From 02:00 to 03:00 lasts two hours; from 02:15 to 02:45 holds, pauses, and holds again."""
    assert changes(calendar(window("02:00", "03:00")), "2024-10-26 23:59", "2024-10-27 12:00") == [
        ("Sun 00:00", OFTEN),
        ("Sun 02:00", USUAL),
    ]
    assert changes(calendar(window("02:15", "02:45")), "2024-10-27 00:00", "2024-10-27 12:00") == [
        ("Sun 00:15", OFTEN),
        ("Sun 00:45", USUAL),
        ("Sun 01:15", OFTEN),
        ("Sun 01:45", USUAL),
    ]


def test_a_window_that_begins_at_a_time_that_comes_twice() -> None:
    """At the second 02:00 the clocks are before the window once more, until the second 02:30."""
    assert changes(calendar(window("02:30", "05:00")), "2024-10-27 00:00", "2024-10-27 12:00") == [
        ("Sun 00:30", OFTEN),
        ("Sun 01:00", USUAL),
        ("Sun 01:30", OFTEN),
        ("Sun 04:00", USUAL),
    ]


@pytest.mark.parametrize(
    ("noon", "hours"), [("2024-03-30 23:00", 23), ("2024-10-26 22:00", 25), ("2024-06-08 22:00", 24)]
)
def test_a_whole_day_has_the_hours_that_it_has(noon: str, hours: int) -> None:
    """The Sunday of the change is 23 or 25 hours long, and its window with it."""
    sunday = calendar(Window(days=frozenset({6}), interval=OFTEN))
    begins = sunday.next_change(utc(noon) - MINUTE)
    assert begins == utc(noon)
    assert sunday.next_change(begins) == begins + hours * HOUR


@pytest.mark.parametrize(
    ("evening", "hours"), [("2024-03-30 21:00", 7), ("2024-10-26 20:00", 9), ("2024-06-08 20:00", 8)]
)
def test_a_night_across_the_change(evening: str, hours: int) -> None:
    """From 22:00 to 06:00 on the clocks: seven hours or nine, and no change within."""
    nights = calendar(window("22:00", "06:00"))
    assert nights.next_change(utc(evening) - MINUTE) == utc(evening)
    assert nights.next_change(utc(evening)) == utc(evening) + hours * HOUR


def test_a_zone_that_shifts_by_half_an_hour() -> None:
    """On Lord Howe 02:00 becomes 02:30 (6 October 2024, 15:30 UTC the day before) and 01:30 again (7 April, 15:00)."""
    island = ZoneInfo("Australia/Lord_Howe")
    early = calendar(window("02:15", "02:45"), zone=island)
    assert changes(early, "2024-10-05 12:00", "2024-10-06 12:00") == [("Sat 15:30", OFTEN), ("Sat 15:45", USUAL)]
    early = calendar(window("01:40", "01:50"), zone=island)
    assert changes(early, "2024-04-06 12:00", "2024-04-07 12:00") == [
        ("Sat 14:40", OFTEN),
        ("Sat 14:50", USUAL),
        ("Sat 15:10", OFTEN),
        ("Sat 15:20", USUAL),
    ]


def test_a_zone_at_a_quarter_of_an_hour() -> None:
    """Kathmandu is 5:45 ahead, all the year."""
    desk = calendar(window("08:00", "18:00"), zone=ZoneInfo("Asia/Kathmandu"))
    assert changes(desk, "2024-01-12 00:00", "2024-01-13 00:00") == [("Fri 02:15", OFTEN), ("Fri 12:15", USUAL)]


def test_a_day_that_a_country_left_out() -> None:
    """Samoa had no Friday 30 December 2011: Friday's window holds on 23 December and on 6 January."""
    friday = calendar(Window(days=frozenset({4}), interval=OFTEN), zone=ZoneInfo("Pacific/Apia"))
    ended = friday.next_change(utc("2011-12-23 12:00"))
    assert ended == utc("2011-12-24 10:00")
    assert friday.next_change(ended) == utc("2012-01-05 10:00")


def test_the_densest_interval_is_the_shortest_that_is_ever_in_force() -> None:
    """Windows that never hold do not count, nor does the usual interval where windows fill the week."""
    assert calendar().densest == USUAL
    assert calendar(window("08:00", "18:00")).densest == OFTEN
    assert calendar(window("08:00", "18:00", interval=SELDOM)).densest == USUAL
    assert calendar(window(interval=SELDOM), window("08:00", "18:00")).densest == SELDOM


def test_windows_that_never_hold_are_known() -> None:
    """One that an earlier one covers, or several together; not one of which a part is left."""
    assert calendar(window("08:00", "18:00"), window("09:00", "12:00", WORK)).idle == (1,)
    assert calendar(window("08:00", "12:00"), window("12:00", "18:00"), window("09:00", "13:00")).idle == (2,)
    assert calendar(window("08:00", "12:00"), window("09:00", "12:01")).idle == ()
    assert calendar(window("08:00", "18:00", WORK), window("08:00", "18:00")).idle == ()
    assert calendar(window("22:00", "06:00", frozenset({4})), window("00:00", "06:00", frozenset({5}))).idle == (1,)
    assert calendar(window("22:00", "06:00", frozenset({4})), window("00:00", "06:00", frozenset({4}))).idle == ()


CLOCKS = st.one_of(
    st.sampled_from([MIDNIGHT, time(1, 30), time(2), time(2, 30), time(3), time(23, 59)]),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
WINDOWS = st.builds(
    Window,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    begins=CLOCKS,
    ends=CLOCKS,
    interval=st.sampled_from([OFTEN, SELDOM, USUAL]),
)
# Noon before a change of daylight saving, and one plain day.
STARTS = st.sampled_from(
    [
        ("Europe/Berlin", utc("2024-03-30 12:00")),
        ("Europe/Berlin", utc("2024-10-26 12:00")),
        ("America/New_York", utc("2024-03-09 20:00")),
        ("America/St_Johns", utc("2024-11-02 20:00")),
        ("Australia/Lord_Howe", utc("2024-10-05 06:00")),
        ("Australia/Lord_Howe", utc("2024-04-06 06:00")),
        ("America/Havana", utc("2024-03-09 12:00")),
        ("Pacific/Apia", utc("2011-12-29 12:00")),
        ("Asia/Kathmandu", utc("2024-02-28 12:00")),
        ("UTC", utc("2024-02-28 12:00")),
    ]
)


def minutes(start: datetime, span: timedelta) -> Iterator[datetime]:
    """Every minute after `start`."""
    for count in range(1, span // MINUTE + 1):
        yield start + count * MINUTE


@given(windows=st.lists(WINDOWS, max_size=4), place=STARTS, seconds=st.integers(0, 59))
def test_the_interval_changes_at_announced_instants_only(
    windows: list[Window], place: tuple[str, datetime], seconds: int
) -> None:
    """Minute by minute through a change of the clocks: what is announced happens, and nothing else does."""
    zone, noon = place
    some = calendar(*windows, zone=ZoneInfo(zone))
    seen = [at for at in minutes(noon, DAY + 6 * HOUR) if some.interval_at(at) != some.interval_at(at - MINUTE)]
    announced = []
    at = some.next_change(noon + timedelta(seconds=seconds) - MINUTE)
    while at is not None and at <= noon + DAY + 6 * HOUR:
        assert some.interval_at(at) != some.interval_at(at - timedelta(microseconds=1))
        announced.append(at)
        at = some.next_change(at)
    assert [each for each in announced if each > noon] == seen


@given(windows=st.lists(WINDOWS, max_size=4), zone=st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "UTC"]))
def test_what_a_week_has_is_what_is_said_of_it(windows: list[Window], zone: str) -> None:
    """The densest interval and the idle windows are those of a plain week gone through edge by edge."""
    some = calendar(*windows, zone=ZoneInfo(zone))
    monday = datetime(2024, 6, 10, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    edges = [monday + count * 30 * MINUTE for count in range(7 * 48)]
    at: datetime | None = monday
    while at is not None and at < monday + 7 * DAY:
        edges.append(at)
        at = some.next_change(at)
    assert some.densest == min(some.interval_at(each) for each in edges)
    without = [place for place in range(len(windows)) if place not in some.idle]
    shorter = calendar(*(windows[place] for place in without), zone=ZoneInfo(zone))
    assert all(shorter.interval_at(each) == some.interval_at(each) for each in edges)
