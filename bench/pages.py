"""The board with ten thousand accounts: `python -m bench.pages [--accounts 10000] [--boards 20] [--seconds 60]`.

Its size, the time to the first paint in Chromium, and the processor time of the server for each open board and minute.
The server is a process of its own over SQLite, with an outage in the past of every tenth account; everybody is looked
at every minute, one of three hundred looks changes how an account stands.
"""

import argparse
import asyncio
import gzip
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import aiohttp
from playwright.async_api import Page

from bench.figure import Figure, reference
from tests.browser.scene import DAY, Scene, account_of, outage_of, up
from tests.browser.screenshots import a_browser
from tests.fakes.clock import FakeClock
from watcher.metrics import Metrics
from watcher.model.account import Owner
from watcher.model.outage import AccountState, Phase, Transition, TransitionKind, Unobserved
from watcher.model.reload import Outcome
from watcher.settings.load import load_platforms
from watcher.settings.values import WebSettings
from watcher.store.reader import StoreReader
from watcher.store.sql import SqlStore
from watcher.store.values import Commit
from watcher.store.worker import StoreWorker
from watcher.web import WebServer

_PLATFORMS = ("x", "bluesky", "github", "youtube", "telegram")
_MINUTE = 60.0
_PAINT_MS = 1000.0
_SIZE_KB = 300.0
_TURN = 0.1
_ODD = 300


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--boards", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=_MINUTE)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve is not None:
        asyncio.run(serve(asked.serve, asked.accounts))
        return
    for row in asyncio.run(figures(asked.accounts, asked.boards, asked.seconds)):
        print(row.line(), flush=True)


async def figures(accounts: int, boards: int, seconds: float) -> list[Figure]:
    """All of them."""
    with TemporaryDirectory() as folder:
        async with served(Path(folder), accounts) as (url, pid):
            plain, packed = await sizes(url)
            paints = await first_paints(url)
            idle = await spent(pid, seconds)
            async with opened(url, boards):
                busy = await spent(pid, seconds)
            async with opened(url, 1):
                one = await spent(pid, seconds)
    began = time.process_time()
    reference()
    unit = time.process_time() - began
    minute = _MINUTE / seconds
    first = max(0.0, one - idle) * minute
    each = max(0.0, busy - one) / max(1, boards - 1) * minute
    return [
        Figure(name=f"board of {accounts} accounts, as sent (gzip)", value=packed / 1000, unit="kB", goal=_SIZE_KB),
        Figure(name="… unpacked", value=plain / 1000, unit="kB", goal=_SIZE_KB),
        Figure(name="first contentful paint, median", value=median(paints), unit="ms", goal=_PAINT_MS),
        Figure(name="server without a board, CPU a minute", value=idle * minute, unit="s", ratio=idle * minute / unit),
        Figure(name="… the first board more", value=first, unit="s", ratio=first / unit),
        Figure(name="… each further board", value=each, unit="s", ratio=each / unit),
    ]


@asynccontextmanager
async def served(folder: Path, accounts: int) -> AsyncIterator[tuple[str, int]]:
    """The server's address and process."""
    arguments = ("-m", "bench.pages", "--serve", str(folder), "--accounts", str(accounts))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip(), process.pid
    finally:
        process.kill()
        await process.wait()


async def sizes(url: str) -> tuple[int, int]:
    """Of the page, unpacked and as sent."""
    async with aiohttp.ClientSession(url, auto_decompress=False) as session, session.get("/") as page:
        packed = await page.read()
    return len(gzip.decompress(packed)), len(packed)


async def first_paints(url: str, times: int = 5) -> list[float]:
    """Milliseconds from the click to the first thing that is to be seen, each in a browser that knows nothing yet."""
    found = []
    async with a_browser() as browser:
        for _ in range(times):
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(url)
            found.append(await _paint(page))
            await context.close()
    return found


async def _paint(page: Page) -> float:
    painted = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    return float(await (await page.wait_for_function(painted)).json_value())


async def spent(pid: int, seconds: float) -> float:
    """Processor time of the process in that time."""
    before = _cpu(pid)
    await asyncio.sleep(seconds)
    return _cpu(pid) - before


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def opened(url: str, boards: int) -> AsyncIterator[None]:
    """So many boards are open, of some sorts, and read."""
    queries = cycle(("", "?group=platform", "?state=trouble", "?sort=since"))
    async with AsyncExitStack() as stack:
        timeout = aiohttp.ClientTimeout(total=None)
        connector = aiohttp.TCPConnector(limit=0)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(url, timeout=timeout, read_bufsize=2**20, connector=connector)
        )
        readers = []
        for _, query in zip(range(boards), queries, strict=False):
            response = await stack.enter_async_context(session.get(f"/events{query}"))
            readers.append(asyncio.create_task(_read(response)))
        await asyncio.sleep(3)  # the first turn has sent whole pages
        yield
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _read(response: aiohttp.ClientResponse) -> None:
    while await response.content.readany():
        pass


async def serve(folder: Path, accounts: int) -> None:
    """The server, and the looks."""
    store = SqlStore(folder)
    store.open()
    scene = Scene(platforms=dict(load_platforms(None)))
    _fill(scene, store, accounts)
    metrics = Metrics("bench")
    worker = StoreWorker(store, FakeClock(scene.now), metrics, threaded=True)
    server = WebServer(WebSettings(port=0), scene.snapshot, StoreReader(worker), _never, metrics.registry, "bench")
    await server.start()
    print(server.url.rstrip("/"), flush=True)
    await _look(scene)


def _fill(scene: Scene, store: SqlStore, accounts: int) -> None:
    scene.now = datetime.now(UTC)  # noqa: TID251 - as in a run
    scene.owners = {f"o{n}": Owner(id=f"o{n}", name=f"Desk {n}") for n in range(100)}
    listed = [account_of(f"user{n}.example", _PLATFORMS[n % 5], f"o{n % 100}") for n in range(accounts)]
    since = scene.now - 80 * DAY
    scene.accounts = {account.id: account for account in listed}
    scene.states = {account.id: replace(up(account, since), last_present=scene.now) for account in listed}
    store.watch(listed, since)
    store.commit(Commit(states=tuple(scene.states.values())))
    past = [
        Transition(
            kind=TransitionKind.OUTAGE_CLOSED,
            at=scene.now - 20 * DAY,
            account_id=account.id,
            outage=outage_of(account, 1, scene.now - 20 * DAY, timedelta(minutes=30)),
        )
        for account in listed[::10]
    ]
    restarts = [
        Unobserved(account_id=None, from_at=at, to_at=at + timedelta(seconds=40), cause="stopped")
        for at in (scene.now - day * DAY for day in range(1, 80, 4))
    ]
    store.commit(Commit(transitions=tuple(past), unobserved=tuple(restarts)))


async def _look(scene: Scene) -> None:
    """Everybody every minute, for ever."""
    whom = cycle(enumerate(scene.accounts))
    a_turn = max(1, int(len(scene.accounts) / _MINUTE * _TURN))
    while True:
        await asyncio.sleep(_TURN)
        scene.now += timedelta(seconds=_TURN)
        for _ in range(a_turn):
            number, account_id = next(whom)
            scene.states[account_id] = _looked(scene, scene.states[account_id], odd=number % _ODD == 0)


def _looked(scene: Scene, state: AccountState, *, odd: bool) -> AccountState:
    seen = replace(state, last_probe_at=scene.now, last_verdict_at=scene.now, observed_until=scene.now)
    if not odd:
        return seen
    if state.outage is not None:
        return replace(seen, phase=Phase.UP, since=scene.now, outage=None, last_outage_id=state.outage.id)
    outage = outage_of(scene.accounts[state.account_id], 2, scene.now, None)
    return replace(seen, phase=Phase.DOWN, since=scene.now, outage=outage)


async def _never(_force: bool) -> Outcome:
    raise NotImplementedError


if __name__ == "__main__":
    main()
