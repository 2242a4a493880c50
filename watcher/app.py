"""The composition root: build the rooms, start them in order, stop them in reverse. Decides nothing.

Order of the end: readiness false → ticker → running probes → commits → outbox → channels → session → store → web.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog

from watcher import __version__
from watcher.clock import Clock
from watcher.ending import Budget
from watcher.look.book import Book
from watcher.look.controls import Controls
from watcher.look.handover import not_after, removed_at_start, reopen
from watcher.look.ondemand import OnDemand
from watcher.look.outlook import Outlooks
from watcher.look.pipeline import Pipeline
from watcher.metrics import Metrics
from watcher.model.account import Watchlist
from watcher.model.errors import StoreError
from watcher.model.finding import REASONS, Verdict
from watcher.model.outage import AccountState
from watcher.model.reload import Outcome
from watcher.model.snapshot import Snapshot
from watcher.notify.fallback import STORE_MAY_FAIL
from watcher.probe import Prober, Reachability, open_prober
from watcher.record.cases import StoreCases
from watcher.run.adoption import Adoption, InUse
from watcher.run.chores import Chores
from watcher.run.intervals import Intervals, found_in_force
from watcher.run.reload import Reloader
from watcher.run.rounds import Rounds
from watcher.run.showing import snapshot_of
from watcher.run.telling import Telling
from watcher.schedule import Ticker
from watcher.settings import Loaded
from watcher.settings.values import Settings
from watcher.store.base import Store
from watcher.store.desk import StoreDesk
from watcher.store.reader import StoreReader
from watcher.store.values import Stored
from watcher.store.worker import StoreWorker
from watcher.web import ProbePage, WebServer
from watcher.words.explain import explanation

# SIGTERM is given ten seconds: so much for all that is ended in order, at most for each part of it; and of the whole,
# what is kept for writing once the looks are over, and for the last words.
_END: Final = timedelta(seconds=7)
_PATIENCE: Final = timedelta(seconds=5)
_WRITING: Final = timedelta(seconds=3)
_LAST_WORDS: Final = timedelta(seconds=1)
_WEB_GRACE: Final = timedelta(milliseconds=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What differs between a run, the demo and a test: time, what makes it pass, and where state is kept.

    `threaded` when calls of the store may take time. `adopted` is told each changed configuration that was taken up.
    """

    clock: Clock
    ticker: Ticker
    store: Store
    threaded: bool = True
    adopted: Callable[[Loaded], None] = lambda _loaded: None


class App:
    """One run of watcher. `run` until told to stop."""

    def __init__(self, loaded: Loaded, around: Surroundings) -> None:
        self.clock = around.clock
        self.metrics = Metrics(__version__)
        self.started_at = around.clock.now()
        self.pipeline: Pipeline
        self.prober: Prober
        self.reader: StoreReader
        self.reloader: Reloader
        self.rounds: Rounds
        self.web: WebServer
        self._in_use = InUse(loaded)
        self._store = around.store
        self._ticker = around.ticker
        self._told_of = around.adopted
        self._is_threaded = around.threaded
        self._log = structlog.get_logger("watcher")
        self._not_ready: set[str] = {"starting"}
        self._intervals = Intervals(around.clock)
        self._adoption: Adoption
        self._worker: StoreWorker
        self._telling: Telling
        self._chores: Chores
        self._reachability: Reachability

    @property
    def settings(self) -> Settings:
        """What is configured, as this run goes by it."""
        return self._in_use.settings

    @property
    def book(self) -> Book:
        """What is watched, and how it stands."""
        return self.pipeline.book

    async def run(
        self,
        stop: asyncio.Event,
        started: Callable[["App"], None] = lambda _app: None,
        reload: asyncio.Event | None = None,
    ) -> None:
        """Watch until `stop` is set; read the configuration anew whenever `reload` is.

        Raises StoreError when the store cannot be opened or could not take all in the end, WatcherError for the port.
        """
        async with AsyncExitStack() as stack:
            await self._build(stack)
            reloads = self._reload_when(reload or asyncio.Event())
            loops = [asyncio.create_task(loop) for loop in (self._worker.run(), self._telling.outbox.run(), reloads)]
            ticking = asyncio.create_task(self._ticker.run())
            waiting = asyncio.create_task(stop.wait())
            try:
                await self._adoption.begin()
                started(self)
                # Only a bug ends a loop: better to stop, and to be started again, than to watch with one of them gone.
                await asyncio.wait({waiting, ticking, *loops}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await self._wind_down(ticking, waiting, loops)
            for ended in (ticking, *loops):
                if ended.done() and not ended.cancelled():
                    ended.result()
            if unwritten := self._worker.backlog():
                why = self._worker.failure or "the store did not answer in time"
                raise StoreError(f"{unwritten} changes could not be stored before the end and are lost: {why}")

    async def _build(self, stack: AsyncExitStack) -> None:
        """Everything in its order; the stack undoes it in reverse."""
        # The last to end: /-/ready says so, and the metrics can be read, all the while.
        stack.push_async_callback(self._end, "web", self._stop_web)
        await asyncio.to_thread(self._store.open) if self._is_threaded else self._store.open()
        self._worker = StoreWorker(self._store, self.clock, self.metrics, threaded=self._is_threaded)
        stack.push_async_callback(self._end, "store", self._close_store)
        stored = await self._worker.call(self._store.load)
        self.reader = StoreReader(self._worker)
        watchlist = self._intervals.go_by(found_in_force(self._in_use.loaded, self.started_at))
        if (lost := removed_at_start(stored, watchlist)) is not None:
            hint = "if that is not meant, put them back: they go on from what is stored of them"
            self._log.warning("much_was_removed", said=f"the watchlist {lost}, since the last run", hint=hint)
        reopened = reopen(stored, watchlist, self.started_at)
        await self._worker.call(self._store.commit, reopened.commit)
        self._worker.follow(reopened.states)
        self._build_pipeline(stack, stored, watchlist, reopened.states)
        self._telling = self._build_telling()
        await self._telling.open(stack)
        self._expect()
        self._build_adoption(stack)
        self._build_chores()
        await self._build_web(stack)
        self._not_ready.discard("starting")
        self.reloader.accepted()

    def _build_telling(self) -> Telling:
        return Telling(
            self.pipeline,
            self.rounds.plan,
            self._worker,
            self.clock,
            self.metrics,
            settings=lambda: self.settings,
            not_ready=self._why_not_ready,
            end=self._end,
            threaded=self._is_threaded,
        )

    def _build_adoption(self, stack: AsyncExitStack) -> None:
        self._adoption = Adoption(
            self._in_use,
            self._intervals,
            self.pipeline,
            self.rounds,
            self._telling,
            self._worker,
            self.clock,
            adopted=self._told_of,
            expect=self._expect,
            threaded=self._is_threaded,
        )
        self.reloader = Reloader(
            self._in_use.loaded,
            self._adoption.adopt,
            self.pipeline,
            self.clock,
            self.metrics,
            fallback=lambda: self.settings.fallback,
            threaded=self._is_threaded,
        )
        stack.callback(self.reloader.stop)

    def _build_chores(self) -> None:
        self._chores = Chores(
            rounds=self.rounds,
            pipeline=self.pipeline,
            reachability=self._reachability,
            worker=self._worker,
            looks={
                "calendar": self._adoption.turn,
                "reload": self.reloader.look,
                **self._telling.looks,
            },
            kept=lambda: self.settings.retention,
            clock=self.clock,
            metrics=self.metrics,
        )
        self._chores.begin(self._ticker)

    async def _build_web(self, stack: AsyncExitStack) -> None:
        on_demand = OnDemand(self.pipeline, self.clock)
        # Before the session and the store: who waits for a look must not hold up the end.
        stack.push_async_callback(self._end, "looks on demand", on_demand.close)
        self.web = WebServer(
            self.settings.web,
            self.snapshot,
            self.reader,
            self._reload,
            self.metrics.registry,
            __version__,
            grace=_WEB_GRACE,
            probe=ProbePage(on_demand.look, explanation),
            desk=StoreDesk(self._worker),
            cases=StoreCases(self._worker),
            public_url=lambda: self.settings.public_url,
            upcoming=self.rounds.plan.next_look,
        )
        await self.web.start()

    async def _stop_web(self) -> None:
        if hasattr(self, "web"):  # a start may fail before
            await self.web.stop()

    def _build_pipeline(
        self, stack: AsyncExitStack, stored: Stored, watchlist: Watchlist, states: dict[str, AccountState]
    ) -> None:
        self.prober = open_prober(self.settings.probe, __version__, self.clock, self.metrics)
        stack.push_async_callback(self._end, "session", self.prober.close)
        self._reachability = Reachability(self.clock, self.prober.session.reaches)
        book = Book(
            watchlist=watchlist,
            platforms=self._in_use.loaded.platforms,
            routes=self.settings.routes,
            states=states,
            incidents=stored.incidents,
            members=stored.members,
            cohorts=stored.cohorts,
            timeout=self.settings.probe.timeout,
        )
        controls = Controls(
            fetch=self.prober.fetch,
            clock=self.clock,
            timeout=self.settings.probe.timeout,
            positives=book.positives,
            asked=Outlooks(book, self.started_at).note,
            drifted=lambda key: self.metrics.layout_changes.labels(key.platform).inc(),
        )
        controls.restore(not_after(stored.controls, self.started_at))
        stack.push_async_callback(self._end, "controls", controls.close)
        self.pipeline = Pipeline(
            book=book,
            fetch=self.prober.fetch,
            controls=controls,
            reachability=self._reachability,
            worker=self._worker,
            clock=self.clock,
            metrics=self.metrics,
            committed=self._wake_outbox,
        )
        self.pipeline.sight.left_alone = self.prober.pacer.backing_off
        self.rounds = Rounds(self.pipeline, self.prober.pacer, self.clock, self.metrics)

    def _wake_outbox(self) -> None:
        self._telling.wake()

    def _expect(self) -> None:
        """Have a series of zeros for all that may be counted."""
        inconclusive = sorted(REASONS[Verdict.INCONCLUSIVE])
        watched = {accounts[0].platform for accounts in self.book.places.values()}
        self.metrics.expect(sorted(watched), self._telling.channels, inconclusive)

    # A changed configuration.

    async def _reload_when(self, asked: asyncio.Event) -> None:
        while True:
            await asked.wait()
            asked.clear()
            try:
                await self.reloader.reload()
            except Exception:  # noqa: BLE001 - a fault of ours is logged, and ends nothing
                self._log.error("reload_failed", exc_info=True)

    async def _reload(self, force: bool) -> Outcome:
        return await self.reloader.reload(force=force)

    # What others ask of it.

    def snapshot(self) -> Snapshot:
        """All that can be shown, from memory."""
        return snapshot_of(
            self.book,
            self.pipeline.controls,
            self._chores.vantage,
            stored=self._worker.stored,
            started_at=self.started_at,
            now=self.clock.now(),
            not_ready=self._why_not_ready(),
        )

    def _why_not_ready(self) -> tuple[str, ...]:
        failing = self._worker.failing_since
        lost = failing is not None and self.clock.now() - failing >= STORE_MAY_FAIL
        return (*sorted(self._not_ready), *(("the store has been failing for 30 s",) if lost else ()))

    async def _wind_down(
        self, ticking: asyncio.Task[None], waiting: asyncio.Task[bool], loops: list[asyncio.Task[None]]
    ) -> None:
        """The end, in order, within _END. What cannot be sent in time stays in the outbox; what was seen is stored."""
        budget = Budget(_END)
        self._not_ready.add("stopping")
        self._log.info("stopping")
        await self._end("ticker", lambda: _cancel(ticking, waiting))
        await self._end("probes", lambda: self.rounds.finish(budget.left(_PATIENCE, keep=_WRITING)))
        await self._end("commits", lambda: _within(budget.left(_PATIENCE, keep=_LAST_WORDS), self._worker.flush))
        await self._end("outbox", lambda: self._telling.outbox.drain(budget.left(_PATIENCE, keep=_LAST_WORDS)))
        if self._worker.failing_since is None:
            await _within(budget.left(_LAST_WORDS), self._worker.beat)
        for loop in loops:
            loop.cancel()  # the worker tries once more to write what is left
        await asyncio.wait(loops, timeout=budget.left(_LAST_WORDS).total_seconds())

    async def _end(self, part: str, end: Callable[[], Awaitable[None]]) -> None:
        await end()
        self._log.debug("stopped", part=part)

    async def _close_store(self) -> None:
        """Beside the loop: the call under way may be waiting for a lock, and pages are served meanwhile."""
        for close in (self._worker.close, self._store.close):
            await asyncio.to_thread(close) if self._is_threaded else close()


async def _within(limit: timedelta, write: Callable[[], Awaitable[None]]) -> None:
    """Write what can be written until then; what could not is counted at the end."""
    with suppress(StoreError, TimeoutError):
        async with asyncio.timeout(limit.total_seconds()):
            await write()


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
