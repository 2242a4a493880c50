"""The browser's process: started when first needed, again when it has died, ended with whoever uses it."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.browser.processes import group_of
from tests.browser.rig import Rig, a_rig, needs_chromium
from tests.process.command import until
from watcher.model.exchange import Response
from watcher.model.finding import Reason
from watcher.probe import browser

pytestmark = [needs_chromium, pytest.mark.timeout(60)]


def pid_of(rig: Rig) -> int:
    """The first process of the browser."""
    pid = rig.prober._browser.pid
    assert pid is not None
    return pid


async def test_killed_and_back_again(tmp_path: Path) -> None:
    """A browser that dies takes its page along, which says nothing; the next has a new one; the end leaves none."""
    async with a_rig(tmp_path) as rig:
        await rig.fetch("alice", source="page")
        assert rig.prober._browser.pid is None  # who renders nothing starts nothing
        await rig.response("alice")
        first = pid_of(rig)
        rig.chirp.page("/scene", "<script>while (true) {}</script>")
        hung = asyncio.create_task(rig.failure("scene"))
        await until(lambda: "/scene" in rig.chirp.paths)
        await asyncio.sleep(0.3)
        os.killpg(first, signal.SIGKILL)
        failure = await hung
        assert failure.reason is Reason.NO_SOURCE
        assert "there is no browser" in failure.detail
        await rig.response("alice")
        second = pid_of(rig)
        assert second != first
        assert group_of(first) == []
        # Once more, while nothing is shown: nobody notices.
        os.killpg(second, signal.SIGKILL)
        await until(lambda: rig.prober._browser.pid is None)
        await rig.response("alice")
        third = pid_of(rig)
        assert rig.metrics.browser_starts._value.get() == 3
    assert group_of(second) == group_of(third) == []


async def test_a_program_that_is_none(tmp_path: Path) -> None:
    """A browser that does not start is told once and tried again later and later; plain probes go on."""
    program = tmp_path / "chromium"
    program.write_text('#!/bin/sh\necho no library >&2\necho x >> "$(dirname "$0")/starts"\nexit 1\n', "utf-8")
    program.chmod(0o755)
    async with a_rig(tmp_path, executable=program) as rig:
        for _ in range(6):
            failure = await rig.failure("alice")
            assert failure.reason is Reason.NO_SOURCE
        assert isinstance((await rig.fetch("alice", source="page")).outcome, Response)
    assert (tmp_path / "starts").read_text("utf-8") == "x\nx\n"  # the third is only tried a second later
    assert rig.chirp.paths.count("/alice") == 1


async def test_an_old_browser_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many pages a new process takes over, and the old one ends."""
    monkeypatch.setattr(browser, "_PAGES", 2)
    async with a_rig(tmp_path) as rig:
        await rig.response("alice")
        first = pid_of(rig)
        await rig.response("bob")
        await rig.response("carol")
        assert pid_of(rig) != first
        await until(lambda: group_of(first) == [])


async def test_an_end_in_the_middle_of_a_page(tmp_path: Path) -> None:
    """Whoever ends while a page hangs leaves no process, and has not long to wait."""
    async with a_rig(tmp_path, within=60) as rig:
        await rig.response("alice")
        pid = pid_of(rig)
        rig.chirp.page("/scene", "<script>while (true) {}</script>")
        hung = asyncio.create_task(rig.fetch("scene"))
        await until(lambda: "/scene" in rig.chirp.paths)
        hung.cancel()
        async with asyncio.timeout(4):
            await asyncio.gather(hung, return_exceptions=True)
            await rig.prober.close()
    assert group_of(pid) == []
