"""How long it takes from a page's disappearance to the message: the next look, its turn, the confirmations. Pure.

What one account alone takes, where the site answers within ANSWER and no cache shows older copies. Where many vanish at
once, confirmation may wait for two minutes more (docs/judge.md).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from statistics import median_low
from typing import Final

from watcher.judge.policy import CONTROLS_ASKED, refresh_gap
from watcher.model.account import Policy
from watcher.model.platform import Pace
from watcher.probe.allowance import burst_of
from watcher.schedule.plan import phase
from watcher.settings.pace import Load

ANSWER: Final = 0.5
"""Seconds in which a site is taken to answer."""
TICK: Final = 0.25
"""The schedule looks so often for who is due, in seconds."""
GATHER: Final = 0.25
"""Seconds that a suspicion waits for company before controls are asked."""
HANDED_OVER: Final = 1.0
"""Seconds, at most, from the confirmation to the channel, while nothing else waits there."""
_LEAST_SHARE: Final = 0.5  # of the turns that suspicions get, however much else waits
_MOST_EVENTS: Final = 300_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How many seconds a look that is due waits for its turn on its host, usually and at worst."""

    p50: float = 0.0
    worst: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """From the disappearance to the message: at half of all instants no longer than `p50`, at none than `worst`."""

    p50: timedelta
    worst: timedelta


def wait_on(load: Load) -> Wait:
    """How long looks wait on a host, by each account's own instants; the queue is that of a bucket that fills evenly.

    Two rounds are gone through, or as much of them as 300,000 looks are.
    """
    step = _step(load.pace)
    queued, last, waits = 0.0, 0.0, list[float]()
    room = burst_of(load.pace) - 1
    for at, is_look in _events(load):
        queued = max(0.0, queued - (at - last) / step)
        last = at
        if is_look:
            waits.append(max(0.0, queued - room) * step)
        queued += 1
    return Wait(p50=median_low(waits), worst=max(waits)) if waits else Wait()


def delay_of(
    policy: Policy, *, wait: Wait, used: float, pace: Pace, together: bool, told_after: timedelta, rarest: timedelta
) -> Delay:
    """The delay of an account that is looked at by this policy.

    Usually half of the turns of others are given up to it; at worst none is, and none was left before.
    `wait` is that of its host, of which the share `used` is spent on all that is not suspicion; `pace` is that of the
    source that confirms. `told_after`: how long its route waits for company. `rarest` is its longest interval.
    """
    full = float(burst_of(pace))
    usually = _confirmed(policy, full * max(0.0, 1 - used), max(1 - used / 2, _LEAST_SHARE), pace, together=together)
    at_worst = _confirmed(policy, 0.0, max(1 - used, _LEAST_SHARE), pace, together=together)
    told = told_after.total_seconds()
    p50 = policy.interval.total_seconds() / 2 + wait.p50 + TICK / 2 + ANSWER + usually + told
    worst = rarest.total_seconds() + wait.worst + TICK + ANSWER + at_worst + HANDED_OVER + told
    return Delay(p50=timedelta(seconds=p50), worst=timedelta(seconds=worst))


def requests_to_confirm(policy: Policy, *, together: bool) -> int:
    """How many requests a suspicion takes beside the look that raised it.

    Each finding wants a control of its own, and the last one is asked for a second time.
    """
    return 2 * policy.confirm.threshold + 1 + together


def _confirmed(policy: Policy, tokens: float, share: float, pace: Pace, *, together: bool) -> float:
    """Seconds from the answer that raised the suspicion until it is an outage, with that share of the turns.

    Each finding waits for a control that is asked after it, the next one for confirm.interval too; the last is asked
    for once more in another way. Whom a batch left out is first asked about alone.
    """
    bucket = _Bucket(tokens, burst_of(pace), share / _step(pace))
    apart = min(policy.interval, policy.confirm.interval).total_seconds()
    found = bucket.take(TICK) + ANSWER if together else 0.0
    for _ in range(policy.confirm.threshold - 1):
        proven = bucket.take(found + GATHER) + ANSWER
        found = bucket.take(max(proven, found + apart) + TICK) + ANSWER
    proven = bucket.take(found + GATHER) + ANSWER
    again = bucket.take(proven) + ANSWER
    return bucket.take(again + GATHER) + ANSWER


class _Bucket:
    """Turns that fill up evenly."""

    def __init__(self, tokens: float, full: float, rate: float) -> None:
        self._tokens = tokens
        self._full = full
        self._rate = rate
        self._at = 0.0

    def take(self, at: float) -> float:
        """When a turn begins that is asked for at `at`, which is no sooner than the last one began."""
        self._tokens = min(self._full, self._tokens + (at - self._at) * self._rate)
        self._at = at + max(0.0, 1 - self._tokens) / self._rate
        self._tokens = max(0.0, self._tokens - 1)
        return self._at


def _step(pace: Pace) -> float:
    """Seconds between two requests of a host that is asked as often as it may be."""
    return max(pace.per.total_seconds() / pace.requests, ANSWER / pace.concurrency)


def _events(load: Load) -> Iterator[tuple[float, bool]]:
    """When requests fall due, in order; False for controls, those of one lane after those of another."""
    intervals = [a.policy.interval.total_seconds() for lane in load.lanes for a in lane.accounts]
    rate = sum(1 / interval for interval in intervals)
    until = min(2 * max(intervals), _MOST_EVENTS / rate)
    looks: list[float] = []
    for lane in load.lanes:
        if lane.together:
            apart = 1 / lane.wanted
            looks += (place * apart for place in range(1, math.ceil(until / apart) + 1))
            continue
        for account in lane.accounts:
            interval = account.policy.interval
            at, span = (phase(account.id, interval, _EPOCH) - _EPOCH).total_seconds(), interval.total_seconds()
            looks += (at + place * span for place in range(max(0, math.ceil((until - at) / span))))
    looks.sort()
    alone = sum(not lane.together for lane in load.lanes)
    gap = refresh_gap([lane.source.pace for lane in load.lanes]).total_seconds()
    controls = sorted(
        place * gap + at
        for place in range(alone)
        for at in _multiples(load.period.total_seconds(), until - place * gap)
        for _ in range(CONTROLS_ASKED)
    )
    return merge(((at, False) for at in controls), ((at, True) for at in looks))


def _multiples(span: float, until: float) -> Iterator[float]:
    return (place * span for place in range(math.ceil(until / span)))
