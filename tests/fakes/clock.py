"""A clock that stands still until it is told to go on."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

ZERO = timedelta(0)
# The evening that the program was made for.
STORY = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
# How often the event loop is let round so that woken tasks come to rest, if they wait for nothing but this clock.
_ROUNDS = 50


class FakeClock:
    """Starts at `start` (UTC) and moves by `advance` only; keeps the Clock contract."""

    def __init__(self, start: datetime = STORY) -> None:
        self._now = start
        self._offset = ZERO
        self._order = count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The instant that it was set to."""
        return self._now

    async def sleep(self, span: timedelta) -> None:
        """Return once `advance` has gone past `span`; at once when it is not positive."""
        if span <= ZERO:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + span, next(self._order), woken))
        await woken

    def offset(self) -> timedelta:
        """What `step` was told."""
        return self._offset

    def step(self, span: timedelta) -> None:
        """The system's clock is set forward by `span` (back if negative); this one goes on as before."""
        self._offset += span

    def advance(self, span: timedelta) -> None:
        """Let `span` pass at once, and wake who slept for it, in the order of their instants."""
        if span < ZERO:
            raise ValueError(f"{span}: time never goes back")
        self._now += span
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)

    async def run_for(self, span: timedelta) -> None:
        """Let `span` pass from one sleeper's instant to the next, and each come to rest before time goes on.

        For tasks that wait for this clock only: who waits for a socket or a thread may find more time gone.
        """
        end = self._now + span
        await settle()
        while (due := self.next_wake) is not None and due <= end:
            self.advance(due - self._now)
            await settle()
        self.advance(end - self._now)
        await settle()

    @property
    def next_wake(self) -> datetime | None:
        """The instant that the next sleeper waits for; None when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None


async def settle() -> None:
    """Let all ready tasks run until they wait again."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
