"""Whose turn it is: claim what is due, a little at a time for each channel, and have it sent. At least once.

Each channel has a lane of its own, so that a slow one delays no other. A lane claims no more than it sends within about
a second, and only what it may send now: the rest stays in the table, so that what is more severe and comes later goes
first. The dedup_key goes along. How a row is tried, and what becomes of it, is `sending`.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from watcher.clock import Clock
from watcher.metrics import Metrics
from watcher.model.notification import Notification, RetryAfter, Withheld
from watcher.notify.aftermath import LONGEST_WAIT
from watcher.notify.channels.base import Channel
from watcher.notify.ledger import Ledger, Worker
from watcher.notify.sending import OVERTIME, Attempt, Sender, end
from watcher.notify.standing import is_untried
from watcher.notify.texts import Texts, texts_of
from watcher.notify.view import View
from watcher.store.values import IncidentRecord

_POLL: Final = timedelta(seconds=1)
# In clock time. A lane that holds rows claims none: a lease matters only for what is held by nobody any more.
_LEASE: Final = timedelta(seconds=60)
# What a lane takes at once: as much as it sends within that time, by how long the last one took, and so many at most.
_AHEAD: Final = timedelta(milliseconds=250)
_MOST: Final = 25


@dataclass(slots=True)
class _Lane:
    """What one channel is about to send, and from when on `used` may: another of its name was told nothing.

    `is_hungry` when it may send and has nothing to; then it takes `room` rows.
    """

    name: str
    queue: asyncio.Queue[Notification] = field(default_factory=asyncio.Queue)
    in_hand: bool = False
    is_hungry: bool = True
    room: int = 1
    free_at: datetime | None = None
    used: Channel | None = None
    task: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """True while it holds rows."""
        return self.in_hand or not self.queue.empty()


class Outbox:
    """Sends what the store says is due. `channels` is read anew for each message, `view` at the moment of sending.

    `run` until told to stop, then `drain`. Of a row whose channel is gone `others` says whom else to tell; `holds` says
    why nobody is to be told of something now; `texts` are those of a channel's readers. `chance` is what the jitter is
    taken from; `overtime` is what a channel gets beyond its own timeout, in real time. `standings` are how the channels
    do.
    """

    def __init__(  # noqa: PLR0913 - what it asks of others, each by its name
        self,
        worker: Worker,
        clock: Clock,
        channels: Mapping[str, Channel],
        view: Callable[[IncidentRecord, Notification], View],
        metrics: Metrics,
        *,
        others: Callable[[IncidentRecord, Notification], tuple[Notification, ...]] = lambda _record, _row: (),
        holds: Callable[[IncidentRecord, Notification], Awaitable[Withheld | None]] | None = None,
        texts: Callable[[str], Texts] = lambda _channel: texts_of(),
        chance: random.Random | None = None,
        overtime: timedelta = OVERTIME,
    ) -> None:
        self._ledger = Ledger(worker, clock)
        self._clock = clock
        self._channels = channels
        self._metrics = metrics
        chance = chance if chance is not None else random.Random()  # noqa: S311 - jitter is no secret
        self._sender = Sender(
            self._ledger,
            clock,
            channels,
            view,
            metrics,
            others=others,
            holds=holds,
            texts=texts,
            chance=chance,
            overtime=overtime,
        )
        self.standings = self._sender.standings
        self._log = structlog.get_logger("watcher.notify")
        self._lanes: dict[str, _Lane] = {}
        self._woken = asyncio.Event()
        self._may_wait = True  # False when the last count found nothing undelivered, and nothing has come since
        self._counted_at: datetime | None = None
        self._closing = False
        self._ended = False

    @property
    def is_sending(self) -> bool:
        """True while a row is claimed that has not come to an end."""
        return any(lane.is_busy for lane in self._lanes.values())

    def wake(self) -> None:
        """Look for due rows now: something was committed."""
        self._may_wait = True
        self._woken.set()

    async def run(self) -> None:
        """Claim and hand out until `drain` is called (or this is cancelled; `drain` must follow all the same)."""
        while not self._closing:
            self._woken.clear()
            await self._hand_out()
            if not self._closing:
                await self._rest()

    async def drain(self, limit: timedelta) -> None:
        """Send what is due, for at most `limit` of real time, and end. What is left stays in the table."""
        self._closing = True
        self._woken.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(limit.total_seconds()):
                await self._send_all_due()
        self._ended = True
        await end(lane.task for lane in self._lanes.values() if lane.task is not None)
        self._lanes.clear()
        await self._sender.finish()

    async def _send_all_due(self) -> None:
        # A delivered alert makes its recovery due: look again until there was nothing to do.
        while True:
            self._woken.clear()
            goes_on = await self._hand_out()
            if not goes_on and not self.is_sending:
                return
            await self._woken.wait()

    async def _rest(self) -> None:
        waits = {asyncio.ensure_future(self._woken.wait()), asyncio.ensure_future(self._clock.sleep(_POLL))}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _hand_out(self) -> bool:
        """Give what is due to the lanes that may send it; True where lanes are still to send, or to take, some of it.

        A failing store is waited for.
        """
        now = self._clock.now()
        try:
            due = await self._ledger.ask(self._ledger.store.due, now)
            if self._ended:
                return False
            lanes = [self._lane(name) for name in sorted(due)]
            for lane in lanes:
                await self._feed(lane, now)
            await self._count(now, is_any_due=bool(due))
        except Exception as error:  # noqa: BLE001 - whatever it is, the loop looks again in a second
            self._ledger.fails(error)
            return False
        self._ledger.works()
        return any(not lane.is_hungry for lane in lanes)

    async def _feed(self, lane: _Lane, now: datetime) -> None:
        if not lane.is_hungry:
            return
        claimed = await self._ledger.ask(self._ledger.store.claim, now, _LEASE, lane.room, lane.name)
        if claimed and not self._ended:
            lane.is_hungry = False
            for row in claimed:
                lane.queue.put_nowait(row)

    async def _count(self, now: datetime, *, is_any_due: bool) -> None:
        """Show how many wait: when there is nothing to do at the moment, else once a second."""
        self._may_wait = self._may_wait or is_any_due
        is_fresh = self._counted_at is not None and self._counted_at <= now < self._counted_at + _POLL
        if not self._may_wait or (is_fresh and self.is_sending):
            return
        waiting, oldest = await self._ledger.ask(self._ledger.store.pending)
        self._counted_at, self._may_wait = now, waiting > 0
        self._metrics.notification_queue.set(waiting)
        self._metrics.notification_oldest.set(oldest.timestamp() if oldest is not None else 0)

    def _lane(self, channel: str) -> _Lane:
        if channel not in self._lanes:
            lane = self._lanes[channel] = _Lane(channel)
            lane.task = asyncio.create_task(self._serve(lane), name=f"outbox {channel}")
        return self._lanes[channel]

    async def _serve(self, lane: _Lane) -> None:
        while True:
            began = self._clock.now()
            await self._until_free(lane)
            if lane.queue.empty() and not lane.is_hungry:
                lane.is_hungry = True
                self._woken.set()
            row = await lane.queue.get()
            lane.in_hand = True
            try:
                attempt = await self._sender.attempt(self._channels.get(lane.name), row)
                self._keep_off(lane, attempt)
                await self._sender.record(attempt)
            except Exception:  # noqa: BLE001 - logged; the row is claimed again when its lease ends
                self._log.exception("a notification could not be handled", notification=row.dedup_key)
            finally:
                lane.in_hand = False
                lane.room = _room(max(self._clock.now(), lane.free_at or began) - began)
                if lane.queue.empty():
                    # The next news of the same incident may be due by this.
                    self._woken.set()

    def _keep_off(self, lane: _Lane, attempt: Attempt) -> None:
        """A channel that named a time is left alone for that long, with all that there is to say."""
        channel, outcome = attempt.channel, attempt.outcome
        if isinstance(outcome, Withheld):
            return
        spacing = channel.spacing if channel is not None and not is_untried(outcome) else timedelta(0)
        wait = outcome.wait if isinstance(outcome, RetryAfter) and outcome.wait is not None else timedelta(0)
        lane.used, lane.free_at = channel, attempt.ended + max(spacing, min(wait, LONGEST_WAIT))

    async def _until_free(self, lane: _Lane) -> None:
        """Return once the channel may be used. In steps, since a reload may put another in its place."""
        left = lane.free_at - self._clock.now() if lane.free_at is not None else timedelta(0)
        while left > timedelta(0) and lane.used is not None and lane.used is self._channels.get(lane.name):
            await self._clock.sleep(min(left, _POLL))
            left -= _POLL


def _room(took: timedelta) -> int:
    """How many rows to take at once, when one took so long."""
    return min(_MOST, max(1, _AHEAD // took)) if took > timedelta(0) else _MOST
