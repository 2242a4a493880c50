"""Turns: who may ask a host next. Holds the queues; the figures are in `allowance`. No HTTP here."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from watcher.clock import Clock
from watcher.metrics import Metrics
from watcher.model.exchange import Purpose
from watcher.model.platform import Pace
from watcher.probe.allowance import ZERO, Allowance, BackOff

_URGENCY: Final = {purpose: rank for rank, purpose in enumerate(Purpose)}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackingOff:
    """No turn: the host is left alone until `until`."""

    until: datetime


@dataclass(slots=True, order=True)
class _Waiter:
    urgency: int
    number: int
    pace: Pace = field(compare=False)
    patient_until: datetime = field(compare=False)
    answer: "asyncio.Future[BackingOff | None]" = field(compare=False)


class _Lane:
    """One host: what it was sent, what is in flight, who waits."""

    def __init__(self) -> None:
        self.allowance = Allowance()
        self.back_off = BackOff()
        self.in_flight = 0
        self.waiters: list[_Waiter] = []
        self.bell: asyncio.Task[None] | None = None
        self.bell_at: datetime | None = None


class Pacer:
    """Gives turns on each host, as its pace allows: CONFIRM before CONTROL before ROUTINE before MANUAL.

    Never more than `pace.requests` turns begin in any `pace.per`, and never more than `pace.concurrency` last
    at once. Hosts do not hold up one another.
    """

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._lanes: dict[str, _Lane] = {}
        self._numbers = count()

    def capacity(self, host: str, pace: Pace) -> int:
        """How many turns could begin now without waiting, beside those already waited for; 0 while backing off."""
        lane = self._lanes.get(host)
        if lane is None:
            return min(Allowance().free(pace, self._clock.now()), pace.concurrency)
        now = self._clock.now()
        if lane.back_off.until(now) is not None:
            return 0
        free = min(lane.allowance.free(pace, now), pace.concurrency - lane.in_flight)
        return max(0, free - len(lane.waiters))

    @asynccontextmanager
    async def turn(
        self, host: str, pace: Pace, platform: str, purpose: Purpose = Purpose.ROUTINE, patience: timedelta = ZERO
    ) -> AsyncIterator[BackingOff | None]:
        """Wait for a turn on `host` and hold it; None means: go on.

        BackingOff, without waiting for it, when the host is left alone for longer than `patience` from now.
        `platform` labels the metric of the wait.
        """
        lane = self._lanes.setdefault(host, _Lane())
        asked = self._clock.now()
        held_up = await self._wait(lane, pace, purpose, asked + patience)
        if held_up is not None:
            yield held_up
            return
        self._metrics.rate_limit_wait.labels(platform).observe((self._clock.now() - asked).total_seconds())
        try:
            yield None
        finally:
            self._release(lane)

    def spend(self, host: str) -> None:
        """Count a request that waits for no turn (a redirect, robots.txt): the next turns come later for it."""
        self._lanes.setdefault(host, _Lane()).allowance.take(self._clock.now())

    def backing_off(self, host: str) -> datetime | None:
        """Until when `host` is left alone; None when it is not."""
        lane = self._lanes.get(host)
        return None if lane is None else lane.back_off.until(self._clock.now())

    def back_off(self, host: str, until: datetime) -> None:
        """Leave `host` alone until `until`, at most an hour."""
        lane = self._lanes.setdefault(host, _Lane())
        lane.back_off.hold(until, self._clock.now())
        self._dispatch(lane)

    def succeeded(self, host: str) -> None:
        """`host` gave an answer."""
        self._lanes.setdefault(host, _Lane()).back_off.succeeded()

    def failed(self, host: str) -> None:
        """`host` could not be reached, or answered 5xx; the fifth time in a row begins a pause."""
        lane = self._lanes.setdefault(host, _Lane())
        lane.back_off.failed(self._clock.now())
        self._dispatch(lane)

    def limited(self, host: str, retry_after: timedelta | None = None) -> None:
        """`host` said that it was asked too often, and perhaps for how long to wait."""
        lane = self._lanes.setdefault(host, _Lane())
        lane.back_off.limited(self._clock.now(), retry_after)
        self._dispatch(lane)

    async def _wait(self, lane: _Lane, pace: Pace, purpose: Purpose, patient_until: datetime) -> BackingOff | None:
        answer: asyncio.Future[BackingOff | None] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(_URGENCY[purpose], next(self._numbers), pace, patient_until, answer)
        heapq.heappush(lane.waiters, waiter)
        self._dispatch(lane)
        try:
            return await answer
        except asyncio.CancelledError:
            if not answer.cancelled() and answer.result() is None:
                self._release(lane)  # the turn came in the moment of the cancellation
            else:
                self._dispatch(lane)
            raise

    def _release(self, lane: _Lane) -> None:
        lane.in_flight -= 1
        self._dispatch(lane)

    def _dispatch(self, lane: _Lane) -> None:
        """Answer every waiter that can be answered now, and set the bell for the next one."""
        now = self._clock.now()
        until = lane.back_off.until(now)
        self._drop(lane, until)
        while lane.waiters:
            first = lane.waiters[0]
            if lane.in_flight >= first.pace.concurrency:
                break  # the end of a turn comes back here
            ready = until or lane.allowance.ready_at(first.pace, now)
            if ready > now:
                self._ring_at(lane, ready, now)
                return
            heapq.heappop(lane.waiters)
            lane.allowance.take(now)
            lane.in_flight += 1
            first.answer.set_result(None)
        self._silence(lane)

    @staticmethod
    def _drop(lane: _Lane, until: datetime | None) -> None:
        """Take out those who have gone, and those whom the pause would keep beyond their patience."""
        stay: list[_Waiter] = []
        for waiter in lane.waiters:
            if waiter.answer.done():
                continue
            if until is not None and until > waiter.patient_until:
                waiter.answer.set_result(BackingOff(until=until))
            else:
                stay.append(waiter)
        if len(stay) != len(lane.waiters):
            heapq.heapify(stay)
            lane.waiters = stay

    def _ring_at(self, lane: _Lane, at: datetime, now: datetime) -> None:
        if lane.bell is not None and lane.bell_at is not None and lane.bell_at <= at:
            return  # an early bell only looks again
        self._silence(lane)
        lane.bell_at = at
        lane.bell = asyncio.create_task(self._ring(lane, at - now))

    async def _ring(self, lane: _Lane, span: timedelta) -> None:
        await self._clock.sleep(span)
        lane.bell = lane.bell_at = None
        self._dispatch(lane)

    @staticmethod
    def _silence(lane: _Lane) -> None:
        if lane.bell is not None:
            lane.bell.cancel()
        lane.bell = lane.bell_at = None
