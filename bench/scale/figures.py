"""What is measured of the whole program, and how much it may be."""

import asyncio
import json
import random
import time
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


async def _flat(program: Child, looks: int) -> tuple[float, float]:
    """Milliseconds of CPU a check, flat out, twenty at a time; and the same in reference loops."""
    read = await program.ask(flat=looks, beside=20)
    each = read["cpu"] / read["looks"]
    return 1000 * each, each / read["reference"]


async def of_a_check(directory: Path, _minutes: float) -> list[Figure]:
    """A check of a page of 30 KB over a kept connection, in turn with the peers."""
    async with running(directory, accounts=1000, interval="1h") as (site, program):
        await _flat(program, 3000)
        ours, ratios, lists = [], [], []
        alternation = None
        if not is_here(EXPORTER):
            rounds = [await _flat(program, 2000) for _ in range(_ROUNDS)]
            return [_check("check_30kb", *map(median, zip(*rounds, strict=True)), goal=0.33)]
        async with blackbox(directory) as exporter:
            for _ in range(_ROUNDS):
                each, ratio = await _flat(program, 2000)
                ours.append(each)
                ratios.append(ratio)
                lists.append(1000 * await cost_of(exporter, "list", site.told["port"], 400))
            alternation = 1000 * await cost_of(exporter, "alternation", site.told["port"], 60)
    each = median(ours)
    by_list = median(theirs / own for theirs, own in zip(lists, ours, strict=True))
    return [
        _check("check_30kb", each, median(ratios), goal=0.33),
        Figure(name="blackbox_list_of_40", value=median(lists), unit="ms"),
        Figure(name="times_below_blackbox_list", value=by_list, unit="times", goal=5, least=True),
        Figure(name="times_below_alternation", value=alternation / each, unit="times", goal=40, least=True),
    ]


async def of_large_pages(directory: Path, _minutes: float) -> list[Figure]:
    """The same of pages of 250 KB."""
    async with running(directory, accounts=200, interval="1h", size=250_000) as (_, program):
        await _flat(program, 600)
        rounds = [await _flat(program, 600) for _ in range(_ROUNDS)]
    return [_check("check_250kb", *map(median, zip(*rounds, strict=True)), goal=0.8)]


def _check(name: str, value: float, ratio: float, *, goal: float) -> Figure:
    return Figure(name=name, value=value, unit="ms", ratio=ratio, goal=goal)


async def paced(directory: Path, _minutes: float) -> list[Figure]:
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


async def ten_thousand(directory: Path, _minutes: float) -> list[Figure]:
    """10,000 accounts at 10 s, scraped every 15 s."""
    async with running(directory, accounts=10_000, interval="10s") as (_, program):
        await asyncio.sleep(40)
        await program.ask(reset=True)
        read = await _scraped(program, 60)
    name = "10000_at_10s"
    return [
        Figure(name=f"{name}_cpu", value=_share(read), unit="% of a core", goal=45),
        Figure(name=f"{name}_missed", value=_missed(read, 1000), unit="checks", goal=0),
        Figure(name=f"{name}_lag_p99", value=read["lag_p99_ms"], unit="ms", goal=10),
        Figure(name=f"{name}_blocked", value=read["blocked_ms"], unit="ms", goal=50),
        Figure(name=f"{name}_memory", value=read["rss_mb"], unit="MB", goal=120),
    ]


async def hundred_thousand(directory: Path, minutes: float) -> list[Figure]:
    """100,000 accounts at 60 s, from the start on, scraped every 15 s."""
    async with Child("bench.scale.site", directory) as site:
        config = configure(directory, site.told["port"], accounts=100_000, interval="60s")
        began = time.monotonic()
        async with Child("bench.scale.program", config) as program:
            first = (await program.ask(first=True))["sent_first"] - began
            await _until_all_are_seen(program)
            seen = time.monotonic() - began
            await asyncio.sleep(30)
            await program.ask(reset=True)
            read = await _scraped(program, 60 * minutes)
    name = "100000_at_60s"
    return [
        Figure(name=f"{name}_first_probe", value=first, unit="s", goal=10),
        Figure(name=f"{name}_all_seen", value=seen - first, unit="s", goal=_INTERVAL * 1.05),
        Figure(name=f"{name}_cpu", value=_share(read), unit="% of a core", goal=100),
        Figure(name=f"{name}_for", value=read["seconds"] / 60, unit="min"),
        Figure(name=f"{name}_missed", value=_missed(read, 100_000 / 60), unit="checks", goal=0),
        Figure(name=f"{name}_lag_p99", value=read["lag_p99_ms"], unit="ms", goal=25),
        Figure(name=f"{name}_lag_max", value=read["lag_max_ms"], unit="ms", goal=150),
        Figure(name=f"{name}_blocked", value=read["blocked_ms"], unit="ms", goal=50),
        Figure(name=f"{name}_memory", value=read["rss_mb"], unit="MB", goal=120 + 90_000 * 3 / 1024),
    ]


async def _until_all_are_seen(program: Child) -> None:
    for _ in range(150):
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


async def growth(directory: Path, _minutes: float) -> list[Figure]:
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


async def handshakes(directory: Path, _minutes: float) -> list[Figure]:
    """TLS handshakes a check, of 1,000 accounts of one host."""
    async with running(directory, accounts=1000, interval="60s", platforms=1) as (site, program):
        await asyncio.sleep(65)
        before = await site.ask(count=True)
        await asyncio.sleep(60)
        after = await site.ask(count=True)
        await program.ask(read=True)
    each = (after["connections"] - before["connections"]) / (after["requests"] - before["requests"])
    return [Figure(name="handshakes_a_check", value=each, unit="", goal=0.05)]


async def overload(directory: Path, _minutes: float) -> list[Figure]:
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


async def black_hole(directory: Path, _minutes: float) -> list[Figure]:
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


async def detection(directory: Path, _minutes: float, *, accounts: int = 1000) -> list[Figure]:
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
