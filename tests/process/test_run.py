"""`watcher run` as a process: it serves, it watches, it ends in order, and it is alone with its state."""

import asyncio
import json
import signal
from pathlib import Path

import pytest

from tests.fakes.newsroom import CONTROLS, configure
from tests.process.command import Watcher, get, watcher
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """Ready before, 0 within ten seconds after; the start is told on standard output."""
    config = configure(tmp_path)
    async with Watcher("run", "--config", config) as running:
        url = await running.url()
        assert await get(f"{url}-/ready") == (200, "ready\n")
        running.stop(number)
        ended = await running.ended(within=10)
    assert ended.status == 0
    said = ended.out.splitlines()
    expected = [
        line for line in said if line.startswith(("warning   x:realdonaldtrump: expect blind: ", "warning   x:potus: "))
    ]
    assert len(expected) == 2  # the page of X is read for the test's sake, and decides nothing in the world
    assert [line for line in said if line not in expected] == [
        "watching  2 accounts on 1 platform",
        f"state     {tmp_path}/state",
        f"page      {url}",
        "hint      `watcher demo` (make demo) shows on this machine what an outage looks like; Ctrl-C ends this run",
    ]
    assert "Traceback" not in ended.err


async def test_a_second_one_is_refused(tmp_path: Path) -> None:
    """2, naming the first, which goes on; after kill -9 of that one the state is free at once."""
    config = configure(tmp_path)
    async with Watcher("run", "--config", config) as first:
        url = await first.url()
        second = await watcher("run", "--config", config)
        assert second.status == 2
        assert f"{tmp_path}/state is in use by another watcher (pid {first.pid}): stop that one" in second.err
        assert (await get(f"{url}-/healthy"))[0] == 200
        first.stop(signal.SIGKILL)
        await first.ended()
    async with Watcher("run", "--config", config) as third:
        assert (await get(f"{await third.url()}-/ready"))[0] == 200


async def test_an_outage_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    """The process sees it, stores it and tells it in its log; `accounts` and `outages` read it, running or not."""
    async with ScriptedPlatform(SystemClock(), tmp_path) as platform:
        for handle in (*CONTROLS, "POTUS", "realDonaldTrump"):
            platform.set(handle, Page.PRESENT)
        config = configure(tmp_path / "config", platform)
        async with Watcher("run", "--config", config) as running:
            url = await running.url()
            for _ in ("POTUS", "realDonaldTrump"):
                await running.logged("AccountFirstSeen")
            platform.set("realDonaldTrump", Page.MISSING_FR)
            await running.logged("@realDonaldTrump is not available on X")
            listed, still = await asyncio.gather(
                watcher("accounts", "--config", config, "--json"), watcher("outages", "--config", config, "--open")
            )
            assert {one["id"]: one["state"] for one in json.loads(listed.out)} == {
                "x:realdonaldtrump": "down",
                "x:potus": "up",
            }
            assert "x:realdonaldtrump" in still.out
            assert " open" in still.out
            platform.set("realDonaldTrump", Page.PRESENT)
            await running.logged("@realDonaldTrump is back on X after ")
            [outage] = json.loads((await get(f"{url}api/v1/outages"))[1])
            running.stop()
            ended = await running.ended(within=10)
    assert ended.status == 0
    gone, back = [change.at for change in platform.log if change.handle == "realDonaldTrump"][1:]
    bounds = outage["duration_seconds"]
    assert bounds["min"] <= (back - gone).total_seconds() <= bounds["max"]
    after = await watcher("outages", "--config", config, "--account", "x:realdonaldtrump", "--json")
    assert json.loads(after.out) == [outage]
