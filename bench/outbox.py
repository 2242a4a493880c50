"""How long from the event to the message: `python -m bench.outbox [--pending 5000] [--probes 1000] [--json]`.

The program's outbox over SQLite, with webhooks on a real socket that take what comes at once. First what a message
costs by itself: processor time, store and receiving server included, and its ratio to a reference loop. Then beside so
many probes a second (a page classified, a state to be written): milliseconds from the commit of an event to its
message's arrival, of one at a time; of thousands that fall due in one moment, and of a critical one that comes while
they wait; and while they wait for a channel that takes one a second, of a critical one for it and one for another.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, Self

import aiohttp
from aiohttp import web

from bench.figure import reference
from bench.subjects import Subjects
from tests.unit.notify.story import OPEN, TRUMP
from watcher.classify import classify
from watcher.clock import SystemClock
from watcher.metrics import Metrics
from watcher.model.account import Severity
from watcher.model.notification import Incident, IncidentKind, Notification, NotificationKind, dedup_key_of
from watcher.model.outage import AccountState, Outage, Phase
from watcher.notify import Outbox, View
from watcher.notify.channels.slack import SlackWebhook
from watcher.settings.values import Secret
from watcher.store.sql import SqlStore
from watcher.store.values import Commit, IncidentRecord, Watched
from watcher.store.worker import StoreWorker

_ROUNDS = 5
_ALONE = 100
_ONE_BY_ONE = 100
_SLOW_ONES = 20
_BETWEEN = 0.1
_SLOWEST = 1.0


class _Hook(SlackWebhook):
    """The webhook with a pause of our choice: without the one that Slack wants, what is measured is our own."""

    pause = timedelta(0)

    @property
    def spacing(self) -> timedelta:
        """The pause."""
        return self.pause


class _Paced(_Hook):
    pause = timedelta(seconds=1)


class _Desk:
    """Takes messages, and notes when each came."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}
        self.url = ""
        self._awaited: set[str] = set()
        self._all_came = asyncio.Event()
        self._runner: web.AppRunner

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await self._runner.cleanup()

    async def until(self, *keys: str) -> None:
        """Return once all of these have come. For one who waits at a time."""
        self._awaited = set(keys) - self.came.keys()
        self._all_came.clear()
        if self._awaited:
            await self._all_came.wait()

    async def _take(self, request: web.Request) -> web.Response:
        payload = await request.json()
        key = payload["blocks"][0]["block_id"]
        self.came.setdefault(key, time.perf_counter())
        self._awaited.discard(key)
        if not self._awaited:
            self._all_came.set()
        return web.Response(text="ok")


class _Bench:
    """The store, the outbox and the load beside them."""

    def __init__(self, directory: Path, desk: _Desk, session: aiohttp.ClientSession) -> None:
        self._clock, self._metrics, self._desk = SystemClock(), Metrics("bench"), desk
        self._store = SqlStore(directory)
        self._store.open()
        self._worker = StoreWorker(self._store, self._clock, self._metrics, threaded=True)
        hook = Secret(desk.url)
        channels = {
            "quick": _Hook("quick", hook, session),
            "paced": _Paced("paced", hook, session),
            "other": _Hook("other", hook, session),
        }
        self._outbox = Outbox(self._worker, self._clock, channels, _view, self._metrics)
        self._subjects = Subjects()
        self._numbered = 0
        self.probed = 0
        self.probed_for = 0.0

    @asynccontextmanager
    async def running(self, accounts: int) -> AsyncIterator[None]:
        """Within this messages go out, of so many accounts at most."""
        watched = [replace(TRUMP, id=f"x:m{n}", handle=f"m{n}") for n in range(accounts)]
        self._store.commit(Commit(watched=(Watched(accounts=tuple(watched), at=self._clock.now()),)))
        tasks = [asyncio.create_task(self._worker.run()), asyncio.create_task(self._outbox.run())]
        try:
            yield
        finally:
            await self._outbox.drain(timedelta(0))
            await _end(*tasks)
            self._worker.close()
            self._store.close()

    @asynccontextmanager
    async def probing(self, probes: int) -> AsyncIterator[None]:
        """Within this so many pages a second are classified and states written, as far as the machine can."""
        task = asyncio.create_task(self._probe(probes))
        began = time.perf_counter()
        try:
            yield
        finally:
            self.probed_for += time.perf_counter() - began
            await _end(task)

    async def one_by_one(self, channel: str, count: int, severity: Severity = Severity.WARNING) -> list[float]:
        """The milliseconds of events of which each comes a moment after the one before it was told."""
        took = []
        for _ in range(count):
            took += await self.at_once(channel, 1, severity)
            await asyncio.sleep(_BETWEEN)
        return took

    async def at_once(self, channel: str, count: int, severity: Severity = Severity.WARNING) -> list[float]:
        """The milliseconds of each of so many events of one moment."""
        began, keys = time.perf_counter(), await self.leave(channel, count, severity)
        await self._desk.until(*keys)
        return [(self._desk.came[key] - began) * 1000 for key in keys]

    async def leave(self, channel: str, count: int, severity: Severity = Severity.WARNING) -> list[str]:
        """Commit so many events, and wait for no message."""
        events = [self._event(channel, severity) for _ in range(count)]
        for _, commit in events:
            self._worker.commit(commit).add_done_callback(lambda _done: self._outbox.wake())
        return [key for key, _ in events]

    async def among(self, channel: str, count: int) -> tuple[list[float], list[float]]:
        """The milliseconds of so many of one moment, and of critical ones that come while the others wait."""
        began, keys = time.perf_counter(), await self.leave(channel, count)
        critical: list[float] = []
        while any(key not in self._desk.came for key in reversed(keys)):
            critical += await self.at_once(channel, 1, Severity.CRITICAL)
            await asyncio.sleep(_BETWEEN)
        return [(self._desk.came[key] - began) * 1000 for key in keys], critical

    def _event(self, channel: str, severity: Severity) -> tuple[str, Commit]:
        """An outage of an account that had none, with its incident and one row."""
        number, now = self._numbered, self._clock.now()
        self._numbered += 1
        outage = replace(OPEN, id=f"o{number}", account_id=f"x:m{number}", confirmed_at=now, severity_then=severity)
        incident = Incident(
            id=outage.id, kind=IncidentKind.ACCOUNT, key=outage.account_id, severity=severity, opened_at=now
        )
        key = dedup_key_of(incident.id, channel, NotificationKind.ALERT)
        row = Notification(
            incident_id=incident.id,
            route="default",
            channel=channel,
            kind=NotificationKind.ALERT,
            dedup_key=key,
            due_at=now,
            event_at=now,
        )
        state = AccountState(account_id=outage.account_id, since=now, phase=Phase.DOWN, outage=outage)
        return key, Commit(states=(state,), opened=(incident,), notifications=(row,))

    async def _probe(self, probes: int) -> None:
        page, known = self._subjects.page_present, self._subjects.references
        due = time.perf_counter()
        while probes:
            # What the machine cannot do is not made up for: the figure is what was done.
            due = max(due + 1 / probes, time.perf_counter() - _SLOWEST)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            classify(page, known)
            self._worker.touch(AccountState(account_id="x:m0", since=self._clock.now(), phase=Phase.UP))
            self.probed += 1


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _measured(directory: Path, pending: int, probes: int) -> dict[str, Any]:
    async with _Desk() as desk, aiohttp.ClientSession() as session:
        bench = _Bench(directory, desk, session)
        async with bench.running(3 * pending + 1000):
            figures = await _cost(bench)
            rows = []
            async with bench.probing(probes):
                await asyncio.sleep(1)
                rows.append(_row("one pending", await bench.one_by_one("quick", _ONE_BY_ONE)))
                began = time.perf_counter()
                crowd, critical = await bench.among("quick", pending)
                figures["messages_per_s_beside_probes"] = round(len(crowd + critical) / (time.perf_counter() - began))
                rows.append(_row(f"each of {pending} pending", crowd))
                rows.append(_row("a critical one among them", critical))
                await bench.leave("paced", pending)
                await asyncio.sleep(2)
                paced = f"{pending} pending for a channel of 1/s"
                rows.append(_row(f"{paced}: another channel", await bench.one_by_one("other", _ONE_BY_ONE)))
                slow = await bench.one_by_one("paced", _SLOW_ONES, Severity.CRITICAL)
                rows.append(_row(f"{paced}: a critical one for it", slow))
            figures["probes_per_s_asked"] = probes
            figures["probes_per_s_reached"] = round(bench.probed / bench.probed_for)
    return {**figures, "rows": rows}


async def _cost(bench: _Bench) -> dict[str, Any]:
    """What a message costs, nothing beside it: medians of rounds, each beside the reference loop."""
    await bench.at_once("quick", 20)
    costs, ratios, rates = [], [], []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(20):
            reference()
        loop = (time.process_time() - began) / 20
        started, began = time.perf_counter(), time.process_time()
        await bench.at_once("quick", _ALONE)
        cost = (time.process_time() - began) / _ALONE
        costs.append(cost)
        ratios.append(cost / loop)
        rates.append(_ALONE / (time.perf_counter() - started))
    return {
        "cpu_ms_per_message": round(median(costs) * 1000, 2),
        "ratio": round(median(ratios), 2),
        "messages_per_s": round(median(rates)),
    }


def _view(record: IncidentRecord, row: Notification) -> View:
    outage: Outage | None = record.outage
    return View(
        incident=record.incident,
        kind=row.kind,
        dedup_key=row.dedup_key,
        now=record.incident.opened_at,
        titles={"x": "X"},
        outage=outage,
        account=record.account,
        digest=record.digest,
    )


def _row(name: str, values: list[float]) -> dict[str, Any]:
    cuts = quantiles(values, n=100)
    return {"name": name, "p50_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1), "messages": len(values)}


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory() as directory:
        yield Path(directory)


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.outbox", description=__doc__)
    parser.add_argument("--pending", type=int, default=5000)
    parser.add_argument("--probes", type=int, default=1000, help="classifications and states a second beside it")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with _folder() as directory:
        found = asyncio.run(_measured(directory, asked.pending, asked.probes))
    if asked.json:
        print(json.dumps(found))
        return 0
    print(f"by itself: {found['cpu_ms_per_message']} ms of CPU a message, ratio {found['ratio']}", end="")
    print(f", {found['messages_per_s']} messages a second by one channel")
    print(f"beside {found['probes_per_s_reached']} probes a second ({asked.probes} asked for)", end="")
    print(f": {found['messages_per_s_beside_probes']} messages a second by one channel")
    for row in found["rows"]:
        print(f"{row['name']:60} p50 {row['p50_ms']:9.1f} ms   p99 {row['p99_ms']:9.1f} ms   of {row['messages']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
