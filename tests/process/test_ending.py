"""How `watcher run` ends: in order, in time, and with a status that says whether all was stored, whatever hangs."""

import asyncio
import json
import os
import pty
import re
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from tests.fakes.newsroom import CONTROLS, configure
from tests.fakes.slack import HANG, FakeSlack
from tests.process.command import PATIENCE, Ended, Watcher, get, until
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform
from watcher.store.sql import SqlStore

CROWD = 220
WATCHED = """\
defaults: {interval: 2s, confirm: {threshold: 2, interval: 1s}, recover: {threshold: 2, interval: 1s}}
accounts:
  - https://x.com/POTUS
"""
FREELY = "platforms: {x: {sources: {page: {robots: override}}, pace: {requests: 60000, per: 1m, concurrency: 400}}}\n"
ORDER = ["ticker", "probes", "commits", "outbox", "looks on demand", "channel newsroom", "controls", "session"]
ORDER += ["store", "web"]


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[ScriptedPlatform]:
    """x.com: the controls and @POTUS are there, a crowd of others never answers."""
    async with ScriptedPlatform(SystemClock(), tmp_path) as platform:
        for handle in (*CONTROLS, "POTUS"):
            platform.set(handle, Page.PRESENT)
        for n in range(CROWD):
            platform.set(f"silent{n}", Page.HANG, span=timedelta(hours=1))
        yield platform


def watching(directory: Path, platform: ScriptedPlatform, slack: FakeSlack, *, crowd: int = CROWD) -> Path:
    """The configuration of a run that watches them, and tells `slack`.

    It is patient with those who never answer: half as many as there are connections may one host keep waiting.
    """
    config = configure(
        directory,
        platform,
        watchlist=WATCHED + "".join(f"  - https://x.com/silent{n}\n" for n in range(crowd)),
        asked="",
        settings=f'channels: [{{name: newsroom, kind: slack, webhook_url: "{slack.url}"}}]\n'
        f"routes: [{{name: default, channels: [newsroom]}}]\n{FREELY}",
    )
    config.write_text(config.read_text().replace("probe: {", "probe: {timeout: 60s, connections: 600, "))
    return config


@contextmanager
def locked(config: Path) -> Iterator[None]:
    """Somebody else's process keeps the database to itself."""
    with closing(sqlite3.connect(config.parent / "state" / "watcher.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def heeds_sigterm(pid: int) -> bool:
    """True for a process that has a handler for SIGTERM."""
    [caught] = re.findall(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


async def all_silent(platform: ScriptedPlatform, count: int) -> None:
    """Return once that many have been asked for and given no answer."""
    await until(lambda: len({each.handle for each in platform.requests if each.handle.startswith("silent")}) >= count)


async def end(running: Watcher) -> tuple[Ended, float]:
    """How it ends after SIGTERM, and after how many seconds."""
    began = time.monotonic()
    running.stop()
    ended = await running.ended(within=15)
    return ended, time.monotonic() - began


def steps(ended: Ended) -> list[str]:
    """What it said to have stopped, in that order."""
    return [record["part"] for record in records(ended) if record["event"] == "stopped"]


def records(ended: Ended) -> list[dict[str, str]]:
    """Its log: every line is JSON."""
    return [json.loads(line) for line in ended.err.splitlines()]


async def watch_the_end(url: str) -> list[tuple[int, str, int]]:
    """What /-/ready and /metrics say again and again until nobody answers any more."""
    seen = []
    async with aiohttp.ClientSession() as session:
        with suppress(aiohttp.ClientError, OSError):
            while True:
                async with session.get(f"{url}-/ready") as ready, session.get(f"{url}metrics") as metrics:
                    seen.append((ready.status, await ready.text(), metrics.status))
                await asyncio.sleep(0.05)
    return seen


@pytest.mark.timeout(120)
async def test_the_end_under_load(tmp_path: Path, platform: ScriptedPlatform) -> None:
    """A platform and a Slack that hang, commits that wait for a lock: 0 within ten seconds, in order, pages last."""
    async with FakeSlack(HANG, HANG, HANG) as slack:
        config = watching(tmp_path / "config", platform, slack)
        async with Watcher("run", "--config", config, "--log-level", "debug") as running:
            url = await running.url()
            await running.logged("AccountFirstSeen")
            await all_silent(platform, CROWD)
            platform.set("POTUS", Page.MISSING_FR)
            await running.logged("OutageOpened")
            await slack.until_received(1)
            with locked(config):
                platform.set("POTUS", Page.PRESENT)
                await running.logged("OutageClosed")
                watched = asyncio.create_task(watch_the_end(url))
                await asyncio.sleep(0)
            ended, took = await end(running)
            seen = await watched
    assert (ended.status, took < 10) == (0, True), (took, ended.err[-2000:])
    assert steps(ended) == ORDER
    assert {set(record) >= {"event", "level", "timestamp"} for record in records(ended)} == {True}
    stopping = [each for each in seen if each[0] == 503]
    assert len(stopping) > 20
    assert set(stopping) == {(503, "stopping\n", 200)}
    store = SqlStore(config.parent / "state", read_only=True)
    store.open()
    waiting, _ = store.pending()
    [outage] = store.outages()
    store.close()
    assert (waiting, outage.is_open) == (2, False)  # the alert and the recovery, told to nobody yet


@pytest.mark.timeout(120)
async def test_the_end_with_a_lost_store(tmp_path: Path, platform: ScriptedPlatform) -> None:
    """What could not be stored is counted and the cause named: 2, within ten seconds, whatever else hangs."""
    async with FakeSlack() as slack:
        config = watching(tmp_path / "config", platform, slack)
        async with Watcher("run", "--config", config) as running:
            await running.logged("AccountFirstSeen")
            await all_silent(platform, CROWD)
            with locked(config):
                platform.set("POTUS", Page.MISSING_FR)
                await running.logged("AccountSuspected")
                if not running.has_logged("store fails"):  # a heartbeat may have found out before
                    await running.logged("store fails")
                ended, took = await end(running)
    assert (ended.status, took < 10) == (2, True), (took, ended.err[-2000:])
    last = ended.err.splitlines()[-1]
    assert re.fullmatch(
        r"watcher: \d+ changes could not be stored before the end and are lost: \S+/state/watcher\.db is locked by "
        r"another process: end that one .*",
        last,
    )


async def test_sigterm_while_it_starts(tmp_path: Path, platform: ScriptedPlatform) -> None:
    """0, as soon as the program heeds signals at all, and once it has begun to open its store."""
    async with FakeSlack() as slack:
        config = watching(tmp_path / "config", platform, slack, crowd=3)
        async with Watcher("run", "--config", config) as running:
            await until(lambda: heeds_sigterm(running.pid))
            running.stop()
            assert await running.ended(within=10) == Ended(status=0, out="", err="")
        async with Watcher("run", "--config", config) as running:
            await until((config.parent / "state" / "lock").exists)
            running.stop()
            ended = await running.ended(within=10)
            assert (ended.status, "Traceback" in ended.err) == (0, False)


async def test_a_signal_that_is_sent_twice_at_once(tmp_path: Path, platform: ScriptedPlatform) -> None:
    """As timeout(1) does, to the process and to its group: it still ends in order, with 0."""
    config = watching(tmp_path / "config", platform, FakeSlack(), crowd=0)
    async with Watcher("run", "--config", config) as running:
        await running.url()
        running.stop()
        running.stop()
        assert (await running.ended(within=10)).status == 0


async def test_a_signal_that_is_sent_again(tmp_path: Path, platform: ScriptedPlatform) -> None:
    """A second later it ends at once, by the signal itself."""
    config = watching(tmp_path / "config", platform, FakeSlack(), crowd=9)
    async with Watcher("run", "--config", config) as running:
        await running.url()
        await all_silent(platform, 9)
        began = time.monotonic()
        ending = asyncio.create_task(running.ended(within=10))
        while not ending.done():
            with suppress(ProcessLookupError):
                running.stop()
            await asyncio.sleep(0.05)
        assert ((await ending).status, 1 <= time.monotonic() - began < 4) == (-signal.SIGTERM, True)


async def test_sighup_ends_nothing(tmp_path: Path, platform: ScriptedPlatform) -> None:
    """Neither while it starts nor while it runs."""
    config = watching(tmp_path / "config", platform, FakeSlack(), crowd=0)
    async with Watcher("run", "--config", config) as running:
        await until(lambda: heeds_sigterm(running.pid))
        running.stop(signal.SIGHUP)
        url = await running.url()
        running.stop(signal.SIGHUP)
        assert (await get(f"{url}-/healthy"))[0] == 200
        assert (await end(running))[0].status == 0


HANGS = """\
import asyncio, sys, threading
from watcher.ending import Ending
from watcher.model.errors import StoreError
from datetime import timedelta

async def run(ending):
    async with ending.by_signal() as stop:
        print("ready", flush=True)
        await stop.wait()
        if "in the app" in sys.argv:
            await asyncio.Event().wait()
        asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)  # a name server that is silent
        if "lost" in sys.argv:
            raise StoreError("3 changes are lost")

with Ending(timedelta(seconds=0.5)) as ending:
    asyncio.run(run(ending))
"""


@pytest.mark.parametrize(
    ("case", "status", "said"),
    [
        ("stored", 0, ""),
        ("lost", 2, "watcher: 3 changes are lost\n"),
        (
            "in the app",
            2,
            "watcher: it did not end within 0.5 s, something hangs; what was not stored is lost\n",
        ),
    ],
)
async def test_a_thread_that_never_ends_holds_up_no_end(case: str, status: int, said: str) -> None:
    """At the limit the process is ended, with the status that it would have had."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HANGS, case, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        assert await process.stdout.readline() == b"ready\n"
        process.terminate()
        _, err = await process.communicate()
    assert (process.returncode, err.decode()) == (status, said)


async def test_a_log_on_a_terminal_is_text(tmp_path: Path, platform: ScriptedPlatform) -> None:
    """A time and words in each line, and no JSON."""
    async with FakeSlack() as slack:
        config = watching(tmp_path / "config", platform, slack, crowd=0)
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "watcher", "run", "--config", str(config), "--log-level", "debug"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=theirs,
            env={"PATH": os.environ.get("PATH", "")},
        )
        os.close(theirs)
        try:
            text = await asyncio.to_thread(read_until, ours, b"account first seen")
            process.terminate()
            text += await asyncio.to_thread(read_until, ours, b"part=web")
            assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            os.close(ours)
    lines = re.sub(r"\x1b\[\d+m", "", text.decode()).splitlines()
    assert [line for line in lines if not re.match(r"\d\d:\d\d:\d\d  \S| {10}\S", line)] == []
    assert any("stopped  part=ticker" in line for line in lines)


def read_until(descriptor: int, part: bytes) -> bytes:
    """What a terminal shows up to the line with `part`; up to the end when it never comes."""
    text = b""
    with suppress(OSError):  # EIO: the other side is closed
        while not (part in text and text.endswith(b"\n")):
            text += os.read(descriptor, 65536)
    return text
