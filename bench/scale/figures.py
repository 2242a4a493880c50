"""What is measured of the whole program, and how much it may be."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from aiohttp import web

from bench.figure import Figure
from bench.scale.peers import EXPORTER, blackbox, cost_of, cpu_of, is_here, prometheus, resident_of
from bench.scale.rig import Child, configure, handles, running

_ROUNDS: Final = 5
_INTERVAL: Final = 60
_WARM: Final = 5.0
_TURNS: Final = 60
_BARE_MS: Final = 0.118
_GOAL_TO_BARE: Final = 0.33 / _BARE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How long a hundred thousand accounts are held; `exact`: at the goals' own intervals, however slow the machine."""

    minutes: float = 3
    exact: bool = False


async def _flat(program: Child, looks: int) -> tuple[float, float]:
    """Milliseconds of CPU a check, flat out, twenty at a time; and the same in reference loops."""
    read = await program.ask(flat=looks, beside=20)
    each = read["cpu"] / read["looks"]
    return 1000 * each, each / read["reference"]


async def of_a_check(directory: Path, _asked: Asked) -> list[Figure]:
    """A check of a page of 30 KB over a kept connection, in turn with the peers.

    `times_a_bare_client`: how much more it takes than aiohttp alone and a search for forty texts, which does not depend
    on how quick the machine or its Python is. The goals were set where that took 0.118 ms.
    """
    async with running(directory, accounts=1000, interval="1h") as (site, program):
        await _flat(program, 3000)
        async with Child("bench.scale.bare", directory, str(site.told["port"])) as bare, _exporter(directory) as peer:
            rounds = [await _round(program, bare, peer, site.told["port"]) for _ in range(_ROUNDS)]
            rows = [
                _check("check_30kb", *map(median, zip(*(each.own for each in rounds), strict=True)), goal=0.33),
                Figure(name="bare_client", value=median(each.bare for each in rounds), unit="ms"),
                _times("times_a_bare_client", [each.own[0] / each.bare for each in rounds], goal=_GOAL_TO_BARE),
            ]
            if peer is None:
                return rows
            alternation = 1000 * await cost_of(peer, "alternation", site.told["port"], 60)
    by_list = [each.by_list / each.own[0] for each in rounds]
    return [
        *rows,
        Figure(name="blackbox_list_of_40", value=median(each.by_list for each in rounds), unit="ms"),
        _times("times_below_blackbox_list", by_list, goal=5, least=True),
        _times("times_below_alternation", [alternation / each.own[0] for each in rounds], goal=40, least=True),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """Milliseconds of CPU a check: our own (and in reference loops), a bare client's, an exporter's by its list."""

    own: tuple[float, float]
    bare: float
    by_list: float


async def _round(program: Child, bare: Child, peer: tuple[int, int] | None, port: int) -> _Round:
    own = await _flat(program, 2000)
    alone = 1000 * (await bare.ask(asks=2000))["cpu"] / 2000
    by_list = 0.0 if peer is None else 1000 * await cost_of(peer, "list", port, 400)
    return _Round(own=own, bare=alone, by_list=by_list)


@asynccontextmanager
async def _exporter(directory: Path) -> AsyncIterator[tuple[int, int] | None]:
    """Where blackbox_exporter listens; None where it is not installed."""
    if not is_here(EXPORTER):
        yield None
        return
    async with blackbox(directory) as found:
        yield found


async def of_large_pages(directory: Path, _asked: Asked) -> list[Figure]:
    """The same of pages of 250 KB."""
    async with running(directory, accounts=200, interval="1h", size=250_000) as (_, program):
        await _flat(program, 600)
        rounds = [await _flat(program, 600) for _ in range(_ROUNDS)]
    return [_check("check_250kb", *map(median, zip(*rounds, strict=True)), goal=0.8)]


def _check(name: str, value: float, ratio: float, *, goal: float) -> Figure:
    return Figure(name=name, value=value, unit="ms", ratio=ratio, goal=goal)


def _times(name: str, each: list[float], *, goal: float, least: bool = False) -> Figure:
    return Figure(name=name, value=median(each), unit="times", goal=goal, least=least)


async def paced(directory: Path, _asked: Asked) -> list[Figure]:
    """2,000 accounts at 15 s: watcher, and Prometheus with blackbox_exporter, one after the other."""
    accounts, span = 2000, 60
    async with running(directory, accounts=accounts, interval="15s", platforms=1) as (site, program):
        await asyncio.sleep(25)
        before = cpu_of(program.pid)
        await asyncio.sleep(span)
        own = (cpu_of(program.pid) - before) / span
        rows = [Figure(name="paced_2000_at_15s", value=100 * own, unit="% of a core")]
        if not is_here(EXPORTER, "prometheus"):
            return rows
        await program.ask(stop=True)
        async with (
            blackbox(directory) as (exporter, port),
            prometheus(directory, port, site.told["port"], accounts, "15s") as server,
        ):
            await asyncio.sleep(25)
            before = cpu_of(exporter) + cpu_of(server)
            await asyncio.sleep(span)
            theirs = (cpu_of(exporter) + cpu_of(server) - before) / span
            memory = resident_of(exporter) + resident_of(server)
    return [
        *rows,
        Figure(name="prometheus_and_blackbox_2000_at_15s", value=100 * theirs, unit="% of a core"),
        Figure(name="prometheus_and_blackbox_memory", value=memory, unit="MB"),
        Figure(name="times_below_prometheus_and_blackbox", value=theirs / own, unit="times", goal=4, least=True),
    ]


async def ten_thousand(directory: Path, asked: Asked) -> list[Figure]:
    """10,000 accounts at 10 s (on a slower machine, see `_slower`, so much more seldom), scraped every 15 s."""
    async with Child("bench.scale.site", directory) as site:
        slower = await _slower(directory, site)
        interval = round(10 * (1 if asked.exact else slower))
        config = configure(directory, site.told["port"], accounts=10_000, interval=f"{interval}s")
        async with Child("bench.scale.program", config) as program:
            await asyncio.sleep(30 + interval)
            await program.ask(reset=True)
            read = await _scraped(program, 60)
    name = f"10000_at_{interval}s"
    return [
        Figure(name="times_slower_than_where_goals_were_set", value=slower, unit="times"),
        Figure(name=f"{name}_cpu", value=_share(read), unit="% of a core", goal=45),
        Figure(name=f"{name}_missed", value=_missed(read, 10_000 / interval), unit="checks", goal=0),
        Figure(name=f"{name}_lag_p99", value=read["lag_p99_ms"], unit="ms", goal=10),
        Figure(name=f"{name}_blocked", value=read["blocked_ms"], unit="ms", goal=50),
        Figure(name=f"{name}_memory", value=read["rss_mb"], unit="MB", goal=120),
    ]


async def _slower(directory: Path, site: Child) -> float:
    """How many times as long a bare client takes here as it took where the goals were set; no less than once.

    An interval longer by as much asks of this machine what the goal asks of that one.
    """
    async with Child("bench.scale.bare", directory, str(site.told["port"])) as bare:
        each = median([(await bare.ask(asks=1000))["cpu"] for _ in range(_ROUNDS)])
    return max(1.0, float(each) / _BARE_MS)


async def hundred_thousand(directory: Path, asked: Asked) -> list[Figure]:
    """100,000 accounts at 60 s (or as much more seldom as the machine is slower), from the start on, and scraped."""
    async with Child("bench.scale.site", directory) as site:
        slower = await _slower(directory, site)
        interval = round(_INTERVAL * (1 if asked.exact else slower))
        config = configure(directory, site.told["port"], accounts=100_000, interval=f"{interval}s")
        began = time.monotonic()
        async with Child("bench.scale.program", config) as program:
            first = (await program.ask(first=True))["sent_first"] - began
            await _until_all_are_seen(program)
            seen = time.monotonic() - began
            await asyncio.sleep(interval)  # what the start put off is made good
            await program.ask(reset=True)
            read = await _scraped(program, 60 * asked.minutes)
    name = f"100000_at_{interval}s"
    return [
        Figure(name="times_slower_than_where_goals_were_set", value=slower, unit="times"),
        Figure(name=f"{name}_first_probe", value=first, unit="s", goal=10),
        Figure(name=f"{name}_all_seen", value=seen - first, unit="s", goal=interval * 1.05),
        Figure(name=f"{name}_cpu", value=_share(read), unit="% of a core", goal=100),
        Figure(name=f"{name}_for", value=read["seconds"] / 60, unit="min"),
        Figure(name=f"{name}_missed", value=_missed(read, 100_000 / interval), unit="checks", goal=0),
        Figure(name=f"{name}_lag_p99", value=read["lag_p99_ms"], unit="ms", goal=25),
        Figure(name=f"{name}_lag_max", value=read["lag_max_ms"], unit="ms", goal=150),
        Figure(name=f"{name}_blocked", value=read["blocked_ms"], unit="ms", goal=50),
        Figure(name=f"{name}_memory", value=read["rss_mb"], unit="MB", goal=120 + 90_000 * 3 / 1024),
    ]


async def _until_all_are_seen(program: Child) -> None:
    for _ in range(300):
        if not (await program.ask(read=True))["phases"].get("new"):
            return
        await asyncio.sleep(2)


async def _scraped(program: Child, seconds: float) -> dict[str, Any]:
    """The figures of so many seconds, with /metrics read every 15."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(15, left))
        await program.scrape()
    return await program.ask(read=True)


def _share(read: dict[str, Any]) -> float:
    cpu, seconds = float(read["cpu"]), float(read["seconds"])
    return 100 * cpu / seconds


def _missed(read: dict[str, Any], rate: float) -> float:
    """How many checks of so many a second were not made; a tenth of a second's are still under way."""
    wanted, made = rate * (float(read["seconds"]) - 0.5), int(read["looks"])
    return max(0.0, round(wanted - made))


async def growth(directory: Path, _asked: Asked) -> list[Figure]:
    """CPU a check and memory with 1,000, 10,000 and 100,000 accounts at the same rate."""
    costs, memory = [], []
    sizes = (1_000, 10_000, 100_000)
    for accounts in sizes:
        folder = directory / str(accounts)
        folder.mkdir()
        async with running(folder, accounts=accounts, interval="1h") as (_, program):
            await program.ask(flat=accounts, beside=50)
            rounds = [await _flat(program, 4000) for _ in range(_ROUNDS)]
            costs.append(median(each for each, _ in rounds))
            memory.append((await program.ask(read=True))["rss_mb"])
    rows = [Figure(name=f"check_of_{n}_accounts", value=cost, unit="ms") for n, cost in zip(sizes, costs, strict=True)]
    more = 1024 * (memory[2] - memory[1]) / (sizes[2] - sizes[1])
    return [
        *rows,
        Figure(name="growth_of_a_check", value=costs[2] / costs[0], unit="times", goal=1.1),
        Figure(name="memory_of_10000_accounts", value=memory[1], unit="MB", goal=120),
        Figure(name="memory_of_each_more", value=more, unit="KB", goal=3),
    ]


async def handshakes(directory: Path, _asked: Asked) -> list[Figure]:
    """TLS handshakes a check, of 1,000 accounts of one host."""
    async with running(directory, accounts=1000, interval="60s", platforms=1) as (site, program):
        await asyncio.sleep(65)
        before = await site.ask(count=True)
        await asyncio.sleep(60)
        after = await site.ask(count=True)
        await program.ask(read=True)
    each = (after["connections"] - before["connections"]) / (after["requests"] - before["requests"])
    return [Figure(name="handshakes_a_check", value=each, unit="", goal=0.05)]


async def overload(directory: Path, _asked: Asked) -> list[Figure]:
    """Ten times more due than can be done: 100 connections, and every answer takes 30 s."""
    async with running(directory, accounts=2000, interval="60s", timeout="45s") as (site, program):
        await asyncio.sleep(60)
        memory = (await program.ask(read=True))["rss_mb"]
        await site.ask(delay=30)
        await asyncio.sleep(120)
        read = await program.ask(read=True)
    return [
        Figure(name="overload_false_absent", value=read["absent"], unit="looks", goal=0),
        Figure(name="overload_tasks", value=read["tasks"], unit="tasks", goal=1000),
        Figure(name="overload_memory_grown", value=read["peak_mb"] - memory, unit="MB", goal=60),
    ]


async def black_hole(directory: Path, _asked: Asked) -> list[Figure]:
    """The lag of all while one of twenty platforms swallows every request, and before."""
    async with running(directory, accounts=6000, interval="60s") as (site, program):
        await asyncio.sleep(70)
        await program.ask(reset=True)
        await asyncio.sleep(45)
        before = await program.ask(read=True)
        await site.ask(hang="square3.example")
        await program.ask(reset=True)
        await asyncio.sleep(60)
        after = await program.ask(but="square3")
    return [
        Figure(name="lag_p99_before_a_black_hole", value=before["lag_p99_ms"], unit="ms"),
        Figure(name="lag_p99_of_others_beside_it", value=after["lag_p99_ms"], unit="ms", goal=25),
    ]


class _Desk:
    """Takes alerts, and notes when each account's came."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}

    async def take(self, request: web.Request) -> web.Response:
        """One piece of news."""
        for alert in json.loads(await request.text()).get("alerts", ()):
            self.came.setdefault(alert["labels"]["account"].split(":")[1], time.monotonic())
        return web.Response(text="ok")


async def detection(directory: Path, _asked: Asked, *, accounts: int = 1000) -> list[Figure]:
    """From the page's turn to the alert at the channel: 60 s, three confirmations."""
    delays = sorted(await _delays(directory, accounts, _TURNS))
    cuts = quantiles(delays, n=100)
    name = f"detection_of_{accounts}"
    return [
        Figure(name=f"{name}_not_told", value=_TURNS - len(delays), unit=f"of {_TURNS}", goal=0),
        Figure(name=f"{name}_p50", value=median(delays), unit="s", goal=55),
        Figure(name=f"{name}_p99", value=min(cuts[98], delays[-1]), unit="s", goal=90),
    ]


async def _delays(directory: Path, accounts: int, turns: int) -> list[float]:
    """The seconds of each of so many turns, spread over two minutes."""
    desk, chance = _Desk(), random.Random(2017)
    runner = web.AppRunner(web.Application())
    runner.app.router.add_post("/hook", desk.take)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    channel = f'[{{name: desk, kind: webhook, url: "http://127.0.0.1:{runner.addresses[0][1]}/hook"}}]'
    async with running(directory, accounts=accounts, interval="60s", channels=channel) as (site, program):
        await _until_all_are_seen(program)
        turned: dict[str, float] = {}
        known = list(handles(accounts))
        for place in range(turns):  # of each of the twenty platforms as many: five at once would be a mass event
            handle = known[20 * chance.randrange(accounts // 20) + place % 20]
            await site.ask(gone=[handle])
            turned[handle] = time.monotonic()
            await asyncio.sleep(2)
        for _ in range(120):
            if turned.keys() <= desk.came.keys():
                break
            await asyncio.sleep(1)
    await runner.cleanup()
    return [desk.came[handle] - at for handle, at in turned.items() if handle in desk.came]
