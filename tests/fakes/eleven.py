"""The eleven minutes of 2017 as a run leaves them in its state directory, and a server that shows them.

The run is the whole program over real sockets in virtual time; it is played once, and copied for whoever changes it.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World
from watcher import __version__
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.metrics import Metrics
from watcher.model.account import Owner
from watcher.model.control import VantageState
from watcher.model.platform import Platform
from watcher.model.reload import Outcome, Refused
from watcher.model.snapshot import Snapshot
from watcher.record.cases import StoreCases
from watcher.settings.load import load_platforms
from watcher.settings.values import Secret, WebSettings
from watcher.store.base import Store
from watcher.store.desk import StoreDesk
from watcher.store.reader import StoreReader
from watcher.store.sql import SqlStore
from watcher.store.worker import StoreWorker
from watcher.web import WebServer

ACCOUNT = "x:realdonaldtrump"
TOKEN = "a token of the desk"
NOW = datetime(2017, 11, 2, 23, 20, tzinfo=UTC)
_OWNER = Owner(id="potus45", name="Donald J. Trump")
_WATCHLIST = """\
defaults: {interval: 30s, severity: critical}
owners: {potus45: Donald J. Trump}
accounts:
  - {url: https://x.com/realDonaldTrump, owner: potus45}
  - {url: https://x.com/POTUS, owner: potus45}
"""


@cache
def _played() -> Path:
    """Where the run left its state. Played when it is first asked for."""
    directory = Path(tempfile.mkdtemp(prefix="watcher-eleven-"))

    async def story() -> None:
        async with World(directory, _WATCHLIST, durable=True, threaded=False) as world:
            for handle in ("realDonaldTrump", "POTUS"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=10, seconds=17)
            world.x.set("realDonaldTrump", Page.MISSING_FR)
            await world.wait(minutes=11)
            world.x.set("realDonaldTrump", Page.PRESENT)
            await world.wait(minutes=1)

    # In a thread of its own: whoever asks may be on a loop already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: run_virtual(story())).result()
    return directory / "state"


@cache
def _platforms() -> Mapping[str, Platform]:
    return load_platforms(None)


def eleven_minutes(directory: Path) -> Path:
    """A copy of the state, to be changed at will."""
    to = directory / "eleven"
    shutil.copytree(_played(), to)
    return to


@dataclass(frozen=True)
class Served:
    """A server over a state directory."""

    url: str
    outage_id: str
    worker: StoreWorker


@asynccontextmanager
async def served(state: Path | Store, *, token: str | None = TOKEN) -> AsyncIterator[Served]:
    """The pages over what is stored there (or in that store), as they are a little later."""
    store = SqlStore(state) if isinstance(state, Path) else state
    store.open()
    metrics = Metrics(__version__)
    worker = StoreWorker(store, SystemClock(), metrics, threaded=isinstance(state, Path))
    server = WebServer(
        WebSettings(port=0, token=Secret(token) if token is not None else None),
        lambda: snapshot,
        StoreReader(worker),
        _no_reload,
        metrics.registry,
        __version__,
        desk=StoreDesk(worker),
        cases=StoreCases(worker),
    )
    stored = store.load()
    snapshot = Snapshot(
        at=NOW,
        started_at=datetime(2017, 11, 2, 22, 50, tzinfo=UTC),
        accounts=stored.accounts,
        states=stored.states,
        owners={_OWNER.id: _OWNER},
        platforms=_platforms(),
        health={},
        reports={},
        vantage=VantageState.ONLINE,
    )
    await server.start()
    try:
        yield Served(server.url, store.outages()[0].id, worker)
    finally:
        await server.stop()
        await asyncio.to_thread(worker.close)
        store.close()


async def _no_reload(_force: bool) -> Outcome:
    return Refused(why=("there is nothing to reload",))
