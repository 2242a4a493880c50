"""The composition root: build the rooms, start them in order, stop them in reverse. Decides nothing.

Order of the end: readiness false → ticker → running probes → commits → outbox → web → channels → session → store.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
import structlog

from watcher import __version__
from watcher.book import Book
from watcher.clock import Clock
from watcher.controls import Controls
from watcher.explain import explanation
from watcher.handover import Handover, compare, edited, not_after, reopen, too_much
from watcher.metrics import Metrics
from watcher.model.account import Watchlist
from watcher.model.control import ControlReport, Health, VantageState
from watcher.model.errors import StoreError
from watcher.model.finding import REASONS, Verdict
from watcher.model.notification import IncidentKind, Notification
from watcher.model.outage import AccountState, Outage
from watcher.model.reload import Outcome, Refused, Reloaded
from watcher.model.snapshot import Snapshot
from watcher.notify import Outbox, View
from watcher.notify.channels.base import Channel
from watcher.notify.channels.build import build
from watcher.ondemand import OnDemand
from watcher.pipeline import Pipeline
from watcher.probe import Prober, Reachability, open_prober
from watcher.reload import Reloader
from watcher.rounds import Rounds
from watcher.schedule import Ticker
from watcher.settings import Loaded
from watcher.settings.pace import Load, loads, within_pace
from watcher.settings.policies import carry_over, in_force, next_change
from watcher.settings.values import ChannelSettings
from watcher.store.base import Commit, IncidentRecord, Store, Stored
from watcher.store.worker import StoreWorker
from watcher.web import AccountCollector, ProbePage, WebServer

TICK: Final = timedelta(milliseconds=250)
_BEAT: Final = timedelta(seconds=10)
_LOOK_AROUND: Final = timedelta(seconds=2)
_PATIENCE: Final = timedelta(seconds=5)
_STORE_MAY_FAIL: Final = timedelta(seconds=30)
_CLOCK_STEP: Final = timedelta(seconds=2)
# What a run cannot change: these keys of watcher.yaml are taken up at the next start.
_LATER: Final = ("state_dir", "probe", "web")


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
        self.started_at = around.clock.now()
        self.pipeline: Pipeline
        self.prober: Prober
        self.reloader: Reloader
        self.rounds: Rounds
        self.web: WebServer
        self._loaded = loaded
        self._store = around.store
        self._ticker = around.ticker
        self._is_threaded = around.threaded
        self._log = structlog.get_logger("watcher")
        self._channels: dict[str, Channel] = {}
        self._not_ready: set[str] = {"starting"}
        self._vantage = VantageState.ONLINE
        self._stepped = False
        self._next_turn: datetime | None = None
        self._stretched: frozenset[str] = frozenset()
        self._session: aiohttp.ClientSession
        self._closing_channels: AsyncExitStack
        self._worker: StoreWorker
        self._outbox: Outbox
        self._reachability: Reachability

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

        Raises StoreError when the store cannot be opened, WatcherError for the port.
        """
        async with AsyncExitStack() as stack:
            await self._build(stack)
            started(self)
            reloads = self._reload_when(reload or asyncio.Event())
            loops = [asyncio.create_task(loop) for loop in (self._worker.run(), self._outbox.run(), reloads)]
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
        watchlist = self._in_force(self._loaded)
        reopened = reopen(stored, watchlist, self.started_at)
        await self._worker.call(self._store.commit, reopened.commit)
        self._build_pipeline(stack, stored, watchlist, reopened.states)
        await self._build_outbox(stack)
        self.rounds.arrange()
        self._start_ticking()
        on_demand = OnDemand(self.pipeline, self.clock)
        probe, registry = ProbePage(on_demand.look, explanation), self.metrics.registry
        self.web = WebServer(
            self.settings.web, self.snapshot, self.outages, self._reload, registry, __version__, probe=probe
        )
        self.metrics.registry.register(AccountCollector(self.snapshot))
        await self.web.start()
        stack.push_async_callback(self.web.stop)
        stack.push_async_callback(on_demand.close)  # first: who waits for a look must not hold up the server's stop
        self._not_ready.discard("starting")
        self.reloader.accepted()

    def _build_pipeline(
        self, stack: AsyncExitStack, stored: Stored, watchlist: Watchlist, states: dict[str, AccountState]
    ) -> None:
        self.prober = open_prober(self.settings.probe, __version__, self.clock, self.metrics)
        stack.push_async_callback(self.prober.close)
        self._reachability = Reachability(self.clock, self.prober.session.reaches)
        book = Book(
            watchlist=watchlist,
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
        self.rounds = Rounds(self.pipeline, self.prober.pacer, self.clock, self.metrics)
        self.reloader = Reloader(
            self._loaded, self._adopt, self.pipeline, self.clock, self.metrics, threaded=self._is_threaded
        )

    def _wake_outbox(self) -> None:
        self._outbox.wake()

    async def _build_outbox(self, stack: AsyncExitStack) -> None:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        stack.push_async_callback(self._session.close)
        self._closing_channels = await stack.enter_async_context(AsyncExitStack())
        self._replace_channels(())
        self._outbox = Outbox(self._worker, self.clock, self._channels, self._view, self.metrics)

    def _replace_channels(self, before: tuple[ChannelSettings, ...]) -> None:
        """The channels of the settings; those that were there `before`, just so, go on."""
        wanted = self.settings.channels
        fresh = build([each for each in wanted if each not in before], self._session)
        for channel in fresh.values():
            self._closing_channels.push_async_callback(channel.close)
        channels = {each.name: fresh.get(each.name) or self._channels[each.name] for each in wanted}
        self._channels.clear()
        self._channels.update(channels)
        inconclusive = sorted(REASONS[Verdict.INCONCLUSIVE])
        watched = {account.platform for account in self.book.watchlist.accounts.values()}
        self.metrics.expect(sorted(watched), channels, inconclusive)

    def _in_force(self, loaded: Loaded, old: Watchlist | None = None) -> Watchlist:
        """The watchlist as its calendars and the hosts' paces have it now; it takes the place of `old`."""
        now = self.clock.now()
        timely = in_force(loaded.watchlist, now)
        self._next_turn = next_change(loaded.watchlist, now)
        self._say_stretched(loads(timely, loaded.platforms))
        watchlist = within_pace(timely, loaded.platforms)
        return watchlist if old is None else carry_over(watchlist, old, now)

    def _say_stretched(self, wanted: tuple[Load, ...]) -> None:
        stretched = {load.host: load for load in wanted if load.is_too_much}
        for host in stretched.keys() - self._stretched:
            load = stretched[host]
            self._log.warning(
                "intervals_stretched",
                host=host,
                accounts=len(load.accounts),
                times=round(load.stretch, 1),
                pace=f"{load.pace.requests} requests per {load.pace.per}",
            )
        self._stretched = frozenset(stretched)

    # A changed configuration.

    async def _reload_when(self, asked: asyncio.Event) -> None:
        while True:
            await asked.wait()
            asked.clear()
            with self._logged("reload_failed"):
                await self.reloader.reload()

    async def _reload(self, force: bool) -> Outcome:
        return await self.reloader.reload(force=force)

    async def _adopt(self, loaded: Loaded, force: bool) -> Outcome:
        """Go by `loaded` from now on, unless it takes away too much."""
        old = self._loaded.watchlist
        edit = compare(old, loaded.watchlist)
        why = too_much(edit, old, self.book.states)
        if why is not None and not force:
            return Refused(why=(f"the changed watchlist {why}",), forcible=True)
        try:
            known = await self._known() if edit.added else {}
        except StoreError as error:
            return Refused(why=(f"new accounts cannot be looked up in the store: {error}",), passing=True)
        watchlist = self._in_force(loaded, self.book.watchlist)
        handover = edited(self.book.watchlist, watchlist, self.book.states, known, self.clock.now())
        before, self._loaded = self.settings, loaded
        later = tuple(key for key in _LATER if getattr(loaded.settings, key) != getattr(before, key))
        self.settings = replace(loaded.settings, **{key: getattr(before, key) for key in _LATER})
        self.pipeline.adopt(watchlist, loaded.platforms, self.settings.routes, handover)
        self._replace_channels(before.channels)
        self.rounds.arrange()
        return Reloaded(edit=edit, later=later)

    async def _known(self) -> dict[str, AccountState]:
        """The states of all accounts ever watched, with all that is still to be written. Raises StoreError."""
        await self._worker.flush()
        return (await self._worker.call(self._store.load)).states

    # What the ticker calls: each only hands over.

    def _start_ticking(self) -> None:
        self._ticker.every(TICK, self.rounds.tick)
        self._ticker.every(_LOOK_AROUND, self._look_around)
        self._ticker.every(_BEAT, self._beat)

    def _look_around(self) -> None:
        """Every two seconds: the calendar, stale controls, whether anything is reached, whether files have changed."""
        if self._next_turn is not None and self.clock.now() >= self._next_turn:
            self._turn()
        self.pipeline.controls.refresh_stale()
        self.rounds.start(self._check_vantage(self.rounds.hosts))
        self.rounds.start(self._look_at_files())

    def _turn(self) -> None:
        """A window of some calendar begins or ends: other intervals hold from now on."""
        watchlist = self._in_force(self._loaded, self.book.watchlist)
        unchanged = Handover(states=self.book.states, commit=Commit())
        self.pipeline.adopt(watchlist, self.book.platforms, self.book.routes, unchanged)
        self.rounds.arrange()
        self._log.info("calendar_turned", next=str(self._next_turn))

    async def _look_at_files(self) -> None:
        with self._logged("reload_failed"):
            await self.reloader.look()

    @contextmanager
    def _logged(self, event: str) -> Iterator[None]:
        """A fault of ours is logged, and ends nothing."""
        try:
            yield
        except Exception:  # noqa: BLE001 - whatever it is, the watching goes on
            self._log.error(event, exc_info=True)

    async def _check_vantage(self, hosts: list[str]) -> None:
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
        self.rounds.start(self._keep())
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
            is_watched=incident.kind is not IncidentKind.PLATFORM or incident.key in book.places,
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
        await self.rounds.finish(_PATIENCE)
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
