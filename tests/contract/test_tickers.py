"""What every Ticker keeps: at once, then every period, whatever an action does; nothing is caught up.

Real time, but little of it: the periods are of some milliseconds.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
import structlog
from apscheduler.schedulers import base

from tests.fakes.clock import FakeClock, settle
from watcher.clock import SystemClock
from watcher.schedule import ApsTicker, LoopTicker, Ticker

PERIOD = timedelta(milliseconds=10)
SECOND = timedelta(seconds=1)

Make = Callable[[], Ticker]


@pytest.fixture(params=[LoopTicker, ApsTicker])
def ticker(request: pytest.FixtureRequest) -> Ticker:
    """Each of them, by the system's clock."""
    made: Ticker = request.param(SystemClock())
    return made


class Calls:
    """An action that notes when it is called, and fails if it is told to."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.at: list[float] = []
        self._fault = fault
        self._news = asyncio.Condition()
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self) -> None:
        self.at.append(self._loop.time())
        self._tasks.add(self._loop.create_task(self._tell()))
        if self._fault is not None:
            raise self._fault

    def are_apart(self, period: timedelta, first: int = 0) -> bool:
        """True if the calls from `first` on took their time, of which a busy machine may have eaten one period."""
        at = self.at[first:]
        return at[-1] - at[0] >= 0.9 * (len(at) - 2) * period.total_seconds()

    async def until(self, count: int) -> None:
        """Return once it was called so often."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.at) >= count)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


@asynccontextmanager
async def running(ticker: Ticker) -> AsyncIterator[asyncio.Task[None]]:
    """Let it tick, and end it."""
    task = asyncio.create_task(ticker.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_calls_at_once(ticker: Ticker) -> None:
    """The first call comes with the start, not a period later."""
    calls = Calls()
    ticker.every(timedelta(hours=1), calls)
    async with running(ticker):
        await calls.until(1)
    assert len(calls.at) == 1


async def test_calls_every_period(ticker: Ticker) -> None:
    """Calls follow one another by a period, and each action has its own."""
    often, seldom = Calls(), Calls()
    ticker.every(PERIOD, often)
    ticker.every(3 * PERIOD, seldom)
    async with running(ticker):
        await often.until(5)
        await seldom.until(3)
    assert often.are_apart(PERIOD)
    assert seldom.are_apart(3 * PERIOD)


async def test_an_action_that_raises_is_called_again(ticker: Ticker) -> None:
    """A fault is logged, and neither that action nor another one stops for it."""
    faulty, sound = Calls(RuntimeError("boom")), Calls()
    ticker.every(PERIOD, faulty)
    ticker.every(PERIOD, sound)
    with structlog.testing.capture_logs() as log:
        async with running(ticker):
            await faulty.until(3)
            await sound.until(3)
    assert {entry["event"] for entry in log} == {"tick_failed"}


async def test_nothing_is_caught_up_after_a_stall(ticker: Ticker) -> None:
    """After the loop stood still for five periods there is one call, and the next a period later."""
    calls = Calls()
    ticker.every(PERIOD, calls)
    async with running(ticker):
        await calls.until(1)
        time.sleep(5 * PERIOD.total_seconds())  # noqa: ASYNC251 - the stall
        await calls.until(5)
    assert calls.are_apart(PERIOD, first=1)


async def test_cancelling_ends_it(ticker: Ticker) -> None:
    """Once it was cancelled nothing is called any more, and the cancellation is not swallowed."""
    calls = Calls()
    ticker.every(PERIOD, calls)
    async with running(ticker) as task:
        await calls.until(1)
    assert task.cancelled()
    count = len(calls.at)
    await asyncio.sleep(2 * PERIOD.total_seconds())
    assert len(calls.at) == count


async def test_a_loop_ticker_lets_others_run_however_fast_its_clock() -> None:
    """Periods of a clock that runs a million times as fast last at least as long as was asked for."""

    class Hasty(FakeClock):
        async def sleep(self, span: timedelta) -> None:
            await asyncio.sleep(span.total_seconds() / 1_000_000)

    calls = Calls()
    ticker = LoopTicker(Hasty(), least=PERIOD)
    ticker.every(SECOND, calls)
    async with running(ticker):
        await calls.until(4)
    assert calls.are_apart(PERIOD)


@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(hours=1)])
async def test_a_step_of_the_wall_clock_silences_nothing(monkeypatch: pytest.MonkeyPatch, step: timedelta) -> None:
    """When the system's clock is set by an hour, back or forth, calls go on within two seconds of the one missed."""

    class Wall(datetime):
        offset = timedelta(0)

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Wall":
            return cls.fromtimestamp(time.time(), tz) + cls.offset  # noqa: TID251 - it stands for the system's clock

    monkeypatch.setattr(base, "datetime", Wall)
    clock, calls = FakeClock(), Calls()
    ticker = ApsTicker(clock)
    ticker.every(PERIOD, calls)
    async with running(ticker):
        await calls.until(2)
        Wall.offset = step
        await settle()
        before = len(calls.at)
        # By its own clock one period passes, in which a call is missed, and then two seconds at most.
        for _ in range(2):
            await clock.run_for(PERIOD / 2 + SECOND)
        await calls.until(before + 3)


async def test_a_first_call_that_was_missed_is_made_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock set back in the very moment of the start does not keep an action silent for ever."""
    stepped = datetime.now(UTC) - timedelta(hours=1)  # noqa: TID251 - the system's clock

    class Wall(datetime):
        steps = iter([datetime.now(UTC)])  # noqa: TID251 - the instant at which the first call is planned

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Wall":
            return cls.fromtimestamp(next(cls.steps, stepped).timestamp(), tz)

    monkeypatch.setattr(base, "datetime", Wall)
    clock, calls = FakeClock(), Calls()
    ticker = ApsTicker(clock)
    ticker.every(PERIOD, calls)
    async with running(ticker):
        await settle()
        assert calls.at == []
        await clock.run_for(PERIOD + 2 * SECOND)
        await calls.until(1)


async def test_an_end_in_the_moment_of_a_call_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    """No call is begun and cut off, which apscheduler would tell of as an error."""
    loop, calls = asyncio.get_running_loop(), Calls()
    ticker = ApsTicker(SystemClock())
    ticker.every(PERIOD, calls)
    async with running(ticker):
        await calls.until(1)
        time.sleep(2 * PERIOD.total_seconds())  # noqa: ASYNC251 - so that the next one is due
        # As where its timer runs out just before the scheduler is shut down.
        loop.call_soon(loop.call_soon, ticker._scheduler._process_jobs)
    await settle()
    assert [each.getMessage() for each in caplog.records if each.levelname in ("WARNING", "ERROR")] == []
