"""One look with everything but the network: schedule, turn, visit, classify, judge, commit. Its answers are ready."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bench import profiles
from bench.scale.rig import configure
from watcher.app import App, Surroundings
from watcher.clock import SystemClock
from watcher.logs import configure as configure_logs
from watcher.model.outage import Phase
from watcher.schedule import LoopTicker
from watcher.settings.load import load_all
from watcher.store.sql import SqlStore

_ACCOUNTS = 200
_HEADERS = CIMultiDictProxy(
    CIMultiDict(
        {
            "Server": "site",
            "Content-Type": "text/html; charset=utf-8",
            "Content-Encoding": "gzip",
            "Date": "Sat, 28 Nov 2026 13:00:00 GMT",
            "Cache-Control": "no-store",
            "Strict-Transport-Security": "max-age=31536000",
        }
    )
)


class _Answer:
    """As aiohttp gives one, as far as it is read."""

    status = 200
    headers = _HEADERS
    content_length = 8_500

    def __init__(self, body: bytes) -> None:
        self.content = self
        self._left = body

    async def read(self, _most: int) -> bytes:
        left, self._left = self._left, b""
        return left

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class _Pages:
    """What there is to be had."""

    def __init__(self) -> None:
        self._known = {"robots.txt": b""}

    def send(self, _method: str, url: URL, _headers: object, _body: object = None, *, fresh: bool = False) -> _Answer:
        """As a session sends a request."""
        assert isinstance(fresh, bool)
        return _Answer(self._page(url.path[1:]))

    def _page(self, handle: str) -> bytes:
        if handle not in self._known:
            shown = not handle.startswith("zz")
            title, inside = (f"Alice Doe (@{handle}) / X", profiles.PROFILE) if shown else ("X", profiles.MISSING)
            self._known[handle] = profiles.scripted(title, handle if shown else None, inside, size=30_000).encode()
        return self._known[handle]


class Looks:
    """Looks at accounts in turn, all of which are up."""

    count = _ACCOUNTS

    def __init__(self, app: App) -> None:
        self._app = app

    async def round(self) -> None:
        """One look at each."""
        for account_id in tuple(self._app.book.states):
            await self._app.rounds._look(account_id)


@asynccontextmanager
async def looks() -> AsyncIterator[Looks]:
    """The program over SQLite, with answers that are ready."""
    configure_logs("error")
    with TemporaryDirectory() as folder:
        config = configure(Path(folder), 1, accounts=_ACCOUNTS, interval="1h", ca_file="")
        loaded, clock, stop, ready = load_all(config, os.environ), SystemClock(), asyncio.Event(), asyncio.Event()
        pages = _Pages()
        around = Surroundings(clock=clock, ticker=LoopTicker(clock), store=SqlStore(loaded.settings.state_dir))
        app = App(loaded, around)
        running = asyncio.create_task(app.run(stop, lambda _app: ready.set()))
        await ready.wait()
        app.prober.session.send = pages.send  # type: ignore[method-assign,assignment]
        made = Looks(app)
        for _ in range(3):
            await made.round()
        assert {state.phase for state in app.book.states.values()} == {Phase.UP}
        gc.collect()
        try:
            yield made
        finally:
            stop.set()
            await running
