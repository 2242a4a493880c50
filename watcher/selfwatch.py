"""watcher looks after itself: reads how it does, and has people told of what is wrong. What that is says `faults`."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from watcher.book import Book
from watcher.clock import Clock
from watcher.metrics import Metrics
from watcher.model.errors import StoreError
from watcher.model.notification import Notification
from watcher.notify.announce import tell_instead
from watcher.notify.faults import CHANNEL, Late, Readings, Space, Ways, faults, is_ours, news_of
from watcher.notify.standing import Standings
from watcher.pipeline import Pipeline
from watcher.schedule import Plan
from watcher.settings.values import Settings
from watcher.showing import others_to_tell
from watcher.store.base import IncidentRecord
from watcher.store.engine import DATABASE
from watcher.store.worker import StoreWorker

LEAST_LATE: Final = timedelta(minutes=1)
_SELDOM: Final = timedelta(seconds=30)


class SelfWatch:
    """Call `look` every few seconds. `settings` and `standings` are read anew each time."""

    def __init__(
        self,
        *,
        pipeline: Pipeline,
        plan: Plan,
        standings: Standings,
        settings: Callable[[], Settings],
        worker: StoreWorker,
        clock: Clock,
        metrics: Metrics,
        threaded: bool,
    ) -> None:
        self._pipeline = pipeline
        self._plan = plan
        self._standings = standings
        self._settings = settings
        self._worker = worker
        self._clock = clock
        self._metrics = metrics
        self._is_threaded = threaded
        self._dead: dict[str, int] = {}
        self._late: Late | None = None
        self._space: Space | None = None
        self._looked_closely: datetime | None = None
        self._log = structlog.get_logger("watcher")
        for incident in self._book.incidents.values():
            kind, _, name = incident.key.partition("/")
            if is_ours(incident) and kind == CHANNEL:
                standings.doubt(name, incident.opened_at, incident.detail)

    @property
    def _book(self) -> Book:
        return self._pipeline.book

    async def look(self) -> None:
        """Read how watcher does, and open and close the incidents of what is wrong with it."""
        now = self._clock.now()
        if self._looked_closely is None or now - self._looked_closely >= _SELDOM:
            self._looked_closely = now
            await self._look_closely(now)
        broken = self._standings.broken(now)
        self._metrics.show_channels({name: name not in broken for name in self._standings.all()}, self._dead)
        readings = Readings(channels=self._standings.all(), late=self._late, space=self._space)
        open_now = [each for each in self._book.incidents.values() if is_ours(each)]
        wanted = faults(readings, {each.key for each in open_now}, now)
        news = news_of(wanted, open_now, self._ways(), broken, now)
        for incident in news.opened:
            self._log.warning("trouble_of_our_own", about=incident.key, said=incident.detail)
        for incident in open_now:
            if incident.key not in wanted:
                self._log.info("trouble_is_over", about=incident.key)
        self._pipeline.tell(news)

    def others(self, record: IncidentRecord, row: Notification) -> tuple[Notification, ...]:
        """Whom to tell what the channel of `row` cannot: it is no longer there, or takes nothing any more."""
        settings = self._settings()
        if row.channel not in {channel.name for channel in settings.channels}:
            return others_to_tell(record, row, self._book)
        channel = self._ways().instead_of(row.channel, self._standings.broken(self._clock.now()))
        return tell_instead(row, record.incident, record.notifications, channel)

    def fallback(self, refused: frozenset[str]) -> str | None:
        """The channel for what cannot be a row of the store: the `fallback`, or another where that does not work."""
        return self._ways().without(refused).instead_of("", self._standings.broken(self._clock.now()))

    def _ways(self) -> Ways:
        settings = self._settings()
        names = tuple(channel.name for channel in settings.channels)
        return Ways(routes=self._book.routes, channels=names, fallback=settings.fallback)

    async def _look_closely(self, now: datetime) -> None:
        """What costs more than a glance."""
        self._late = late_of(self._plan, self._book, now, self._late)
        directory = self._settings().state_dir
        # A network file system may let one wait.
        self._space = await asyncio.to_thread(space_of, directory) if self._is_threaded else space_of(directory)
        with suppress(StoreError):
            self._dead = await self._worker.call(self._worker.store.dead)


def late_of(plan: Plan, book: Book, now: datetime, before: Late | None) -> Late | None:
    """The looks that are late. Not those at who cannot be seen for long: people are told of that already."""
    late = plan.late(now, LEAST_LATE)
    seen = [
        overdue
        for account_id, overdue in late.items()
        if (state := book.states.get(account_id)) is not None and state.blind_since is None
    ]
    if not seen:
        return None
    return Late(since=before.since if before is not None else now, accounts=len(seen), most=max(seen))


def space_of(state_dir: Path) -> Space | None:
    """What is free there; None where that cannot be said."""
    try:
        database = state_dir / DATABASE
        size = database.stat().st_size if database.exists() else 0
        return Space(free=shutil.disk_usage(state_dir).free, database=size)
    except OSError:
        return None
