"""Claim what is due, render it as things are now, send it, back off. At least once: the dedup_key goes along.

Each channel has a lane of its own, so that a slow one delays no other. What is told is decided elsewhere (`route`,
the pipeline), what it says by `render`, how by the channel; here is only when, and what becomes of a failure.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from watcher.clock import Clock
from watcher.metrics import FAILURE_REASONS, Metrics
from watcher.model.errors import StoreError
from watcher.model.notification import (
    Delivered,
    Delivery,
    GaveUp,
    Notification,
    NotificationKind,
    NotificationState,
    Outcome,
    RetryAfter,
    Withheld,
)
from watcher.notify.aftermath import LONGEST_WAIT, TOO_OLD, addressed, delivery_of, settled, told_as_well
from watcher.notify.channels.base import Channel
from watcher.notify.render import render
from watcher.notify.standing import Standings, is_gone, is_untried, untried
from watcher.notify.texts import Texts, texts_of
from watcher.notify.view import View
from watcher.store.base import Commit, IncidentRecord, Store
from watcher.store.faults import ContradictionError

_POLL: Final = timedelta(seconds=1)
# In clock time. What is still held when its lease ends is claimed again by this process and recognised (`_held`),
# so that a lease only ever runs out when the process is gone.
_LEASE: Final = timedelta(seconds=60)
_LIMIT: Final = 100
# What a channel gets beyond the time that it says it takes: it must have come to an end by itself.
_OVERTIME: Final = timedelta(seconds=5)
_GRACE: Final = 1.0
_FORGOTTEN: Final = "forgotten"
_ENABLED_BY: Final = "it is tried again with other settings, after a restart, or by: watcher notifications resend"


class Worker(Protocol):
    """The asynchronous face of the store: each call runs to its end in the store's own thread, in order."""

    @property
    def store(self) -> Store:
        """The store that is called."""
        ...

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run `function` and return what it returned. Raises StoreError."""
        ...


@dataclass(slots=True)
class _Lane:
    """What one channel still has to send, and from when on `used` may: another of its name was told nothing."""

    queue: asyncio.Queue[Notification] = field(default_factory=asyncio.Queue)
    free_at: datetime | None = None
    used: Channel | None = None
    failing: bool = False
    task: asyncio.Task[None] | None = None


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
        overtime: timedelta = _OVERTIME,
    ) -> None:
        self._worker = worker
        self._clock = clock
        self._channels = channels
        self._view = view
        self._others = others
        self._holds = holds
        self._texts = texts
        self._metrics = metrics
        self._chance = chance if chance is not None else random.Random()  # noqa: S311 - jitter is no secret
        self._overtime = overtime
        self.standings = Standings(channels)
        self._log = structlog.get_logger("watcher.notify")
        self._lanes: dict[str, _Lane] = {}
        self._held: dict[str, Notification] = {}  # by dedup_key: the id of a forgotten row is used again
        self._recordings: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._may_wait = True  # False when the last count found nothing undelivered, and nothing has come since
        self._closing = False
        self._ended = False
        self._store_failing = False

    def wake(self) -> None:
        """Look for due rows now: something was committed."""
        self._may_wait = True
        self._woken.set()

    async def run(self) -> None:
        """Claim and hand out until `drain` is called (or this is cancelled; `drain` must follow all the same)."""
        while not self._closing:
            self._woken.clear()
            await self._hand_out()
            await self._rest()

    async def drain(self, limit: timedelta) -> None:
        """Send what is due, for at most `limit` of real time, and end. What is left stays in the table."""
        self._closing = True
        self._woken.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(limit.total_seconds()):
                await self._send_all_due()
        self._ended = True
        lanes = [lane.task for lane in self._lanes.values() if lane.task is not None]
        await _end(lanes)
        self._lanes.clear()
        # What was sent is noted all the same, or it would be sent again after the restart.
        if self._recordings:
            await asyncio.wait(self._recordings, timeout=_GRACE)
        await _end(self._recordings)

    async def _send_all_due(self) -> None:
        # A delivered alert makes its recovery due: look again until there was nothing to do.
        while True:
            busy = bool(self._held)
            claimed = await self._hand_out()
            await asyncio.gather(*(lane.queue.join() for lane in self._lanes.values()))
            if not busy and not claimed:
                return

    async def _rest(self) -> None:
        waits = {asyncio.ensure_future(self._woken.wait()), asyncio.ensure_future(self._clock.sleep(_POLL))}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _hand_out(self) -> int:
        """Claim what is due, put it into the lanes, say how many rows that were. A failing store is waited for."""
        try:
            count = await self._claim_all()
            self._may_wait = self._may_wait or count > 0
            if self._may_wait:
                waiting, oldest = await self._worker.call(self._worker.store.pending)
                self._may_wait = waiting > 0
                self._metrics.notification_queue.set(waiting)
                self._metrics.notification_oldest.set(oldest.timestamp() if oldest is not None else 0)
        except Exception as error:  # noqa: BLE001 - whatever it is, the loop looks again in a second
            self._store_failed(error)
            return 0
        self._store_failing = False
        return count

    async def _claim_all(self) -> int:
        # One instant for all rounds: what a round takes is leased beyond it, so that the rounds come to an end.
        now, count = self._clock.now(), 0
        while True:
            claimed = await self._worker.call(self._worker.store.claim, now, _LEASE, _LIMIT)
            if self._ended:
                return count
            fresh = [row for row in claimed if row.dedup_key not in self._held]
            # A row that is claimed anew counts one attempt more, and only its last holder may settle it.
            self._held |= {row.dedup_key: row for row in claimed}
            for row in fresh:
                self._lane(row.channel).queue.put_nowait(row)
            count += len(fresh)
            if len(claimed) < _LIMIT:
                return count

    def _store_failed(self, error: Exception) -> None:
        if not self._store_failing:
            self._log.warning("the store failed; notifications wait", error=f"{type(error).__name__}: {error}")
        self._store_failing = True

    def _lane(self, channel: str) -> _Lane:
        if channel not in self._lanes:
            lane = self._lanes[channel] = _Lane()
            lane.task = asyncio.create_task(self._serve(lane), name=f"outbox {channel}")
        return self._lanes[channel]

    async def _serve(self, lane: _Lane) -> None:
        while True:
            row = await lane.queue.get()
            try:
                await self._deliver(lane, row)
            except Exception:  # noqa: BLE001 - logged; the row is claimed again when its lease ends
                self._log.exception("a notification could not be handled", notification=row.dedup_key)
            finally:
                del self._held[row.dedup_key]
                lane.queue.task_done()
                # The next news of the same incident may be due by this.
                self._woken.set()

    async def _deliver(self, lane: _Lane, row: Notification) -> None:
        channel = await self._free(lane, row.channel)
        started = self._clock.now()
        outcome, told_all = await self._attempt(channel, row)
        if isinstance(outcome, Withheld):
            await self._insist(self._worker.store.withhold, self._held[row.dedup_key], outcome.until)
            return
        now = self._clock.now()
        self._keep_off(lane, channel, outcome, now)
        self._note(lane, row, outcome, is_end=self.standings.note(row.channel, channel, outcome, now))
        after = settled(self._held[row.dedup_key], outcome, now, self._chance)
        # Where some recipients were reached, those must hear of the end too, whatever became of the others.
        never_told = row.kind is NotificationKind.ALERT and after.state is NotificationState.DEAD
        ended = (told_all or never_told) and not after.recipients
        delivery = delivery_of(row, outcome, started, now)
        recording = asyncio.create_task(self._record(after, delivery, outcome, ended=ended))
        self._recordings.add(recording)
        recording.add_done_callback(self._recordings.discard)
        await asyncio.shield(recording)

    def _keep_off(self, lane: _Lane, channel: Channel | None, outcome: Outcome, now: datetime) -> None:
        """A channel that named a time is left alone for that long, with all that there is to say."""
        spacing = channel.spacing if channel is not None and not is_untried(outcome) else timedelta(0)
        wait = outcome.wait if isinstance(outcome, RetryAfter) and outcome.wait is not None else timedelta(0)
        lane.used, lane.free_at = channel, now + max(spacing, min(wait, LONGEST_WAIT))

    async def _free(self, lane: _Lane, name: str) -> Channel | None:
        """The channel of that name, once it may be used. In steps, since a reload may put another in its place."""
        left = lane.free_at - self._clock.now() if lane.free_at is not None else timedelta(0)
        channel = self._channels.get(name)
        while channel is not None and channel is lane.used and left > timedelta(0):
            await self._clock.sleep(min(left, _POLL))
            left -= _POLL
            channel = self._channels.get(name)
        return channel

    async def _attempt(self, channel: Channel | None, row: Notification) -> tuple[Outcome | Withheld, bool]:
        """Render and send; say whether the message, if it was delivered, told the end as well."""
        try:
            record: IncidentRecord | None = await self._worker.call(self._worker.store.incident, row.incident_id)
            if record is None:
                return GaveUp(reason=_FORGOTTEN), False
            if channel is None:
                await self._tell_others(record, row)
                return RetryAfter(reason="unknown_channel"), False
            withheld = await self._withheld(channel, record, row)
            return (withheld, False) if withheld is not None else await self._send(channel, record, row)
        except TimeoutError:
            return RetryAfter(reason="timeout"), False
        except StoreError as error:
            self._store_failed(error)
            return RetryAfter(reason="bug: the store did not answer"), False
        except Exception as error:  # noqa: BLE001 - logged; one bad row must not end the lane
            self._log.exception("a bug kept a notification from being sent", notification=row.dedup_key)
            return RetryAfter(reason=f"bug: {type(error).__name__}"), False

    async def _send(self, channel: Channel, record: IncidentRecord, row: Notification) -> tuple[Outcome, bool]:
        if self.standings.is_closed_to(row):
            return untried(self.standings.of(row.channel)), False
        view = self._view(record, row)
        message = addressed(render(view, self._texts(row.channel)), row, record.threads)
        async with asyncio.timeout((channel.timeout + self._overtime).total_seconds()):
            outcome = await channel.send(message)
        tells_whole_story = view.is_over and row.kind in (NotificationKind.ALERT, NotificationKind.UPDATE)
        return outcome, isinstance(outcome, Delivered) and tells_whole_story

    async def _tell_others(self, record: IncidentRecord, row: Notification) -> None:
        """Its channel was renamed, removed or is dead: those who are told such things now must not miss it."""
        if others := self._others(record, row):
            await self._insist(self._worker.store.commit, Commit(notifications=others))
            told = [other.channel for other in others]
            self._log.warning("the channel is gone; others are told", notification=row.dedup_key, channels=told)

    async def _withheld(self, channel: Channel, record: IncidentRecord, row: Notification) -> Withheld | None:
        if not channel.tells(row.kind):
            return Withheld(reason="the channel has no way to say it")
        return await self._holds(record, row) if self._holds is not None else None

    async def _record(self, row: Notification, delivery: Delivery, outcome: Outcome, *, ended: bool) -> None:
        # Suppress before settling: while this row is undelivered, nobody can claim what it told as well.
        store, is_told = self._worker.store, isinstance(outcome, Delivered)
        if is_gone(outcome) and (record := await self._insist(store.incident, row.incident_id)) is not None:
            await self._tell_others(record, row)
        if told := told_as_well(row.kind, ended=ended, is_told=is_told):
            # It tells how things stood when it was made; what is due later may be to tell of what came after.
            until = None if ended else delivery.at - delivery.latency
            # Not this row: were it suppressed and we died now, nobody would know that it was told, nor when.
            await self._insist(store.suppress, row.incident_id, row.channel, told, until, row.dedup_key)
        thread = outcome.thread if isinstance(outcome, Delivered) else ""
        await self._insist(store.settle, row, delivery, thread)

    async def _insist(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call the store until it answers: what was sent must not be forgotten because of a full disk."""
        while True:
            try:
                return await self._worker.call(function, *args)
            except ContradictionError:
                raise
            except StoreError as error:
                self._store_failed(error)
                await self._clock.sleep(_POLL)

    def _note(self, lane: _Lane, row: Notification, outcome: Outcome, *, is_end: bool) -> None:
        """Count the attempt, and say what people should know: when a channel fails, is disabled, and is back."""
        if isinstance(outcome, GaveUp) and outcome.reason == _FORGOTTEN:
            self._log.info("a notification was forgotten before it was sent", channel=row.channel)
            return
        if is_untried(outcome):
            return  # it was said once that the channel is disabled
        self._metrics.notifications.labels(row.channel).inc()
        if isinstance(outcome, Delivered):
            latency = (self._clock.now() - row.waits_since).total_seconds()
            self._metrics.notification_latency.labels(row.channel).observe(max(0.0, latency))
            if lane.failing:
                self._log.info("the channel works again", channel=row.channel)
            lane.failing = False
            return
        reason = outcome.reason.partition(":")[0]
        label = reason if reason in FAILURE_REASONS else "bug"
        self._metrics.notifications_failed.labels(row.channel, label).inc()
        told = {"channel": row.channel, "reason": outcome.reason, "notification": row.dedup_key}
        if is_end:
            self._log.warning("the channel is disabled until it is set anew", hint=_ENABLED_BY, **told)
        elif isinstance(outcome, GaveUp) or self._clock.now() - row.waits_since > TOO_OLD:
            self._log.warning("a notification was given up", **told)
        elif not lane.failing:
            self._log.warning("a notification was not delivered; it is tried again", **told)
            lane.failing = True


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    ending = tuple(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
