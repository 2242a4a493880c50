"""How many requests a host may be sent, and when it is to be left alone. Pure: takes `now`, awaits nothing."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from watcher.model.platform import Pace

ZERO: Final = timedelta(0)
LONGEST_BACK_OFF: Final = timedelta(hours=1)
_SMALLEST_BURST: Final = 3
_UNPACED: Final = 1000
_FEW: Final = 8
_LIMIT_FIRST, _LIMIT_LONGEST = timedelta(seconds=30), timedelta(minutes=15)
_BREAK_AFTER: Final = 5
_BREAK_FIRST, _BREAK_LONGEST = timedelta(seconds=5), timedelta(seconds=60)
_SHORTEST_RETRY: Final = timedelta(seconds=1)


def burst_of(pace: Pace) -> int:
    """How many requests may follow one another at once: one second's worth, at least 3, at most `requests`.

    So a host at the default pace (10 a minute) gets 3 at once and then one every 6 seconds, rather than 10 and
    a minute's silence in which no suspicion could be confirmed.
    """
    return min(pace.requests, max(_SMALLEST_BURST, math.ceil(pace.per_second)))


@dataclass(slots=True)
class _Bucket:
    """The tokens of one pace: one is filled in every `step`, and all of them are there at `full_at`."""

    full_at: datetime
    step: timedelta
    burst: int


class Allowance:
    """The requests of one host of late, and how many more a pace allows.

    Two limits: at most `requests` in any `per` (a window open at one end: exactly `per` later a place is free
    again), and a bucket of `burst_of` tokens that fills evenly. Sources with different paces on one host share
    the record; each is held to its own pace.
    """

    def __init__(self) -> None:
        self._started: list[datetime] = []
        self._buckets: dict[Pace, _Bucket] = {}
        self._most = 2 * _UNPACED

    @property
    def longest_window(self) -> timedelta:
        """The longest `per` of the paces seen so far: an older request makes no difference. 0 before the first."""
        return max((pace.per for pace in self._buckets), default=ZERO)

    def take(self, now: datetime) -> None:
        """Record a request at `now`, and forget what no window sees any more."""
        self._started.append(now)
        for bucket in self._buckets.values():
            bucket.full_at = max(bucket.full_at, now) + bucket.step
        if len(self._started) > self._most:
            del self._started[: bisect_right(self._started, now - self.longest_window)]
            self._most = 2 * max(len(self._started), _FEW)

    def free(self, pace: Pace, now: datetime) -> int:
        """How many requests may start at `now`."""
        in_window = len(self._started) - bisect_right(self._started, now - pace.per)
        bucket = self._bucket(pace, now)
        missing = -((now - max(bucket.full_at, now)) // bucket.step)
        return max(0, min(pace.requests - in_window, bucket.burst - missing))

    def ready_at(self, pace: Pace, now: datetime) -> datetime:
        """The first instant, not before `now`, at which one more request may start."""
        bucket = self._bucket(pace, now)
        ready = max(now, bucket.full_at - bucket.step * (bucket.burst - 1))
        if len(self._started) >= pace.requests:
            ready = max(ready, self._started[-pace.requests] + pace.per)
        return ready

    def _bucket(self, pace: Pace, now: datetime) -> _Bucket:
        bucket = self._buckets.get(pace)
        if bucket is None:
            full_at, step = self._started[0] if self._started else now, pace.per / pace.requests
            for started in self._started:
                full_at = max(full_at, started) + step
            bucket = self._buckets[pace] = _Bucket(full_at, step, burst_of(pace))
            self._most = 2 * max(len(self._started), _FEW)
        return bucket


class BackOff:
    """Until when one host is left alone: it asked for it (429, Retry-After), or it failed too often in a row.

    Answers to requests that were under way when the pause began tell nothing new and do not lengthen it.
    """

    def __init__(self) -> None:
        self._until: datetime | None = None
        self._failures = 0
        self._limits = 0

    def until(self, now: datetime) -> datetime | None:
        """When the pause ends; None when there is none at `now`."""
        return self._until if self._until is not None and self._until > now else None

    def hold(self, until: datetime, now: datetime) -> None:
        """Pause until `until`, at most an hour; never shortens a pause."""
        until = min(until, now + LONGEST_BACK_OFF)
        self._until = until if self._until is None else max(self._until, until)

    def succeeded(self) -> None:
        """Forget failures and limits; a pause that the host asked for stays."""
        self._failures = self._limits = 0

    def failed(self, now: datetime) -> None:
        """A transport failure or a 5xx. From the fifth in a row on: pause 5 s, doubling to 60 s."""
        if self.until(now) is not None:
            return
        self._failures += 1
        if self._failures >= _BREAK_AFTER:
            self.hold(now + _doubled(_BREAK_FIRST, self._failures - _BREAK_AFTER, _BREAK_LONGEST), now)

    def limited(self, now: datetime, retry_after: timedelta | None) -> None:
        """The host said "too many": pause as long as it said, without a word 30 s, doubling to 15 minutes."""
        if retry_after is not None:
            self.hold(now + max(retry_after, _SHORTEST_RETRY), now)
        elif self.until(now) is None:
            self.hold(now + _doubled(_LIMIT_FIRST, self._limits, _LIMIT_LONGEST), now)
            self._limits += 1


def _doubled(first: timedelta, times: int, longest: timedelta) -> timedelta:
    return min(first * (1 << min(times, 16)), longest)
