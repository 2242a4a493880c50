"""One line of time: it never goes back, whatever happens to the system's clock."""

import asyncio
import time
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from watcher import clock as module
from watcher.clock import Clock, ScaledClock, SystemClock

START = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLOCKS = [SystemClock, lambda: ScaledClock(START, 60)]


class Wall(datetime):
    """The system's clock, stepped by `by`."""

    by = timedelta(0)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Wall":
        return cls.fromtimestamp(time.time(), tz) + cls.by  # noqa: TID251 - it stands for the system's clock


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> type[Wall]:
    """A wall clock that a test may step."""
    monkeypatch.setattr(Wall, "by", timedelta(0))
    monkeypatch.setattr(module, "datetime", Wall)
    return Wall


@pytest.mark.parametrize("make", CLOCKS)
def test_it_never_goes_back(make: type[SystemClock]) -> None:
    """Of a thousand readings none is before the one before it, and all are aware and in UTC."""
    clock: Clock = make()
    readings = [clock.now() for _ in range(1000)]
    assert readings == sorted(readings)
    assert all(reading.tzinfo is UTC for reading in readings)


def test_the_system_clock_begins_with_the_time_of_the_system(wall: type[Wall]) -> None:
    """At its making it agrees with the system's clock, and says so."""
    before = wall.now(UTC)
    clock = SystemClock()
    assert before <= clock.now() <= wall.now(UTC) + timedelta(milliseconds=1)
    assert abs(clock.offset()) < timedelta(seconds=1)


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_step_is_noticed_and_not_followed(wall: type[Wall], step: timedelta) -> None:
    """When the system's clock is set, time goes on as before, and `offset` tells by how much it differs."""
    clock = SystemClock()
    before = clock.now()
    wall.by = step
    assert timedelta(0) <= clock.now() - before < timedelta(seconds=10)
    assert abs(clock.offset() - step) < timedelta(seconds=10)


def test_a_suspended_machine_does_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes by the counter that runs on while a Linux machine sleeps."""
    assert getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC) == module._COUNTER
    counted = {module._COUNTER: 0}
    monkeypatch.setattr(time, "clock_gettime_ns", counted.__getitem__)
    clock = SystemClock()
    before = clock.now()
    counted[module._COUNTER] = 8 * 3600 * 10**9
    assert clock.now() - before == 8 * HOUR


@pytest.mark.parametrize("make", CLOCKS)
async def test_no_time_is_slept_at_once(make: type[SystemClock]) -> None:
    """A span that is not positive is over at once, as the loop sees it: nothing is left to a timer."""
    sleeping = asyncio.create_task(make().sleep(-HOUR))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert sleeping.done()


async def test_the_system_clock_sleeps_as_long_as_it_is_told() -> None:
    """By its own reckoning the span has passed when it wakes."""
    clock = SystemClock()
    before = clock.now()
    await clock.sleep(timedelta(milliseconds=5))
    assert clock.now() - before >= timedelta(milliseconds=4)


def test_a_scaled_clock_starts_where_the_story_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """At speed 60 a second of the machine is a minute of the story."""
    counted = iter([0, 0, 10**9])
    monkeypatch.setattr(module, "_counter_ns", counted.__next__)
    clock = ScaledClock(START, 60)
    assert [clock.now(), clock.now()] == [START, START + timedelta(minutes=1)]


async def test_a_scaled_clock_sleeps_in_the_storys_time() -> None:
    """At speed 1000 five seconds of the story are slept in some milliseconds."""
    clock = ScaledClock(START, 1000)
    began, before = asyncio.get_running_loop().time(), clock.now()
    await clock.sleep(timedelta(seconds=5))
    assert asyncio.get_running_loop().time() - began < 2.5
    assert clock.now() - before >= timedelta(seconds=4)


def test_a_scaled_clock_has_no_other_to_differ_from() -> None:
    """Its offset is zero."""
    assert ScaledClock(START, 60).offset() == timedelta(0)
