"""Turns: who may ask a host next, and how many may ask at once over all hosts. Holds the queues; no HTTP here.

The figures are in `allowance`.
"""

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

# Hosts that were not asked for so long are forgotten: whoever names hosts to us must not fill our memory.
_KEPT: Final = timedelta(hours=1)
_URGENCY: Final = {purpose: rank for rank, purpose in enumerate(Purpose)}
# A free turn is left lying for so long before somebody takes it who asks by hand: the schedule looks for free turns
# every 250 ms, and its looks go first.
_COURTESY: Final = timedelta(seconds=0.5)


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

    def __init__(self, now: datetime) -> None:
        self.used_at = now
        self.allowance = Allowance()
        self.back_off = BackOff()
        self.in_flight = 0
        self.was_full = False
        self.freed_at = now - _COURTESY
        self.waiters: list[_Waiter] = []
        self.bell: asyncio.Task[None] | None = None
        self.bell_at: datetime | None = None

    def is_idle(self, now: datetime) -> bool:
        """True when nobody waits, runs or ran lately, so that a lane made anew would answer no differently."""
        kept = max(_KEPT, self.allowance.longest_window)
        return not self.in_flight and not self.waiters and self.used_at + kept <= now


class Pacer:
    """Gives turns on each host, as its pace allows: CONFIRM before CONTROL before ROUTINE before MANUAL.

    MANUAL gets what the schedule leaves, and that only once it had the time to take it.

    Never more than `pace.requests` turns begin in any `pace.per`, and never more than `pace.concurrency` last
    at once. Hosts do not hold up one another, but for the `connections`: that many at once over all of them.
    """

    def __init__(self, clock: Clock, metrics: Metrics, connections: int) -> None:
        self.connections = connections
        self._clock = clock
        self._metrics = metrics
        self._connections = asyncio.Semaphore(connections)
        self._lanes: dict[str, _Lane] = {}
        self._swept_at = clock.now()
        self._numbers = count()

    def capacity(self, host: str, pace: Pace) -> int:
        """How many turns could begin now without waiting, beside those already waited for; 0 while backing off.

        Who asks by hand does not count: a look of the schedule goes before them.
        """
        lane = self._lanes.get(host)
        if lane is None:
            return min(Allowance().free(pace, self._clock.now()), pace.concurrency)
        now = self._clock.now()
        if lane.back_off.until(now) is not None:
            return 0
        free = min(lane.allowance.free(pace, now), pace.concurrency - lane.in_flight)
        return max(0, free - sum(waiter.urgency < _URGENCY[Purpose.MANUAL] for waiter in lane.waiters))

    def turn(
        self,
        host: str,
        pace: Pace,
        platform: str,
        purpose: Purpose = Purpose.ROUTINE,
        patience: timedelta = ZERO,
        *,
        connects: bool = True,
    ) -> "_Turn":
        """Wait for a turn on `host` and hold it; None means: go on.

        BackingOff, without waiting for it, when the host is left alone for longer than `patience` from now.
        `platform` labels the metric of the wait, which includes that for one of the connections: a turn that `connects`
        in ways of its own takes none.
        """
        return _Turn(self, host, pace, platform, purpose, patience, connects=connects)

    async def begin(self, turn: "_Turn") -> BackingOff | None:
        """Wait until `turn` may begin; its lane is held from then on, and a connection if it needs one."""
        asked = self._clock.now()
        turn.lane = lane = self._lane(turn.host, asked)
        waits = not self._begins_at_once(lane, turn.pace, turn.purpose, asked)
        if waits:
            held_up = await self._wait(lane, turn.pace, turn.purpose, asked + turn.patience)
            if held_up is not None:
                return held_up
        if turn.connects:
            waits |= self._connections.locked()
            await self._connect(lane)
        waited = (self._clock.now() - asked).total_seconds() if waits else 0.0
        self._metrics.of_platform(turn.platform).rate_limit_wait.observe(waited)
        return None

    async def _connect(self, lane: _Lane) -> None:
        """Wait for one of the connections; the turn is given back where that is broken off."""
        try:
            await self._connections.acquire()
        except BaseException:
            self._release(lane)
            raise

    def end(self, turn: "_Turn") -> None:
        """Give back what `turn` held."""
        if turn.connects:
            self._connections.release()
        self._release(turn.lane)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        """Wait for one of the connections and hold it, without a turn (robots.txt). A turn holds one already."""
        async with self._connections:
            yield

    def spend(self, host: str) -> None:
        """Count a request that waits for no turn (a redirect, robots.txt): the next turns come later for it."""
        self._lane(host).allowance.take(self._clock.now())

    def backing_off(self, host: str) -> datetime | None:
        """Until when `host` is left alone; None when it is not."""
        lane = self._lanes.get(host)
        return None if lane is None else lane.back_off.until(self._clock.now())

    def back_off(self, host: str, until: datetime) -> None:
        """Leave `host` alone until `until`, at most an hour."""
        lane = self._lane(host)
        lane.back_off.hold(until, self._clock.now())
        self._dispatch(lane)

    def succeeded(self, host: str) -> None:
        """`host` gave an answer."""
        lane = self._lanes.get(host)
        if lane is not None:
            lane.back_off.succeeded()

    def failed(self, host: str) -> None:
        """`host` could not be reached, or answered 5xx; the fifth time in a row begins a pause."""
        lane = self._lane(host)
        lane.back_off.failed(self._clock.now())
        self._dispatch(lane)

    def limited(self, host: str, retry_after: timedelta | None = None) -> None:
        """`host` said that it was asked too often, and perhaps for how long to wait."""
        lane = self._lane(host)
        lane.back_off.limited(self._clock.now(), retry_after)
        self._dispatch(lane)

    def _lane(self, host: str, now: datetime | None = None) -> _Lane:
        now = now or self._clock.now()
        lane = self._lanes.get(host)
        if lane is None:
            self._forget_idle(now)
            lane = self._lanes[host] = _Lane(now)
        lane.used_at = now
        return lane

    def _forget_idle(self, now: datetime) -> None:
        if now >= self._swept_at + _KEPT:
            self._swept_at = now
            self._lanes = {host: lane for host, lane in self._lanes.items() if not lane.is_idle(now)}

    @staticmethod
    def _begins_at_once(lane: _Lane, pace: Pace, purpose: Purpose, now: datetime) -> bool:
        """Begin the turn where nobody waits and the pace allows it, as nearly always; True then."""
        if lane.waiters or purpose is Purpose.MANUAL or lane.in_flight >= pace.concurrency:
            return False
        if lane.back_off.until(now) is not None or lane.allowance.ready_at(pace, now) > now:
            return False
        lane.allowance.take(now)
        lane.in_flight += 1
        return True

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
        lane.used_at = self._clock.now()
        if lane.was_full:
            lane.was_full, lane.freed_at = False, lane.used_at
        self._dispatch(lane)

    def _dispatch(self, lane: _Lane) -> None:
        """Answer every waiter that can be answered now, and set the bell for the next one."""
        if not lane.waiters:
            if lane.bell is not None:
                self._silence(lane)
            return
        now = self._clock.now()
        until = lane.back_off.until(now)
        self._drop(lane, until)
        while lane.waiters:
            first = lane.waiters[0]
            if lane.in_flight >= first.pace.concurrency:
                lane.was_full = True
                break  # the end of a turn comes back here
            ready = _ready(lane, first, until, now)
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


class _Turn:
    """One turn, as a context: what it is entered with is why there is none."""

    __slots__ = ("_began", "_pacer", "connects", "host", "lane", "pace", "patience", "platform", "purpose")

    def __init__(
        self,
        pacer: Pacer,
        host: str,
        pace: Pace,
        platform: str,
        purpose: Purpose,
        patience: timedelta,
        *,
        connects: bool,
    ) -> None:
        self._pacer = pacer
        self._began = False
        self.host = host
        self.pace = pace
        self.platform = platform
        self.purpose = purpose
        self.patience = patience
        self.connects = connects
        self.lane: _Lane

    async def __aenter__(self) -> BackingOff | None:
        held_up = await self._pacer.begin(self)
        self._began = held_up is None
        return held_up

    async def __aexit__(self, *_raised: object) -> None:
        if self._began:
            self._pacer.end(self)


def _ready(lane: _Lane, first: _Waiter, until: datetime | None, now: datetime) -> datetime:
    """When the first in line may begin, if nobody comes before."""
    if first.urgency < _URGENCY[Purpose.MANUAL]:
        return until or lane.allowance.ready_at(first.pace, now)
    free_since = until or max(lane.freed_at, lane.allowance.ready_at(first.pace, now - _COURTESY))
    return free_since + _COURTESY
