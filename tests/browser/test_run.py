"""`watcher run` with pages that only a browser shows: what it says, and what it leaves behind."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.processes import below, running
from tests.browser.rig import PNG, needs_chromium
from tests.fakes.chirp import HOST, PHRASES, PLATFORM, Chirp
from tests.process.command import Watcher, until, watcher

pytestmark = [needs_chromium, pytest.mark.timeout(90)]


@pytest.fixture
async def chirp(tmp_path: Path) -> AsyncIterator[Chirp]:
    """The platform."""
    async with Chirp(tmp_path) as chirp:
        yield chirp


def configure(directory: Path, chirp: Chirp) -> Path:
    """A configuration that watches one account there, in a hurry."""
    (directory / "platforms/phrases").mkdir(parents=True)
    (directory / "platforms/chirp.yaml").write_text(PLATFORM, "utf-8")
    (directory / "platforms/phrases/chirp.yaml").write_text(PHRASES, "utf-8")
    (directory / "watchlist.yaml").write_text(
        "defaults: {interval: 1s, confirm: {threshold: 2, interval: 1s}, recover: {threshold: 2, interval: 1s}}\n"
        "accounts: [https://chirp.example/alice]\n",
        "utf-8",
    )
    (directory / "watcher.yaml").write_text(
        'state_dir: state\ncontact: test@watcher.example\nweb: {listen: "127.0.0.1:0"}\n'
        "probe:\n  allow_private: [127.0.0.0/8]\n"
        f'  connect_to: {{{HOST}: "127.0.0.1:{chirp.port}"}}\n  ca_file: {chirp.ca_file}\n',
        "utf-8",
    )
    return directory / "watcher.yaml"


async def test_gone_and_back_on_a_page_that_needs_scripts(tmp_path: Path, chirp: Chirp) -> None:
    """The page is a shell, so the browser is asked: present, gone in French, back; a picture is among the evidence."""
    config = configure(tmp_path / "config", chirp)
    async with Watcher("run", "--config", config) as watching:
        seen = await watching.logged("AccountFirstSeen")
        assert (seen["source"], seen["rule"]) == ("browser", "rendered")
        chirp.gone.add("alice")
        opened = await watching.logged("OutageOpened")
        assert (opened["source"], opened["reason"]) == ("browser", "not_found")
        assert opened["quote"] == "Désolé, cette page n’existe pas"
        chirp.gone.clear()
        await watching.logged("OutageClosed")
        # Its own controls have shown that the page is a shell for everybody.
        chirp.documents.clear()
        await until(lambda: chirp.documents.count(("browser", "alice")) >= 4)
        assert ("page", "alice") not in chirp.documents
        left = below(watching.pid)
        assert len(left) > 3
        watching.stop()
        ended = await watching.ended(within=15)
    assert ended.status == 0
    assert running(left) == []
    assert not [line for line in ended.err.splitlines() if '"level": "error"' in line]
    proof = tmp_path / "proof"
    exported = await watcher("evidence", "export", opened["outage"], proof, "--config", config)
    assert exported.status == 0, exported.err
    pictures = list(proof.rglob("*screenshot.png"))
    assert pictures, "what visitors saw when it was called gone"
    assert all(picture.read_bytes().startswith(PNG) for picture in pictures)
    verified = await watcher("evidence", "verify", proof, "--config", config)
    assert verified.status == 0, verified.out


async def test_a_kill_leaves_no_browser(tmp_path: Path, chirp: Chirp) -> None:
    """A kill -9 of watcher, in the middle of pages: its browser ends by itself."""
    config = configure(tmp_path / "config", chirp)
    async with Watcher("run", "--config", config) as watching:
        await watching.logged("AccountFirstSeen")
        left = below(watching.pid)
        assert len(left) > 3
        watching.stop(signal.SIGKILL)
        await watching.ended()
        await until(lambda: running(left) == [])
