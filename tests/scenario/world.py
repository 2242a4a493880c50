"""The whole program in virtual time, with platforms and a Slack of its own: what the stories are told with."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import aiohttp

from tests.fakes.slack import FakeSlack
from tests.fakes.virtual_time import VirtualClock, VirtualLoop
from watcher.app import App, Surroundings
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform
from watcher.model.outage import AccountState, Outage, Transition
from watcher.schedule import LoopTicker
from watcher.settings import load_all
from watcher.store.base import Store
from watcher.store.memory import MemoryStore
from watcher.store.sql import SqlStore

CONTROLS = {"x.com": ("nasa", "xdevelopers", "un"), "public.api.bsky.app": ("bsky.app", "atproto.com")}


class World:
    """`async with World(tmp_path, watchlist) as world`: everything runs.

    `hosts` are played by a ScriptedPlatform each (`world.at[host]`); the control accounts of x.com and Bluesky are
    there. `durable`: SQLite under tmp_path, so that `restart` goes on from it; else the store in memory.
    `settings` is added to watcher.yaml.
    """

    def __init__(
        self,
        directory: Path,
        watchlist: str,
        *,
        hosts: tuple[str, ...] = ("x.com",),
        settings: str = "",
        platforms: str = "",
        durable: bool = False,
        platform_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.clock = VirtualClock()
        self.directory = directory
        self.slack = FakeSlack()
        self.at: dict[str, ScriptedPlatform] = {}
        self.app: App
        self._hosts = hosts
        self._watchlist = watchlist
        self._settings = settings
        self._platforms = platforms
        self._durable = durable
        self._options = dict(platform_options or {})
        self._memory: Store = MemoryStore()
        self._stack = AsyncExitStack()
        self._stop: asyncio.Event | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def now(self) -> datetime:
        """The story's time."""
        return self.clock.now()

    @property
    def x(self) -> ScriptedPlatform:
        """The platform at x.com."""
        return self.at["x.com"]

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.slack)
        for host in self._hosts:
            folder = self.directory / host
            folder.mkdir()
            platform = ScriptedPlatform(self.clock, folder, **self._options)
            self.at[host] = await self._stack.enter_async_context(platform)
            for handle in CONTROLS.get(host, ()):
                platform.set(handle, Page.PRESENT)
        (self.directory / "ca.pem").write_text("".join(p.ca_file.read_text() for p in self.at.values()))
        loop = cast(VirtualLoop, asyncio.get_running_loop())
        loop.is_expecting = self._is_expecting
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        await self._stack.aclose()

    async def start(self, watchlist: str | None = None) -> None:
        """Start the program (again), perhaps with another watchlist."""
        self._watchlist = watchlist if watchlist is not None else self._watchlist
        self._write_configuration()
        loaded = load_all(self.directory / "watcher.yaml", {})
        store = SqlStore(self.directory / "state") if self._durable else self._memory
        around = Surroundings(
            clock=self.clock, ticker=LoopTicker(self.clock), store=store, threaded=self._durable
        )
        self.app = App(loaded, around)
        self._stop = asyncio.Event()
        ready = asyncio.Event()
        self._running = asyncio.create_task(self.app.run(self._stop, lambda _app: ready.set()))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self._running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._running.done():
            self._running.result()

    async def stop(self) -> None:
        """End the program in order."""
        if self._running is not None and self._stop is not None:
            self._stop.set()
            await self._running
            self._running = None

    async def kill(self) -> None:
        """End the program as kill -9 would: nothing is flushed, nothing is told."""
        assert self._running is not None
        self.app._worker.flush = _nothing  # type: ignore[method-assign] # a killed process writes no more
        self.app._worker.beat = _nothing  # type: ignore[method-assign]
        self.app._outbox.drain = _nothing_for  # type: ignore[method-assign]
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        self._running = None

    async def wait(self, **span: float) -> None:
        """Let time pass: `await world.wait(minutes=3)`."""
        await asyncio.sleep(timedelta(**span).total_seconds())

    def state(self, account_id: str) -> AccountState:
        """How an account stands."""
        return self.app.book.states[account_id]

    async def outages(self) -> list[Outage]:
        """All outages stored, the oldest first."""
        await self.app._worker.flush()
        return list(reversed(await self.app.outages(limit=1000)))

    async def transitions(self, account_id: str | None = None) -> list[Transition]:
        """All that happened, the oldest first."""
        worker = self.app._worker
        await worker.flush()
        return list(reversed(await worker.call(worker.store.transitions, account_id=account_id, limit=10_000)))

    def texts(self) -> list[str]:
        """The plain texts of the messages that Slack took, in order."""
        return [str(payload.get("text", "")) for payload in self.slack.accepted]

    async def get(self, path: str) -> tuple[int, str]:
        """Ask the program's own web server."""
        async with aiohttp.ClientSession() as session, session.get(self.app.web.url.rstrip("/") + path) as answer:
            return answer.status, await answer.text()

    def _is_expecting(self) -> bool:
        if not hasattr(self, "app"):
            return True
        return bool(self.app.metrics.probes_in_flight._value.get() or self.app._outbox._held)

    def _write_configuration(self) -> None:
        (self.directory / "watchlist.yaml").write_text(self._watchlist)
        connect = "".join(f'    {host}: "127.0.0.1:{p.port}"\n' for host, p in self.at.items())
        (self.directory / "watcher.yaml").write_text(
            "watchlist: watchlist.yaml\nstate_dir: state\ncontact: test@watcher.example\n"
            'web: {listen: "127.0.0.1:0"}\n'
            f"probe:\n  allow_private: [127.0.0.0/8]\n  ca_file: ca.pem\n  connect_to:\n{connect}"
            f'channels:\n  - {{name: newsroom, kind: slack, webhook_url: "{self.slack.url}"}}\n'
            "routes:\n  - {name: default, channels: [newsroom]}\n"
            "platforms:\n  x: {robots: override, pace: {requests: 600, per: 1m, concurrency: 20}}\n"
            f"{self._platforms}{self._settings}"
        )


async def _nothing() -> None:
    return


async def _nothing_for(_limit: timedelta) -> None:
    return
