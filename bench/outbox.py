"""How long from the event to the message: `python -m bench.outbox [--pending 5000] [--probes 1000] [--json]`.

The program's outbox over SQLite, with a webhook on a real socket that takes what comes at once, beside so many
classifications of a page and states to be written a second. Once with one notification at a time, once with thousands
that fall due in one moment. Milliseconds from the commit of the event to the message's arrival.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any, Self

import aiohttp
from aiohttp import web

from bench.subjects import Subjects
from tests.unit.notify.story import OPEN, TRUMP
from watcher.classify import classify
from watcher.clock import SystemClock
from watcher.metrics import Metrics
from watcher.model.notification import Incident, IncidentKind, Notification, NotificationKind, dedup_key_of
from watcher.model.outage import AccountState, Outage, Phase
from watcher.notify import Outbox, View
from watcher.notify.channels.slack import SlackWebhook
from watcher.settings.values import Secret
from watcher.store.base import Commit, IncidentRecord, Watched
from watcher.store.sql import SqlStore
from watcher.store.worker import StoreWorker

_SLICE = 0.02
_ONE_BY_ONE = 100


class _Quick(SlackWebhook):
    """The webhook without the pause that Slack wants: what is measured is our own."""

    @property
    def spacing(self) -> timedelta:
        """None."""
        return timedelta(0)


class _Desk:
    """Takes messages, and notes when each came."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}
        self.url = ""
        self._news = asyncio.Condition()
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

    async def until(self, keys: list[str]) -> None:
        """Return once all of these have come."""
        async with self._news:
            await self._news.wait_for(lambda: all(key in self.came for key in keys))

    async def _take(self, request: web.Request) -> web.Response:
        payload = await request.json()
        self.came.setdefault(payload["blocks"][0]["block_id"], time.perf_counter())
        async with self._news:
            self._news.notify_all()
        return web.Response(text="ok")


class _Bench:
    """The store, the outbox and the load beside them."""

    def __init__(self, directory: Path, probes: int) -> None:
        self._clock, self._metrics = SystemClock(), Metrics("bench")
        self._store = SqlStore(directory)
        self._store.open()
        self._worker = StoreWorker(self._store, self._clock, self._metrics, threaded=True)
        self._probes = probes
        self._subjects = Subjects()
        self._numbered = 0

    async def run(self, pending: int) -> tuple[list[float], list[float], float]:
        """Milliseconds of each, one by one and all at once; and how many messages a second the latter made."""
        async with _Desk() as desk, aiohttp.ClientSession() as session:
            channel = _Quick("desk", Secret(desk.url), session)
            outbox = Outbox(self._worker, self._clock, {"desk": channel}, _view, self._metrics)
            watched = [replace(TRUMP, id=f"x:m{n}", handle=f"m{n}") for n in range(pending + _ONE_BY_ONE)]
            self._store.commit(Commit(watched=(Watched(accounts=tuple(watched), at=self._clock.now()),)))
            tasks = [asyncio.create_task(loop) for loop in (self._worker.run(), outbox.run(), self._load())]
            alone = [t for _ in range(_ONE_BY_ONE) for t in await self._told(desk, outbox, 1)]
            began = time.perf_counter()
            together = await self._told(desk, outbox, pending)
            rate = pending / (time.perf_counter() - began)
            await outbox.drain(timedelta(seconds=5))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._worker.close()
        self._store.close()
        return alone, together, rate

    async def _told(self, desk: _Desk, outbox: Outbox, count: int) -> list[float]:
        keys, commits = [], []
        for _ in range(count):
            key, commit = self._event()
            keys.append(key)
            commits.append(commit)
        began = time.perf_counter()
        for commit in commits:
            self._worker.commit(commit).add_done_callback(lambda _done: outbox.wake())
        await desk.until(keys)
        return [(desk.came[key] - began) * 1000 for key in keys]

    def _event(self) -> tuple[str, Commit]:
        """An outage of an account that had none, with its incident and one row."""
        number, now = self._numbered, self._clock.now()
        self._numbered += 1
        outage = replace(OPEN, id=f"o{number}", account_id=f"x:m{number}", confirmed_at=now)
        incident = Incident(
            id=outage.id, kind=IncidentKind.ACCOUNT, key=outage.account_id, severity=outage.severity_then, opened_at=now
        )
        key = dedup_key_of(incident.id, "desk", NotificationKind.ALERT)
        row = Notification(
            incident_id=incident.id,
            route="default",
            channel="desk",
            kind=NotificationKind.ALERT,
            dedup_key=key,
            due_at=now,
            event_at=now,
        )
        state = AccountState(account_id=outage.account_id, since=now, phase=Phase.DOWN, outage=outage)
        return key, Commit(states=(state,), opened=(incident,), notifications=(row,))

    async def _load(self) -> None:
        """So many pages to classify and states to write a second."""
        page, known = self._subjects.page_present, self._subjects.references
        share = max(1, round(self._probes * _SLICE))
        while self._probes:
            due = time.perf_counter() + _SLICE
            for _ in range(share):
                classify(page, known)
                self._worker.touch(AccountState(account_id="x:m0", since=self._clock.now(), phase=Phase.UP))
            await asyncio.sleep(max(0.0, due - time.perf_counter()))


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


def _figure(name: str, values: list[float]) -> dict[str, Any]:
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
        alone, together, rate = asyncio.run(_Bench(directory, asked.probes).run(asked.pending))
    figures = [_figure("one pending", alone), _figure(f"{asked.pending} pending", together)]
    if asked.json:
        print(json.dumps({"figures": figures, "messages_per_second": round(rate), "probes_per_second": asked.probes}))
        return 0
    for figure in figures:
        print(f"{figure['name']:14} p50 {figure['p50_ms']:9.1f} ms   p99 {figure['p99_ms']:9.1f} ms")
    print(f"{rate:.0f} messages a second by one channel, beside {asked.probes} probes a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
