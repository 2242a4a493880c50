"""The reader of time. Nothing else asks what time it is (but APScheduler, aiohttp and log stamps).

One clock gives one line of time: UTC at the start, carried on by a counter that neither steps nor stands
still while the machine sleeps. A step of the system clock therefore cannot make, end or bend an outage;
it is noticed (`offset`) and adopted at the next start.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

ZERO = timedelta(0)


class Clock(Protocol):
    """Tells the time (aware, UTC) and waits."""

    def now(self) -> datetime:
        """The present instant, UTC. Never goes back."""
        ...

    async def sleep(self, span: timedelta) -> None:
        """Return after `span`; at once when it is not positive."""
        ...

    def offset(self) -> timedelta:
        """How far the system's clock is ahead of this one. Not zero after the system's clock was stepped."""
        ...


# CLOCK_MONOTONIC stands still while a Linux machine is suspended; CLOCK_BOOTTIME does not.
_COUNTER: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _counter_ns() -> int:
    return time.clock_gettime_ns(_COUNTER)


class SystemClock:
    """UTC as it was when this was made, carried on by the machine's steady counter."""

    def __init__(self) -> None:
        self._start = datetime.now(UTC)
        self._counter = _counter_ns()

    def now(self) -> datetime:
        """The present instant, UTC."""
        return self._start + timedelta(0, 0, (_counter_ns() - self._counter) // 1000)

    async def sleep(self, span: timedelta) -> None:
        """Wait for `span`."""
        await asyncio.sleep(max(0.0, span.total_seconds()))

    def offset(self) -> timedelta:
        """The steps that the system's clock has made since the start."""
        return datetime.now(UTC) - self.now()


class ScaledClock:
    """A clock that starts at `start` and runs `speed` times as fast as the machine's. For the demo."""

    def __init__(self, start: datetime, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._counter = _counter_ns()

    def now(self) -> datetime:
        """The present instant of the story, UTC."""
        elapsed = (_counter_ns() - self._counter) / 1000 * self._speed
        return self._start + timedelta(microseconds=elapsed)

    async def sleep(self, span: timedelta) -> None:
        """Wait for `span` of the story's time."""
        await asyncio.sleep(max(0.0, span.total_seconds() / self._speed))

    def offset(self) -> timedelta:
        """Zero: the story's time has no other clock to differ from."""
        return ZERO
