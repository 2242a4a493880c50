"""The composition root: build the rooms, start them in order, stop them in reverse. Decides nothing.

Order of the end: readiness false → ticker → running probes → commits → outbox → web → channels → session → store.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
import structlog

from watcher import __version__
from watcher.book import Book
from watcher.clock import Clock
from watcher.controls import Controls
from watcher.metrics import Metrics
from watcher.model.control import ControlReport, Health, VantageState
from watcher.model.errors import StoreError
from watcher.model.exchange import Purpose
from watcher.model.finding import REASONS, Verdict
from watcher.model.notification import IncidentKind, Notification
from watcher.model.outage import AccountState, Outage, Phase
from watcher.model.platform import Pace
from watcher.model.snapshot import Snapshot
from watcher.notify import Outbox, View
from watcher.notify.channels.build import build
from watcher.pipeline import Pipeline
from watcher.probe import Prober, Reachability, open_prober
from watcher.reopen import not_after, reopen
from watcher.schedule import Plan, Slot, Ticker
from watcher.settings import Loaded
from watcher.settings.pace import loads, within_pace
from watcher.store.base import IncidentRecord, Store, Stored
from watcher.store.worker import StoreWorker
from watcher.web import AccountCollector, WebServer

TICK: Final = timedelta(milliseconds=250)
_BEAT: Final = timedelta(seconds=10)
_LOOK_AROUND: Final = timedelta(seconds=2)
_PATIENCE: Final = timedelta(seconds=5)
_STORE_MAY_FAIL: Final = timedelta(seconds=30)
_CLOCK_STEP: Final = timedelta(seconds=2)
_NOWHERE: Final = "nowhere"
_UNSETTLED: Final = frozenset({Phase.SUSPECT, Phase.DOWN, Phase.RECOVERING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What differs between a run, the demo and a test: time, what makes it pass, and where state is kept.

    `threaded` when calls of the store may take time.
    """

    clock: Clock
    ticker: Ticker
    store: Store
    threaded: bool = True


class App:
    """One run of watcher. `run` until told to stop."""

    def __init__(self, loaded: Loaded, around: Surroundings) -> None:
        self.settings = loaded.settings
        self.clock = around.clock
        self.metrics = Metrics(__version__)
        self.plan = Plan()
        self.started_at = around.clock.now()
        self.pipeline: Pipeline
        self.prober: Prober
        self.web: WebServer
        self.watchlist = within_pace(loaded.watchlist, loaded.platforms)
        self._loaded = loaded
        self._store = around.store
        self._ticker = around.ticker
        self._is_threaded = around.threaded
        self._log = structlog.get_logger("watcher")
        self._looks: set[asyncio.Task[None]] = set()
        self._paces: dict[str, Pace] = {}
        self._not_ready: set[str] = {"starting"}
        self._vantage = VantageState.ONLINE
        self._stepped = False
        self._worker: StoreWorker
        self._outbox: Outbox
        self._reachability: Reachability

    @property
    def book(self) -> Book:
        """What is watched, and how it stands."""
        return self.pipeline.book

    async def run(self, stop: asyncio.Event, started: Callable[["App"], None] = lambda _app: None) -> None:
        """Watch until `stop` is set. Raises StoreError when the store cannot be opened, WatcherError for the port."""
        async with AsyncExitStack() as stack:
            await self._build(stack)
            started(self)
            loops = [asyncio.create_task(loop) for loop in (self._worker.run(), self._outbox.run())]
            ticking = asyncio.create_task(self._ticker.run())
            waiting = asyncio.create_task(stop.wait())
            try:
                # Only a bug ends a loop: better to stop, and to be started again, than to watch with one of them gone.
                await asyncio.wait({waiting, ticking, *loops}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await self._wind_down(ticking, waiting, loops)
            for ended in (ticking, *loops):
                if ended.done() and not ended.cancelled():
                    ended.result()

    async def _build(self, stack: AsyncExitStack) -> None:
        """Everything in its order; the stack undoes it in reverse."""
        await asyncio.to_thread(self._store.open) if self._is_threaded else self._store.open()
        self._worker = StoreWorker(self._store, self.clock, self.metrics, threaded=self._is_threaded)
        stack.callback(self._store.close)
        stack.callback(self._worker.close)
        stored = await self._worker.call(self._store.load)
        reopened = reopen(stored, self.watchlist, self.started_at)
        # In this order: if the start ends between the two, the next one finds the same edit and makes it again.
        await self._worker.call(self._store.commit, reopened.commit)
        await self._worker.call(self._store.watch, tuple(self.watchlist.accounts.values()), self.started_at)
        self._build_pipeline(stack, stored, reopened.states)
        await self._build_outbox(stack)
        self._schedule()
        self.web = WebServer(self.settings.web, self.snapshot, self.outages, self.metrics.registry, __version__)
        self.metrics.registry.register(AccountCollector(self.snapshot))
        await self.web.start()
        stack.push_async_callback(self.web.stop)
        self._not_ready.discard("starting")
        self.metrics.config_reload_successful.set(1)
        self.metrics.config_reload_success_timestamp.set(self.started_at.timestamp())

    def _build_pipeline(self, stack: AsyncExitStack, stored: Stored, states: dict[str, AccountState]) -> None:
        self.prober = open_prober(self.settings.probe, __version__, self.clock, self.metrics)
        stack.push_async_callback(self.prober.close)
        self._reachability = Reachability(self.clock, self.prober.session.reaches)
        book = Book(
            watchlist=self.watchlist,
            platforms=self._loaded.platforms,
            routes=self.settings.routes,
            states=states,
            incidents=stored.incidents,
            timeout=self.settings.probe.timeout,
        )
        controls = Controls(
            fetch=self.prober.fetch,
            clock=self.clock,
            timeout=self.settings.probe.timeout,
            positives=book.positives,
        )
        controls.restore(not_after(stored.controls, self.started_at))
        stack.push_async_callback(controls.close)
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

    def _wake_outbox(self) -> None:
        self._outbox.wake()

    async def _build_outbox(self, stack: AsyncExitStack) -> None:
        session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        stack.push_async_callback(session.close)
        channels = build(self.settings.channels, session)
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        self._outbox = Outbox(self._worker, self.clock, channels, self._view, self.metrics)
        inconclusive = sorted(REASONS[Verdict.INCONCLUSIVE])
        watched = {account.platform for account in self.book.watchlist.accounts.values()}
        self.metrics.expect(sorted(watched), channels, inconclusive)

    def _schedule(self) -> None:
        """Fill the plan, keep the controls of every source first asked, and say what is to be done how often."""
        accounts = self.watchlist.accounts.values()
        for load in loads(self._loaded.watchlist, self._loaded.platforms):
            if load.is_too_much:
                self._log.warning(
                    "intervals_stretched",
                    host=load.host,
                    accounts=len(load.accounts),
                    times=round(load.stretch, 1),
                    pace=f"{load.pace.requests} requests per {load.pace.per}",
                )
        for account in accounts:
            for source in self.book.sources(account, self.pipeline.controls.health)[:1]:
                self.pipeline.controls.keep(self.book.key(account, source), self.book.platform_of(account), source)
        self.plan.replace(
            (
                Slot(
                    account_id=account.id,
                    host=self._host(account.id),
                    interval=account.policy.interval,
                    urgent=self.book.states[account.id].phase in _UNSETTLED,
                )
                for account in accounts
            ),
            self.clock.now(),
        )
        self._ticker.every(TICK, self._tick)
        self._ticker.every(_LOOK_AROUND, self._look_around)
        self._ticker.every(_BEAT, self._beat)

    def _host(self, account_id: str) -> str:
        """Where the account is asked: what pace and schedule go by."""
        account = self.book.watchlist.accounts[account_id]
        for source in self.book.sources(account, self.pipeline.controls.health)[:1]:
            task = self.book.task(account, source, Purpose.ROUTINE, self.started_at)
            self._paces[task.host] = source.pace
            return task.host
        return _NOWHERE

    # What the ticker calls: each only hands over.

    def _tick(self) -> None:
        now = self.clock.now()
        for due in self.plan.due(now, self._capacity):
            self.metrics.schedule_lag.observe(max(0.0, (now - due.at).total_seconds()))
            self._spawn(self._look(due.account_id))

    def _capacity(self, host: str) -> int:
        pace = self._paces.get(host)
        return len(self.plan) if pace is None else self.prober.pacer.capacity(host, pace)

    async def _look(self, account_id: str) -> None:
        account = self.book.watchlist.accounts[account_id]
        wait: timedelta | None = account.policy.interval
        looked_at: datetime | None = None
        try:
            wait = await self.pipeline.look(account_id)
            looked_at = self.book.states[account_id].last_probe_at
            self.plan.move(account_id, self._host(account_id))
        except Exception:  # noqa: BLE001 - a fault of ours is no verdict, and must not end the watching
            self._log.error("look_failed", account=account_id, exc_info=True)
        finally:
            if wait is not None:
                self.plan.again(account_id, looked_at or self.clock.now(), wait)

    def _look_around(self) -> None:
        """Every two seconds: stale controls, and whether anything at all is reached."""
        self.pipeline.controls.refresh_stale()
        hosts = [host for host in self._paces if host]
        self._spawn(self._check_vantage(hosts))

    async def _check_vantage(self, hosts: Iterable[str]) -> None:
        state = await self._reachability.check(hosts)
        if state is self._vantage:
            return
        self._vantage = state
        if state is VantageState.OFFLINE:
            hint = (
                "no account is called gone for this; without a network, `watcher demo` (make demo) shows how it works"
            )
            self._log.warning("nothing_can_be_reached", hosts=", ".join(sorted(hosts)), hint=hint)
        else:
            self._log.info("reached_again")

    def _beat(self) -> None:
        """Every ten seconds: heartbeat, silence, the clock, the controls' state."""
        self._spawn(self._keep())
        self.pipeline.notice_silence()
        offset = self.clock.offset()
        self.metrics.clock_offset.set(offset.total_seconds())
        if abs(offset) > _CLOCK_STEP and not self._stepped:
            self._log.warning("clock_stepped", by=str(offset), hint="stamps follow the old time until a restart")
        self._stepped = abs(offset) > _CLOCK_STEP

    async def _keep(self) -> None:
        """Heartbeat and controls into the store. When it fails, the commits fail too and are told of there."""
        reports: tuple[ControlReport, ...] = tuple(self.pipeline.controls.reports().values())
        with suppress(StoreError):
            await self._worker.beat()
            await self._worker.call(self._store.save_controls, reports)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    # What others ask of it.

    def snapshot(self) -> Snapshot:
        """All that can be shown, from memory."""
        controls, book = self.pipeline.controls, self.book
        reports, offline = controls.reports(), self._vantage is VantageState.OFFLINE
        return Snapshot(
            at=self.clock.now(),
            started_at=self.started_at,
            accounts=tuple((account, book.states[account.id]) for account in book.watchlist.accounts.values()),
            owners=book.watchlist.owners,
            platforms=book.platforms,
            # While nothing is reached, the controls' failures say nothing of the platforms.
            health={key: Health.UNPROVEN if offline else controls.health(key) for key in reports},
            reports=reports,
            vantage=self._vantage,
            not_ready=self._why_not_ready(),
        )

    def _why_not_ready(self) -> tuple[str, ...]:
        failing = self._worker.failing_since
        lost = failing is not None and self.clock.now() - failing >= _STORE_MAY_FAIL
        return (*sorted(self._not_ready), *(("the store has been failing for 30 s",) if lost else ()))

    async def outages(self, **query: Any) -> tuple[Outage, ...]:
        """What the store knows of outages; the keywords are those of Store.outages. Raises StoreError."""
        return await self._worker.call(self._store.outages, **query)

    async def incident(self, incident_id: str) -> IncidentRecord | None:
        """One incident with all that was told of it, from the store. Raises StoreError."""
        return await self._worker.call(self._store.incident, incident_id)

    def _view(self, record: IncidentRecord, notification: Notification) -> View:
        """What a message may speak of, as things are at this moment."""
        book, incident = self.book, record.incident
        outage = record.outage
        account = book.watchlist.accounts.get(outage.account_id if outage else incident.key)
        state = book.states.get(account.id) if account is not None else None
        if state is not None and state.outage is not None and outage is not None and state.outage.id == outage.id:
            outage = state.outage  # memory is ahead of the store
        owner = book.watchlist.owners.get(account.owner or "") if account is not None else None
        others = book.watchlist.others_of(account) if account is not None else ()
        return View(
            incident=incident,
            kind=notification.kind,
            dedup_key=notification.dedup_key,
            now=self.clock.now(),
            titles={platform.id: platform.title for platform in book.platforms.values()},
            outage=outage,
            account=account,
            owner=owner.name if owner is not None else None,
            others=tuple((other, book.states[other.id]) for other in others),
            new_handle=state.handle if state is not None else None,
            without_verdict=self._without_verdict(incident.key) if incident.kind is IncidentKind.PLATFORM else 0,
            digest=record.digest,
            public_url=self.settings.public_url,
            timezone=next((route.timezone for route in book.routes if route.name == notification.route), None),
            recipients=notification.recipients,
        )

    def _without_verdict(self, place: str) -> int:
        accounts = self.book.places.get(place, ())
        return sum(self.book.states[account.id].blind_since is not None for account in accounts)

    async def _wind_down(
        self, ticking: asyncio.Task[None], waiting: asyncio.Task[bool], loops: list[asyncio.Task[None]]
    ) -> None:
        """The end, in order. What cannot be sent in time stays in the outbox; what was seen is stored."""
        self._not_ready.add("stopping")
        await _cancel(ticking, waiting)
        if self._looks:
            await asyncio.wait(self._looks, timeout=_PATIENCE.total_seconds())
        await _cancel(*self._looks)
        with suppress(StoreError):
            await self._worker.flush()
        await self._outbox.drain(_PATIENCE)
        with suppress(StoreError):
            await self._worker.beat()
        await _cancel(*loops)


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
