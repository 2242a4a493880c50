"""One message by one channel: render it as things are now, send it, and note what came of it.

What is told is decided elsewhere (`route`, the pipeline), what it says by `render`, how by the channel; when it is its
turn by `outbox`.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from watcher.clock import Clock
from watcher.metrics import FAILURE_REASONS, Metrics
from watcher.model.errors import StoreError
from watcher.model.notification import (
    Delivered,
    GaveUp,
    Notification,
    NotificationKind,
    NotificationState,
    Outcome,
    RetryAfter,
    Withheld,
)
from watcher.notify.aftermath import addressed, delivery_of, is_hopeless, settled, takes_the_place, told_as_well
from watcher.notify.channels.base import Channel
from watcher.notify.ledger import Ledger
from watcher.notify.render import render
from watcher.notify.standing import Standings, is_gone, is_untried, untried
from watcher.notify.texts import Texts
from watcher.notify.view import View
from watcher.store.values import Commit, IncidentRecord

OVERTIME: Final = timedelta(seconds=5)
"""What a channel gets beyond the time that it says it takes: it must have come to an end by itself."""
_GRACE: Final = 1.0
_FORGOTTEN: Final = "forgotten"
_ENABLED_BY: Final = "it is tried again with other settings, after a restart, or by: watcher notifications resend"

_Others = Callable[[IncidentRecord, Notification], tuple[Notification, ...]]
_Holds = Callable[[IncidentRecord, Notification], Awaitable[Withheld | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of trying a row by `channel` (None: there is none of that name).

    `told_all`: the message was delivered and told the end as well.
    """

    row: Notification
    channel: Channel | None
    outcome: Outcome | Withheld
    told_all: bool
    started: datetime
    ended: datetime


class Sender:
    """Tries rows and records what came of it. The arguments are those of `Outbox`, which says what they are."""

    def __init__(  # noqa: PLR0913 - what it asks of others, each by its name
        self,
        ledger: Ledger,
        clock: Clock,
        channels: Mapping[str, Channel],
        view: Callable[[IncidentRecord, Notification], View],
        metrics: Metrics,
        *,
        others: _Others,
        holds: _Holds | None,
        texts: Callable[[str], Texts],
        chance: random.Random,
        overtime: timedelta,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._view = view
        self._others = others
        self._holds = holds
        self._texts = texts
        self._metrics = metrics
        self._chance = chance
        self._overtime = overtime
        self.standings = Standings(channels)
        self._failing: set[str] = set()
        self._recordings: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger("watcher.notify")

    async def attempt(self, channel: Channel | None, row: Notification) -> Attempt:
        """Render and send it. Raises nothing: whatever fails, it is tried again."""
        started = self._clock.now()
        outcome, told_all = await self._outcome(channel, row)
        return Attempt(
            row=row, channel=channel, outcome=outcome, told_all=told_all, started=started, ended=self._clock.now()
        )

    async def record(self, attempt: Attempt) -> None:
        """Store what came of it, however long the store fails, and say what people should know of it.

        Once the outcome is known, it is stored even if this is cancelled: see `finish`.
        """
        row, outcome = attempt.row, attempt.outcome
        if isinstance(outcome, Withheld):
            await self._ledger.insist(self._ledger.store.withhold, row, outcome.until)
            return
        is_end = self.standings.note(row.channel, attempt.channel, outcome, attempt.ended)
        self._note(row, outcome, is_end=is_end)
        recording = asyncio.create_task(self._store(attempt, outcome))
        self._recordings.add(recording)
        recording.add_done_callback(self._recordings.discard)
        await asyncio.shield(recording)

    async def finish(self) -> None:
        """What was sent is noted all the same when the outbox ends, or it would be sent again after the restart."""
        if self._recordings:
            await asyncio.wait(self._recordings, timeout=_GRACE)
        await end(self._recordings)

    async def _outcome(self, channel: Channel | None, row: Notification) -> tuple[Outcome | Withheld, bool]:
        try:
            record: IncidentRecord | None = await self._ledger.ask(self._ledger.store.incident, row.incident_id)
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
            self._ledger.fails(error)
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
            await self._ledger.insist(self._ledger.store.commit, Commit(notifications=others))
            told = [other.channel for other in others]
            self._log.warning("the channel is gone; others are told", notification=row.dedup_key, channels=told)

    async def _withheld(self, channel: Channel, record: IncidentRecord, row: Notification) -> Withheld | None:
        if not channel.tells(row.kind):
            return Withheld(reason="the channel has no way to say it")
        return await self._holds(record, row) if self._holds is not None else None

    async def _store(self, attempt: Attempt, outcome: Outcome) -> None:
        row, store = attempt.row, self._ledger.store
        after = settled(row, outcome, attempt.ended, self._chance)
        # Where some recipients were reached, those must hear of the end too, whatever became of the others.
        never_told = row.kind is NotificationKind.ALERT and after.state is NotificationState.DEAD
        ended = (attempt.told_all or never_told) and not after.recipients
        is_told = isinstance(outcome, Delivered)
        also = told_as_well(row.kind, ended=ended, is_told=is_told, made_at=attempt.started)
        also = also or takes_the_place(row, outcome)
        if is_gone(outcome) and (record := await self._ledger.insist(store.incident, row.incident_id)) is not None:
            await self._tell_others(record, row)
        delivery = delivery_of(row, outcome, attempt.started, attempt.ended)
        thread = outcome.thread if isinstance(outcome, Delivered) else ""
        await self._ledger.insist(store.settle, after, delivery, thread, also)

    def _note(self, row: Notification, outcome: Outcome, *, is_end: bool) -> None:
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
            if row.channel in self._failing:
                self._log.info("the channel works again", channel=row.channel)
            self._failing.discard(row.channel)
            return
        reason = outcome.reason.partition(":")[0]
        label = reason if reason in FAILURE_REASONS else "bug"
        self._metrics.notifications_failed.labels(row.channel, label).inc()
        told = {"channel": row.channel, "reason": outcome.reason, "notification": row.dedup_key}
        if is_end:
            self._log.warning("the channel is disabled until it is set anew", hint=_ENABLED_BY, **told)
        elif isinstance(outcome, GaveUp) or is_hopeless(row, self._clock.now()):
            self._log.warning("a notification was given up", **told)
        elif row.channel not in self._failing:
            self._log.warning("a notification was not delivered; it is tried again", **told)
            self._failing.add(row.channel)


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel them, and return once they have ended."""
    ending = tuple(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
