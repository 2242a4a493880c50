"""A day of ten thousand accounts in compressed time: `python -m bench.soak [--hours 24] [--every 1800]`.

The whole program over SQLite in virtual time, with a network that answers from memory. Every hour another platform
shows a wall, fails, hangs or answers 429 for twenty minutes; accounts vanish and come back all the while; the watchlist
is edited every five minutes. Garbage is looked for as a run does, and else not. Told for each hour: memory, Python's
blocks of it, tasks, open files, how late the looks were. What is flat after the first hours does not leak. 1 if memory
grows by more than a tenth from the third hour to the last, if tasks or files do, or if an account was called gone that
was not.
"""

import argparse
import asyncio
import random
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bench import profiles
from bench.scale.rig import configure, handles
from tests.fakes.virtual_time import VirtualClock, run_virtual
from watcher.app import App, Surroundings
from watcher.clock import Clock
from watcher.collecting import part_large_blocks, settle, tend
from watcher.logs import configure as configure_logs
from watcher.model.outage import Outage, Phase
from watcher.schedule import LoopTicker
from watcher.settings.load import load_all
from watcher.store.sql import SqlStore

HOUR: Final = timedelta(hours=1)
_EDIT: Final = timedelta(minutes=5)
_FAULT: Final = timedelta(minutes=20)
_TICK: Final = timedelta(seconds=2)
_PLATFORMS: Final = 20
_VANISHING: Final = 5
_WALL: Final = b"<html><head><title>Log in</title></head><body><form><input type=password></form></body></html>"
_SIZE: Final = 6_000
_SOON: Final = 0.1
_DISTURBED: Final = {
    "wall": (200, _WALL, _SOON),
    "failure": (503, b"<html><body>over capacity</body></html>", _SOON),
    "limit": (429, b"slow down", _SOON),
    "silence": (200, b"", 60.0),
}


class CoarseTicker(LoopTicker):
    """Ticks every two seconds at most: a day has many quarters of one."""

    def every(self, period: timedelta, action: Any) -> None:
        """Call `action` now and then."""
        super().every(max(period, _TICK), action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What the process holds at one moment, and how late the looks of the last hour were."""

    hour: int
    resident: float
    blocks: int
    tasks: int
    files: int
    late: float

    def line(self) -> str:
        """For people."""
        held = f"{self.resident:8.1f} MB {self.blocks:9,} blocks {self.tasks:5} tasks {self.files:4} files"
        return f"hour {self.hour:3}  {held}  {self.late:6.1f} s late"


class _Answer:
    """As aiohttp gives one, as far as it is read."""

    def __init__(self, net: "Net", status: int, body: bytes, wait: float) -> None:
        self.status = status
        self.headers = _HEADERS
        self.content = self
        self._left = body
        self._wait = wait
        net.asked += 1

    async def read(self, _most: int) -> bytes:
        left, self._left = self._left, b""
        return left

    async def __aenter__(self) -> Self:
        await asyncio.sleep(self._wait)
        return self

    async def __aexit__(self, *_raised: object) -> None:
        pass


_HEADERS: Final = CIMultiDictProxy(CIMultiDict({"Content-Type": "text/html; charset=utf-8"}))


class Net:
    """Every site there is: who is gone, and which host is disturbed, how."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.disturbed: dict[str, str] = {}
        self.asked = 0
        self._missing = profiles.scripted("X", None, profiles.MISSING, size=_SIZE).encode()
        self._shown = profiles.scripted("Alice Doe (@HANDLE) / X", "HANDLE", profiles.PROFILE, size=_SIZE)

    def send(
        self, _method: str, url: URL, _headers: Mapping[str, str], _body: bytes | None = None, *, fresh: bool = False
    ) -> _Answer:
        """What a session sends."""
        handle, disturbed = url.path[1:], self.disturbed.get(url.host or "", "")
        if handle == "robots.txt":
            return _Answer(self, 404, b"", _SOON)
        if disturbed:
            return _Answer(self, *_DISTURBED[disturbed])
        is_gone = handle in self.gone or handle.startswith("zz")
        body = self._missing if is_gone else self._shown.replace("HANDLE", handle).encode()
        return _Answer(self, 200, body, 2 * _SOON if fresh else _SOON)


class Day:
    """The story."""

    def __init__(self, directory: Path, accounts: int, every: int) -> None:
        self._chance = random.Random(20171102)
        self.net = Net()
        self._clock: Clock = VirtualClock()
        self._handles = list(handles(accounts))
        self._ever_gone: set[str] = set()
        self._config = configure(directory, 1, accounts=accounts, interval=f"{every}s", ca_file="", connections=200)
        self._list = directory / "watchlist.yaml"
        self._whole = self._list.read_text()
        self._app: App
        self.outages: tuple[Outage, ...] = ()

    async def play(self, hours: int) -> list[Weight]:
        """The hours one by one; what was held at the end of each."""
        loaded, stop, ready = load_all(self._config, {}), asyncio.Event(), asyncio.Event()
        store = SqlStore(loaded.settings.state_dir)
        around = Surroundings(clock=self._clock, ticker=CoarseTicker(self._clock), store=store, threaded=False)
        self._app = App(loaded, around)
        running = asyncio.create_task(self._app.run(stop, lambda _app: ready.set()))
        await ready.wait()
        settle()
        tend(asyncio.get_running_loop().call_later)
        self._app.prober.session.send = self.net.send  # type: ignore[method-assign,assignment]
        others = [asyncio.create_task(self._come_and_go()), asyncio.create_task(self._edit())]
        weights = []
        for hour in range(1, hours + 1):
            await self._an_hour(hour)
            weights.append(self._weigh(hour))
            print(weights[-1].line(), flush=True)
        for other in others:
            other.cancel()
        stop.set()
        await running
        return weights

    @property
    def falsely_gone(self) -> int:
        """How many outages were opened of accounts that had never gone."""
        return sum(outage.account_id.partition(":")[2] not in self._ever_gone for outage in self.outages)

    @property
    def up(self) -> float:
        """The share of accounts that are up."""
        states = self._app.book.states.values()
        return sum(state.phase is Phase.UP for state in states) / len(states)

    async def _an_hour(self, hour: int) -> None:
        host = f"square{self._chance.randrange(_PLATFORMS)}.example"
        self.net.disturbed[host] = tuple(_DISTURBED)[hour % len(_DISTURBED)]
        await self._clock.sleep(_FAULT)
        del self.net.disturbed[host]
        await self._clock.sleep(HOUR - _FAULT)
        self.outages = tuple(await self._app.reader.outages(limit=100_000))

    async def _come_and_go(self) -> None:
        """Five accounts vanish every ten minutes, for half an hour each."""
        while True:
            who = self._chance.sample(self._handles, _VANISHING)
            self.net.gone.update(who)
            self._ever_gone.update(who)
            asyncio.get_running_loop().call_later(1800, self.net.gone.difference_update, who)
            await self._clock.sleep(timedelta(minutes=10))

    async def _edit(self) -> None:
        """Ten accounts more, or less."""
        edited = False
        while True:
            await self._clock.sleep(_EDIT)
            edited = not edited
            more = "".join(f"  - {{platform: square1, handle: guest{n}}}\n" for n in range(10))
            self._list.write_text(self._whole + (more if edited else ""))

    def _weigh(self, hour: int) -> Weight:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        late = self._app.rounds.plan.late(self._clock.now(), timedelta(0))
        return Weight(
            hour=hour,
            resident=pages * resource.getpagesize() / 2**20,
            blocks=sys.getallocatedblocks(),
            tasks=len(asyncio.all_tasks()),
            files=len(list(Path("/proc/self/fd").iterdir())),
            late=max((each.total_seconds() for _, each in late), default=0.0),
        )


def main() -> int:
    """Play and tell."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--every", type=int, default=1800, help="seconds between two looks at an account")
    asked = parser.parse_args()
    configure_logs("error")
    part_large_blocks()

    async def story() -> tuple[list[Weight], int, int, int, float]:
        with TemporaryDirectory() as folder:
            day = Day(Path(folder), asked.accounts, asked.every)
            weights = await day.play(asked.hours)
            return weights, day.falsely_gone, len(day.outages), day.net.asked, day.up

    began = time.perf_counter()
    weights, falsely, outages, requests, up = run_virtual(story())
    took = timedelta(seconds=round(time.perf_counter() - began))
    print(f"{requests:,} requests, {outages} outages, {falsely} of them falsely, {up:.1%} up in the end, in {took}")
    early, last = weights[min(2, len(weights) - 1)], weights[-1]
    flat = last.resident <= 1.1 * early.resident and last.files <= early.files + 10 and last.tasks <= early.tasks + 50
    print("flat" if flat else "grown")
    return 0 if flat and not falsely else 1


if __name__ == "__main__":
    sys.exit(main())
