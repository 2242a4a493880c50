"""The record put right, forgotten, backed up and restored beside a real `watcher run`."""

import asyncio
import json
import shutil
import signal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.fakes.newsroom import CONTROLS, configure
from tests.process.command import PATIENCE, Watcher, get, watcher
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform

# Many commands, each a process of its own.
pytestmark = pytest.mark.timeout(150)

TRUMP, POTUS = "x:realdonaldtrump", "x:potus"
NOT_POTUS = """\
defaults: {interval: 2s, confirm: {threshold: 2, interval: 1s}, recover: {threshold: 2, interval: 1s}}
accounts: [https://x.com/realDonaldTrump]
"""


async def people(platform: ScriptedPlatform) -> None:
    """Everybody is there."""
    for handle in (*CONTROLS, "POTUS", "realDonaldTrump"):
        platform.set(handle, Page.PRESENT)


async def outages(url: str, query: str = "") -> list[dict[str, Any]]:
    """The outages, as the running process has them."""
    found: list[dict[str, Any]] = json.loads((await get(f"{url}api/v1/outages{query}"))[1])
    return found


async def lose_and_find(running: Watcher, platform: ScriptedPlatform, handle: str) -> None:
    """One outage of that account."""
    platform.set(handle, Page.MISSING_FR)
    await running.logged(f"@{handle} is not available on X")
    platform.set(handle, Page.PRESENT)
    await running.logged(f"@{handle} is back on X after ")


async def test_put_right_and_forgotten_beside_a_run(tmp_path: Path) -> None:
    """A note and a retraction are told by the running process; a forgotten account leaves no byte in its files."""
    async with ScriptedPlatform(SystemClock(), tmp_path) as platform:
        await people(platform)
        config = configure(tmp_path / "config", platform)
        async with Watcher("run", "--config", config) as running:
            url = await running.url()
            for _ in range(2):
                await running.logged("AccountFirstSeen")
            for handle in ("POTUS", "realDonaldTrump"):
                await lose_and_find(running, platform, handle)
            ids = {record["account"]: record["id"] for record in await outages(url)}
            note = ("--cause", "a departing employee", "--by", "desk", "--tell")
            noted = await watcher("outages", "annotate", ids[TRUMP], "--config", config, *note)
            assert (noted.status, noted.err) == (0, "")
            told = await running.logged("Why @realDonaldTrump was not available on X for ")
            assert told["event"].endswith(": a departing employee")
            await recorded(url, ids[TRUMP], config)
            await watcher("outages", "retract", ids[TRUMP], "--config", config, "--reason", "a test")
            told = await running.logged("Correction: @realDonaldTrump on X was not gone")
            assert "a test" in told["said"]
            assert [record["account"] for record in await outages(url)] == [POTUS]
            early = await watcher("forget", POTUS, "--config", config, "--yes")
            assert (early.status, "is on the watchlist" in early.err) == (1, True)
            (tmp_path / "config" / "watchlist.yaml").write_text(NOT_POTUS)
            running.stop(signal.SIGHUP)
            await running.logged("configuration_reloaded")
            await forgotten(config)
            assert await outages(url) == []
            assert len(await outages(url, "?retracted=true")) == 1
            # The run goes on writing: its controls, its heartbeat, another outage.
            await lose_and_find(running, platform, "realDonaldTrump")
            running.stop()
            ended = await running.ended(within=10)
    assert ended.status == 0
    assert "Traceback" not in ended.err
    state = b"".join(path.read_bytes() for path in (tmp_path / "config/state").rglob("*") if path.is_file())
    assert b"potus" not in state.lower().replace(b"potus45", b"")
    assert b"realdonaldtrump" in state.lower()


async def recorded(url: str, outage_id: str, config: Path) -> None:
    """The record of the outage: the command line writes what the running process shows, byte for byte."""
    path = f"{url}outages/{quote(outage_id, safe='')}"
    text = await watcher("outages", "show", outage_id, "--config", config)
    assert (text.status, text.err) == (0, "")
    assert text.out.startswith("# @realDonaldTrump was not available on X for ")
    assert "a departing employee" in text.out
    assert text.out == (await get(f"{path}.md"))[1]
    data = await watcher("outages", "show", outage_id, "--config", config, "--format", "json")
    assert json.loads(data.out) == json.loads((await get(f"{path}.json"))[1])
    assert "every hash holds" in (await get(path))[1]


async def forgotten(config: Path) -> None:
    """Forget @POTUS once the run's last commits about it are written."""
    async with asyncio.timeout(PATIENCE):
        while (done := await watcher("forget", POTUS, "--config", config, "--yes")).status != 0:
            assert "still watched by the run" in done.err
    assert done.out == f"{POTUS}: forgotten\n"


async def test_a_backup_taken_mid_outage_is_gone_on_from(tmp_path: Path) -> None:
    """Made while the process writes; whoever starts on it ends the same outage, and tells its end."""
    async with ScriptedPlatform(SystemClock(), tmp_path) as platform:
        await people(platform)
        config = configure(tmp_path / "config", platform)
        async with Watcher("run", "--config", config) as running:
            for _ in range(2):
                await running.logged("AccountFirstSeen")
            platform.set("realDonaldTrump", Page.MISSING_FR)
            await running.logged("@realDonaldTrump is not available on X")
            before = [record["id"] for record in await outages(await running.url())]
            made = await watcher("backup", tmp_path / "backup", "--config", config)
            assert (made.status, made.err) == (0, "")
            assert made.out.splitlines()[0].startswith(f"backup    {tmp_path}/backup: 1 outage, 1 page, ")
            running.stop(signal.SIGKILL)
            await running.ended()
        shutil.rmtree(tmp_path / "config/state")
        (tmp_path / "backup").rename(tmp_path / "config/state")
        async with Watcher("run", "--config", config) as restored:
            url = await restored.url()
            assert [(record["id"], record["open"]) for record in await outages(url)] == [(before[0], True)]
            platform.set("realDonaldTrump", Page.PRESENT)
            await restored.logged("@realDonaldTrump is back on X after ")
            [outage] = await outages(url)
            assert (outage["id"], outage["end_cause"]) == (before[0], "recovered")
            assert outage["unobserved_seconds"] > 0
            restored.stop()
            assert (await restored.ended(within=10)).status == 0
