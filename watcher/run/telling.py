"""All by which people are told: the channels, the outbox, and what withholds, repeats and stands in.

What is told, and when, is decided in the parts. Here they are put together, and go by the settings of the moment.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import aiohttp

from watcher.clock import Clock
from watcher.look.pipeline import Pipeline
from watcher.metrics import Metrics
from watcher.model.notification import Alert, IncidentKind, Notification
from watcher.notify import Outbox, View
from watcher.notify.channels.base import Channel
from watcher.notify.channels.build import build
from watcher.notify.fallback import STORE_MAY_FAIL, Fallback
from watcher.notify.renewal import Renewal
from watcher.notify.texts import Texts
from watcher.notify.trial import texts_for, try_out
from watcher.run.pulse import Pulse
from watcher.run.quiet import Quiet
from watcher.run.selfwatch import SelfWatch
from watcher.run.showing import alert_view_of, view_of
from watcher.schedule import Plan
from watcher.settings.values import ChannelSettings, Settings
from watcher.store.values import IncidentRecord
from watcher.store.worker import StoreWorker

End = Callable[[str, Callable[[], Awaitable[None]]], Awaitable[None]]
Looks = dict[str, Callable[[], Coroutine[None, None, None]]]


class Telling:
    """`settings` are those in force, asked for anew each time; `not_ready` says why watcher is not ready, if it is not.

    `open` before anything is told; `end(what, how)` ends a part within the time that there is.
    """

    def __init__(  # noqa: PLR0913 - what it asks of others, each by its name
        self,
        pipeline: Pipeline,
        plan: Plan,
        worker: StoreWorker,
        clock: Clock,
        metrics: Metrics,
        *,
        settings: Callable[[], Settings],
        not_ready: Callable[[], Iterable[str]],
        end: End,
        threaded: bool,
    ) -> None:
        self._pipeline = pipeline
        self._worker = worker
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self._not_ready = not_ready
        self._end = end
        self._plan = plan
        self._is_threaded = threaded
        self.selfwatch: SelfWatch
        self._channels: dict[str, Channel] = {}
        self._session: aiohttp.ClientSession
        self._closing: AsyncExitStack
        self._pulse: Pulse
        self.quiet = Quiet(worker, lambda: pipeline.book, clock, metrics, self.wake, plan=lambda: settings().digest)
        self.renewal = Renewal(
            worker, clock, self._channels, self._alert_view, metrics, beside=self._told_past_the_store
        )
        self.outbox = Outbox(
            worker,
            clock,
            self._channels,
            self._view,
            metrics,
            others=self._others,
            holds=self.quiet.holds,
            texts=self._texts,
        )
        self.fallback = Fallback(worker, clock, self._fallback_channel, metrics, texts=self._texts)

    async def open(self, stack: AsyncExitStack) -> None:
        """Make the channels; the stack closes them. Raises WatcherError."""
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        stack.push_async_callback(self._session.close)
        self._closing = await stack.enter_async_context(AsyncExitStack())
        self._pulse = Pulse(
            lambda: self._settings().heartbeat, self._trouble, self._session, self._clock, self._metrics
        )
        wanted = self._settings().channels
        try_out(wanted)
        self.go_by(self.made(wanted, ()))
        # Once there are channels: those that were broken in the last run are in doubt.
        self.selfwatch = SelfWatch(
            pipeline=self._pipeline,
            plan=self._plan,
            standings=self.outbox.standings,
            settings=self._settings,
            worker=self._worker,
            clock=self._clock,
            metrics=self._metrics,
            threaded=self._is_threaded,
        )

    def made(self, wanted: Sequence[ChannelSettings], before: Sequence[ChannelSettings]) -> dict[str, Channel]:
        """The channels of these settings; those that were there `before`, just so, go on. Raises WatcherError."""
        fresh = build([each for each in wanted if each not in before], self._session, self._clock)
        for channel in fresh.values():
            self._closing.push_async_callback(self._end, f"channel {channel.name}", channel.close)
        return {each.name: fresh.get(each.name) or self._channels[each.name] for each in wanted}

    def go_by(self, channels: dict[str, Channel]) -> None:
        """Tell by these from now on."""
        self._channels.clear()
        self._channels.update(channels)

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of those that there are."""
        return tuple(self._channels)

    @property
    def looks(self) -> Looks:
        """What is to be done every few seconds, by name."""
        return {
            "fallback": self.fallback.look,
            "own_health": self.selfwatch.look,
            "pulse": self._pulse.look,
            **self.quiet.looks,
            **self.renewal.looks,
        }

    @property
    def is_sending(self) -> bool:
        """True while a message is on its way."""
        return self.outbox.is_sending or self.fallback.is_sending or self.renewal.is_saying

    def wake(self) -> None:
        """Something was committed: look now for what is due."""
        self.outbox.wake()

    def _texts(self, channel: str) -> Texts:
        return texts_for(next((each for each in self._settings().channels if each.name == channel), None))

    def _told_past_the_store(self, channel: str) -> tuple[Alert, ...]:
        return self.fallback.lasting(channel)

    def _fallback_channel(self, wanted: str | None, refused: frozenset[str]) -> Channel | None:
        named = self._channels.get(wanted or "")
        return named or self._channels.get(self.selfwatch.fallback(refused) or "")

    def _others(self, record: IncidentRecord, row: Notification) -> tuple[Notification, ...]:
        return self.selfwatch.others(record, row)

    def _view(self, record: IncidentRecord, notification: Notification) -> View:
        settings = self._settings()
        view = view_of(record, notification, self._pipeline.book, settings.public_url, self._clock.now())
        plan = settings.digest if record.incident.kind is IncidentKind.DIGEST else None
        return replace(view, timezone=plan.timezone) if plan is not None else view

    def _alert_view(self, record: IncidentRecord) -> View:
        return alert_view_of(record, self._pipeline.book, self._settings().public_url, self._clock.now())

    def _trouble(self) -> tuple[str, ...]:
        """Why nobody should believe that watcher works."""
        now = self._clock.now()
        unwritten = now - self._worker.beaten_at >= STORE_MAY_FAIL
        broken = self.outbox.standings.broken(now)
        return (
            *self._not_ready(),
            *(("the store has not been written for 30 s",) if unwritten else ()),
            *(("no channel takes anything",) if len(broken) == len(self._channels) else ()),
        )
