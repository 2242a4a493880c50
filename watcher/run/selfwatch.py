"""watcher looks after itself: reads how it does, and has people told of what is wrong. What that is says `faults`."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from watcher.clock import Clock
from watcher.look.book import Book
from watcher.look.pipeline import Pipeline
from watcher.metrics import Metrics
from watcher.model.errors import StoreError
from watcher.model.notification import Notification
from watcher.notify.announce import tell_instead
from watcher.notify.faults import CHANNEL, Late, Readings, Space, Ways, faults, is_ours, news_of
from watcher.notify.standing import Standings
from watcher.run.showing import others_to_tell
from watcher.schedule import Plan
from watcher.settings.values import Settings
from watcher.store.engine import DATABASE
from watcher.store.values import IncidentRecord
from watcher.store.worker import StoreWorker

LEAST_LATE: Final = timedelta(minutes=1)
_SELDOM: Final = timedelta(seconds=30)
_SOME: Final = 500


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
        self._late = await late_of(self._plan, self._book, now, self._late)
        directory = self._settings().state_dir
        # A network file system may let one wait.
        self._space = await asyncio.to_thread(space_of, directory) if self._is_threaded else space_of(directory)
        with suppress(StoreError):
            self._dead = await self._worker.call(self._worker.store.dead)


async def late_of(plan: Plan, book: Book, now: datetime, before: Late | None) -> Late | None:
    """The looks that are late. Not those at who cannot be seen for long: people are told of that already.

    Some at a time: all of a hundred thousand may be late, and the looks go on meanwhile.
    """
    accounts, most = 0, timedelta(0)
    for place, (account_id, overdue) in enumerate(plan.late(now, LEAST_LATE)):
        if place % _SOME == _SOME - 1:
            await asyncio.sleep(0)
        state = book.states.get(account_id)
        if state is not None and state.blind_since is None:
            accounts, most = accounts + 1, max(most, overdue)
    return Late(since=before.since if before is not None else now, accounts=accounts, most=most) if accounts else None


def space_of(state_dir: Path) -> Space | None:
    """What is free there; None where that cannot be said."""
    try:
        database = state_dir / DATABASE
        size = database.stat().st_size if database.exists() else 0
        return Space(free=shutil.disk_usage(state_dir).free, database=size)
    except OSError:
        return None
