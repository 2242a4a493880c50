"""The browser's process: started when first needed, again when it has died, ended with whoever uses it."""

import asyncio
import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.browser.processes import group_of
from tests.browser.rig import Rig, a_rig, needs_chromium
from tests.process.command import until
from watcher.model.exchange import Exchange, FetchFailure, Response
from watcher.model.finding import Reason
from watcher.probe import browser

pytestmark = [needs_chromium, pytest.mark.timeout(60)]


@pytest.fixture(autouse=True)
def nothing_is_left_unasked(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """However a browser ends, no error is left for asyncio to log at some later time."""
    yield
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


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


async def test_a_driver_that_dies_while_nothing_is_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What carries the protocol may end alone, which nobody tells: a page finds no browser, the next one has one."""
    async with a_rig(tmp_path) as rig:
        await rig.response("alice")
        chromium = rig.prober._browser._chromium
        assert chromium is not None
        assert chromium._driver is not None
        first = pid_of(rig)
        os.kill(chromium._driver, signal.SIGKILL)
        await until(lambda: group_of(first) == [])
        failure = await rig.failure("alice")
        assert failure.reason is Reason.NO_SOURCE
        await rig.response("alice")
        second = pid_of(rig)
        assert second != first
    assert group_of(second) == []
    del rig, chromium
    gc.collect()  # Playwright leaves an error of its own for asyncio to log
    caplog.clear()


async def test_a_browser_that_hangs_while_pages_have_little_time(tmp_path: Path) -> None:
    """A browser that opens no page is replaced, also where the page's time is over before its own."""
    async with a_rig(tmp_path, within=2) as rig:
        await rig.response("alice")
        first = pid_of(rig)
        os.killpg(first, signal.SIGSTOP)
        failure = await rig.failure("alice")
        assert failure.reason is Reason.TIMEOUT
        await until(lambda: group_of(first) == [])
        rig.allow(20)
        await rig.response("alice")
    assert rig.metrics.browser_starts._value.get() == 2


def draws(pid: int) -> bool:
    """True for the process of a browser that draws its pages."""
    return "--type=gpu-process" in Path(f"/proc/{pid}/cmdline").read_text("utf-8")


async def test_no_page_is_lost_for_its_picture(tmp_path: Path) -> None:
    """Where no picture can be had, for the process that draws hangs, the page counts all the same."""
    async with a_rig(tmp_path, within=3) as rig:
        await rig.response("alice")
        (drawing,) = filter(draws, group_of(pid_of(rig)))
        os.kill(drawing, signal.SIGSTOP)
        try:
            response = await rig.response("alice", screenshot=True)
        finally:
            os.kill(drawing, signal.SIGCONT)
        assert "<h1>Alice</h1>" in response.body.decode()
        assert response.screenshot is None


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


async def slow(rig: Rig, handle: str) -> tuple[asyncio.Task[Exchange], asyncio.Event]:
    """A page that the browser shows until the event is set."""
    done = asyncio.Event()

    async def script(_request: web.Request) -> web.Response:
        await done.wait()
        return web.Response(text="document.title = 'complete'", content_type="text/javascript")

    rig.chirp.page(f"/{handle}", f"<title>begun</title><script src='/{handle}.js'></script>")
    rig.chirp.routes[f"/{handle}.js"] = script
    shown = asyncio.create_task(rig.fetch(handle))
    await until(lambda: f"/{handle}.js" in rig.chirp.paths)
    return shown, done


async def test_a_browser_that_is_never_idle_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next page takes a new process; what the old one still shows is shown to the end, and then it ends."""
    monkeypatch.setattr(browser, "_PAGES", 2)
    async with a_rig(tmp_path, within=60) as rig:
        shown, done = await slow(rig, "slow")
        old = pid_of(rig)
        await rig.response("alice")
        await rig.response("bob")
        new = pid_of(rig)
        assert new != old
        assert group_of(old) != []
        done.set()
        outcome = (await shown).outcome
        assert isinstance(outcome, Response)
        assert b"<title>complete</title>" in outcome.body
        await until(lambda: group_of(old) == [])
        assert pid_of(rig) == new
        assert rig.metrics.browser_starts._value.get() == 2


async def test_an_old_browser_that_dies_takes_only_its_own_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one is not blamed: it shows the next page at once."""
    monkeypatch.setattr(browser, "_PAGES", 1)
    async with a_rig(tmp_path, within=60) as rig:
        shown, _ = await slow(rig, "slow")
        old = pid_of(rig)
        other, done = await slow(rig, "other")
        new = pid_of(rig)
        os.killpg(old, signal.SIGKILL)
        outcome = (await shown).outcome
        assert isinstance(outcome, FetchFailure)
        assert outcome.reason is Reason.NO_SOURCE
        assert pid_of(rig) == new
        done.set()
        assert isinstance((await other).outcome, Response)
        assert rig.prober._browser._retired == set()
    assert group_of(old) == group_of(new) == []


async def test_an_end_while_two_browsers_show_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the old nor the new process is left behind, and nobody waits for their pages."""
    monkeypatch.setattr(browser, "_PAGES", 1)
    async with a_rig(tmp_path, within=60) as rig:
        pages = []
        pids = set()
        for handle in ("slow", "other"):
            pages.append((await slow(rig, handle))[0])
            pids.add(pid_of(rig))
        assert len(pids) == 2
        async with asyncio.timeout(4):
            await rig.prober.close()
            assert all(isinstance(each.outcome, FetchFailure) for each in await asyncio.gather(*pages))
        assert [pid for pid in pids if group_of(pid)] == []


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
