"""Whether this machine reaches anything at all, told from the fetches that are made anyway. No third party is asked.

Limits: with one host in the watchlist, our network cannot be told from that host's, and the answer stays ONLINE;
nothing false follows, since a transport failure is never a verdict. A connection that only pretends to work
(a captive portal that answers https with a trusted certificate) counts as reached.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import nsmallest
from typing import Final

from watcher.clock import Clock
from watcher.model.control import VantageState
from watcher.model.exchange import Exchange, FetchFailure
from watcher.model.finding import Reason
from watcher.probe.failures import TRANSPORT

WINDOW: Final = timedelta(minutes=2)
_CHECK_AGAIN_AFTER: Final = timedelta(seconds=30)
_MOST_HOSTS: Final = 3
_ENOUGH_HOSTS: Final = 2
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_FAR: Final = datetime.max.replace(tzinfo=UTC)
# Nothing was sent, so nothing was learnt.
_UNSENT: Final = frozenset({Reason.NO_SOURCE, Reason.RATE_LIMITED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The last try to reach `host`: when, and whether anything answered there."""

    host: str
    at: datetime
    reached: bool


def judge(before: VantageState, attempts: Iterable[Attempt], now: datetime) -> VantageState:
    """OFFLINE when all attempts of the last two minutes failed, on two hosts or more; ONLINE on any success.

    Without enough to go by the state stays what it was.
    """
    recent = [attempt for attempt in attempts if attempt.at > now - WINDOW]
    if any(attempt.reached for attempt in recent):
        return VantageState.ONLINE
    if len({attempt.host for attempt in recent}) >= _ENOUGH_HOSTS:
        return VantageState.OFFLINE
    return before


class Reachability:
    """Keeps the last attempt at each host. `reaches` tries to connect to where a URL leads, without asking anything."""

    def __init__(self, clock: Clock, reaches: Callable[[str], Awaitable[bool]]) -> None:
        self._clock = clock
        self._reaches = reaches
        self._attempts: dict[str, Attempt] = {}
        self._answered: Attempt | None = None  # the latest that reached its host, as far as is known
        self._answers: dict[str, datetime] = {}  # when each host answered last, however long ago
        self._state = VantageState.ONLINE
        self._checked_at: datetime | None = None

    def note(self, host: str, at: datetime, transport_ok: bool) -> None:
        """A fetch from `host` ended at `at`; `transport_ok` when anything at all answered."""
        self._attempts[host] = attempt = Attempt(host=host, at=at, reached=transport_ok)
        if transport_ok:
            self._answered, self._answers[host] = attempt, at
        self._state = self._judged(at)

    def note_exchange(self, exchange: Exchange) -> None:
        """Note a fetch by its outcome; one that was never sent says nothing."""
        outcome = exchange.outcome
        reason = outcome.reason if isinstance(outcome, FetchFailure) else None
        if reason not in _UNSENT:
            # Where there is a status something answered, though a page may have hung after it.
            self.note(exchange.task.host, exchange.received_at, reason not in TRANSPORT or outcome.status is not None)

    def state(self, now: datetime) -> VantageState:
        """ONLINE or OFFLINE at `now`. OFFLINE lasts until the first success."""
        self._state = self._judged(now)
        return self._state

    async def check(self, hosts: Mapping[str, str]) -> VantageState:
        """Settle the doubt when whoever was tried lately failed: try up to three others of `hosts`, once in 30 s.

        `hosts` has a URL for each that is asked there. Costs nothing while anything answers.
        """
        now = self._clock.now()
        recent = () if self._is_answered(now) else self._recent(now)
        in_doubt = bool(recent) and not any(attempt.reached for attempt in recent)
        if in_doubt and (self._checked_at is None or now - self._checked_at >= _CHECK_AGAIN_AFTER):
            self._checked_at = now
            others = self._likeliest(hosts)
            reached = await asyncio.gather(*(self._reaches(hosts[host]) for host in others))
            for host, ok in zip(others, reached, strict=True):
                self.note(host, self._clock.now(), ok)
        return self.state(self._clock.now())

    def _likeliest(self, hosts: Iterable[str]) -> list[str]:
        """Three that were not tried lately, who answered last first: seldom looked at, they would not be missed."""
        untried = (host for host in hosts if host not in self._attempts)
        return nsmallest(_MOST_HOSTS, untried, key=lambda host: (_FAR - self._answers.get(host, _LONG_AGO), host))

    def _judged(self, now: datetime) -> VantageState:
        """What `judge` says of all attempts, without looking at each of ten thousand hosts at each of their looks."""
        if self._is_answered(now):
            return VantageState.ONLINE
        if self._state is VantageState.OFFLINE:
            return VantageState.OFFLINE  # only an answer ends it
        recent = self._recent(now)
        self._answered = max((attempt for attempt in recent if attempt.reached), key=lambda it: it.at, default=None)
        return judge(self._state, recent, now)

    def _is_answered(self, now: datetime) -> bool:
        """True when the attempt known to have reached its host is recent, and the last one there."""
        last = self._answered
        return last is not None and last.at > now - WINDOW and self._attempts.get(last.host) is last

    def _recent(self, now: datetime) -> tuple[Attempt, ...]:
        """The attempts of the last two minutes; the others are forgotten."""
        recent = tuple(attempt for attempt in self._attempts.values() if attempt.at > now - WINDOW)
        self._attempts = {attempt.host: attempt for attempt in recent}
        return recent
