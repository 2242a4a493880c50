"""What makes time pass: calls given functions every so often. The only importer of apscheduler.

Actions only hand work over; they return at once. An action that raises is logged and called again next time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from watcher.clock import Clock

_WATCH: Final = timedelta(seconds=1)
_PATIENCE: Final = timedelta(seconds=1)

Action = Callable[[], None]


class Ticker(Protocol):
    """Calls actions periodically. Periods are of the clock's time."""

    def every(self, period: timedelta, action: Action) -> None:
        """Call `action` now and every `period` from then on, once `run` runs. Missed calls are not caught up."""
        ...

    async def run(self) -> None:
        """Tick until cancelled."""
        ...


@dataclass(slots=True)
class _Beat:
    period: timedelta
    action: Action
    called_at: datetime


class LoopTicker:
    """Ticks by sleeping on the clock: for clocks that do not run with the machine's (scaled, virtual).

    A tick never comes sooner than `least` of real time after the last.
    """

    def __init__(self, clock: Clock, least: timedelta = timedelta(milliseconds=2)) -> None:
        self._clock = clock
        self._least = least
        self._beats: list[_Beat] = []

    def every(self, period: timedelta, action: Action) -> None:
        """Call `action` every `period` of the clock's time."""
        self._beats.append(_Beat(period, action, self._clock.now()))

    async def run(self) -> None:
        """Tick until cancelled."""
        async with asyncio.TaskGroup() as group:
            for beat in self._beats:
                group.create_task(self._repeat(beat))

    async def _repeat(self, beat: _Beat) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            _call(beat.action)
            await self._clock.sleep(beat.period)
            missing = self._least.total_seconds() - (loop.time() - began)
            if missing > 0:
                await asyncio.sleep(missing)


class _FromNow(BaseTrigger):  # type: ignore[misc] # apscheduler has no types
    """Fires at once, then a period after each firing: after a suspend or a clock step nothing is caught up."""

    def __init__(self, period: timedelta) -> None:
        self._period = period

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return now if previous_fire_time is None else now + self._period


class ApsTicker:
    """Ticks by APScheduler, which follows the wall clock, watched over by a loop that does not.

    After a step of the system clock APScheduler would stay silent for as long; the watch starts it again within
    two seconds of the call that was missed.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beats: list[_Beat] = []
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def every(self, period: timedelta, action: Action) -> None:
        """Call `action` every `period`."""
        self._beats.append(_Beat(period, action, self._clock.now()))

    async def run(self) -> None:
        """Tick until cancelled."""
        for beat in self._beats:
            self._arm(beat)
        self._scheduler.start()
        try:
            while True:
                await self._clock.sleep(_WATCH)
                self._rouse(self._clock.now())
        finally:
            self._scheduler.pause()
            try:
                await asyncio.sleep(0)  # a call that has begun ends: apscheduler takes one that is cut off for a fault
            finally:
                self._scheduler.shutdown(wait=False)

    def _arm(self, beat: _Beat) -> None:
        # apscheduler runs plain functions in threads; misfire_grace_time None: a late tick is still a tick.
        async def fire() -> None:
            beat.called_at = self._clock.now()
            _call(beat.action)

        beat.called_at = self._clock.now()  # the first call may be missed as well
        options: dict[str, Any] = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler.add_job(fire, _FromNow(beat.period), id=str(id(beat)), replace_existing=True, **options)

    def _rouse(self, now: datetime) -> None:
        for beat in self._beats:
            if now - beat.called_at > beat.period + _PATIENCE:
                self._arm(beat)


def _call(action: Action) -> None:
    try:
        action()
    except Exception:  # noqa: BLE001 - one fault must not end the time
        structlog.get_logger().error("tick_failed", exc_info=True)
