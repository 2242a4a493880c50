"""The whole program with instruments: `python -m bench.scale.program CONFIG`, as `watcher run` runs it.

Each line of standard input is a command, answered by a line of figures: `{"read": true}`, `{"but": PLATFORM}` of all
others, `{"reset": true}` to measure anew, `{"flat": LOOKS, "beside": N}` to look as fast as can be, `{"first": true}`
once something was asked, `{"stop": true}`. Instruments: how long the loop was blocked, and how late after its due time
each question was sent.
"""

import asyncio
import json
import os
import resource
import sys
import time
from collections import Counter, defaultdict
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.figure import reference
from watcher.app import App, Surroundings
from watcher.clock import SystemClock
from watcher.collecting import part_large_blocks, settle, tend
from watcher.logs import configure
from watcher.model.exchange import Exchange, Task
from watcher.probe import Prober
from watcher.quicker import runner
from watcher.schedule import ApsTicker, Due, Plan
from watcher.settings import Reading
from watcher.store.sql import SqlStore

_GLANCE: Final = 0.005
_TICK: Final = 0.25


class Instruments:
    """What is measured since the last reset."""

    def __init__(self) -> None:
        self._due: dict[str, datetime] = {}
        self.asked = asyncio.Event()
        self.sent_first = 0.0
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.began = time.perf_counter()
        self.cpu = time.process_time()
        self.blocked = 0.0
        self.late: dict[str, Counter[int]] = defaultdict(Counter)  # by platform, in tenths of milliseconds
        self.looks = 0
        self.absent = 0

    def watch(self) -> None:
        """Note due times where they are handed out, and when each first question is sent."""
        hand_out, fetch = Plan.due, Prober._ask
        instruments = self

        def due(plan: Plan, *arguments: Any, **named: Any) -> list[Due]:
            found = hand_out(plan, *arguments, **named)
            instruments._due |= {each.account_id: each.at for first in found for each in first.all}
            return found

        async def ask(prober: Prober, task: Task) -> Exchange:
            instruments._sent(prober, task)
            return await fetch(prober, task)

        Plan.due, Prober._ask = due, ask  # type: ignore[method-assign,assignment]

    def _sent(self, prober: Prober, task: Task) -> None:
        at = self._due.pop(task.target.account_id or "", None)
        if at is not None:
            if not self.asked.is_set():
                self.sent_first = time.monotonic()
                self.asked.set()
            late = (prober._clock.now() - at).total_seconds() - _TICK
            self.late[task.platform.id][max(0, round(late * 10_000))] += 1

    async def glance(self) -> None:
        """Note how long the loop let nobody else run; not how long it waited for the processor, as all do."""
        loop = asyncio.get_running_loop()
        while True:
            before, waited = loop.time(), _waited()
            await asyncio.sleep(_GLANCE)
            self.blocked = max(self.blocked, loop.time() - before - _GLANCE - (_waited() - waited))

    def read(self, app: App, but: str = "") -> dict[str, Any]:
        """The figures, those of lateness without those of one platform."""
        late: Counter[int] = sum((of for name, of in self.late.items() if name != but), Counter())
        return {
            "seconds": time.perf_counter() - self.began,
            "cpu": time.process_time() - self.cpu,
            "reference": _reference(),
            "sent": late.total(),
            "lag_p50_ms": _quantile(late, 0.5),
            "lag_p99_ms": _quantile(late, 0.99),
            "lag_max_ms": _quantile(late, 1),
            "blocked_ms": 1000 * self.blocked,
            "looks": self.looks,
            "absent": self.absent,
            "phases": _phases(app),
            "sent_first": self.sent_first,
            "rss_mb": _resident(),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "files": len(list(Path("/proc/self/fd").iterdir())),
            "tasks": len(asyncio.all_tasks()),
        }


def _waited() -> float:
    """Seconds for which this thread was ready to run and another one had the processor."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def _quantile(late: Counter[int], share: float) -> float:
    """Milliseconds that this share of them were late at most."""
    left = share * late.total()
    for tenths in sorted(late):
        left -= late[tenths]
        if left <= 0:
            return tenths / 10
    return 0.0


def _reference() -> float:
    """CPU seconds of the reference loop, the median of some."""
    took = []
    for _ in range(9):
        began = time.process_time()
        reference()
        took.append(time.process_time() - began)
    return median(took)


def _phases(app: App) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in app.book.states.values():
        found[state.phase] = found.get(state.phase, 0) + 1
    return found


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


async def _answer(instruments: Instruments, app: App) -> None:
    """Do what lines of standard input say, until there are no more or one says `stop`."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        match json.loads(line):
            case {"reset": True}:
                print(json.dumps(instruments.read(app)), flush=True)
                await asyncio.sleep(2 * _GLANCE)  # so that reading is no part of what is measured from now on
                instruments.reset()
                continue
            case {"flat": looks, "beside": beside}:
                instruments.reset()
                await _flat(app, looks, beside)
            case {"first": True}:
                await instruments.asked.wait()
            case {"but": platform}:
                print(json.dumps(instruments.read(app, platform)), flush=True)
                continue
        print(json.dumps(instruments.read(app)), flush=True)
        if "stop" in json.loads(line):
            return


async def _flat(app: App, looks: int, beside: int) -> None:
    """So many looks at up to all accounts in turn, so many of them at once, as soon as can be."""
    turn = islice(cycle(tuple(app.book.states)), looks)

    async def look() -> None:
        for account_id in turn:
            await app.rounds._look(account_id)

    await asyncio.gather(*(look() for _ in range(beside)))


async def watch(config: Path) -> None:
    """Run until standard input ends."""
    loaded, clock, stop = Reading().load(config, os.environ), SystemClock(), asyncio.Event()
    around = Surroundings(clock=clock, ticker=ApsTicker(clock), store=SqlStore(loaded.settings.state_dir))
    app, instruments = App(loaded, around), Instruments()
    instruments.watch()
    tasks: list[asyncio.Task[None]] = []

    def started(app: App) -> None:
        def observe(_account: object, examined: Any, _decision: object) -> None:
            instruments.looks += 1
            instruments.absent += examined.finding.is_absent

        app.pipeline.observe = observe
        print(json.dumps({"url": app.web.url}), flush=True)
        answering = asyncio.create_task(_answer(instruments, app))
        answering.add_done_callback(lambda _task: stop.set())
        settle()
        tend(asyncio.get_running_loop().call_later)
        tasks.extend((answering, asyncio.create_task(instruments.glance())))

    await app.run(stop, started)
    for task in tasks:
        task.cancel()


def main() -> None:
    """Run."""
    configure("error")
    part_large_blocks()
    with runner() as running:
        running.run(watch(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
