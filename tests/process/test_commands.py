"""Commands that end by themselves, as processes: what they print where, and their status."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.newsroom import CONTROLS, configure
from tests.process.command import watcher
from watcher import __version__
from watcher.cli import main
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform

# Python imports it as sitecustomize before anything else.
SILENT = """
import socket, threading
socket.getaddrinfo = lambda *_, **__: threading.Event().wait()
"""


@pytest.mark.parametrize("command", [(), *((name,) for name in main.commands)])
async def test_help(command: tuple[str, ...]) -> None:
    """Every command says what it does."""
    ended = await watcher(*command, "--help")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(" ".join(("Usage: python -m watcher", *command)))


async def test_version() -> None:
    """That of the package, on standard output."""
    ended = await watcher("version")
    assert (ended.status, ended.out, ended.err) == (0, f"watcher {__version__}\n", "")


async def test_check_of_a_good_configuration(tmp_path: Path) -> None:
    """A summary on standard output, nothing on standard error."""
    ended = await watcher("check", "--config", configure(tmp_path))
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.endswith("2 accounts on 1 platform; none cannot alert\n")


async def test_check_of_a_faulty_one(tmp_path: Path) -> None:
    """Every fault with its place on standard error, nothing on standard output."""
    config = configure(
        tmp_path, watchlist="owners:\n  - a\naccounts:\n  - url: https://x.com/POTUS\n    intervall: 5s\n"
    )
    ended = await watcher("check", "--config", config)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.splitlines() == [
        f"{tmp_path}/watchlist.yaml:2:3: owners: must be a mapping, not a list",
        f"{tmp_path}/watchlist.yaml:5:5: accounts[0].intervall: unknown key; did you mean 'interval'?",
    ]


async def test_check_that_calibrates(tmp_path: Path, platform: ScriptedPlatform) -> None:
    """It says what this machine sees, as text and as data; only a strict check fails where nothing is seen."""
    config = configure(tmp_path / "config", platform)
    ended = await watcher("check", "--calibrate", "--strict", "--config", config)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("X: sees profile, not_found")
    platform.set_all(Page.LOGIN_WALL)
    ended = await watcher("check", "--calibrate", "--config", config)
    assert ended.status == 0
    assert ended.out.startswith("X: blind from here: ")
    ended = await watcher("check", "--calibrate", "--strict", "--json", "--config", config)
    said = json.loads(ended.out)
    assert (ended.status, said["ok"]) == (1, False)
    assert [each["health"] for each in said["calibration"]] == ["blind"]


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[ScriptedPlatform]:
    """x.com: the controls and @POTUS are there, @realDonaldTrump is not."""
    async with ScriptedPlatform(SystemClock(), tmp_path) as platform:
        for handle in (*CONTROLS, "POTUS"):
            platform.set(handle, Page.PRESENT)
        platform.set("realDonaldTrump", Page.MISSING_FR)
        yield platform


async def test_probe(platform: ScriptedPlatform, tmp_path: Path) -> None:
    """0 for an account that is there, 1 for one that is not, 3 where a wall hides which; the same as data."""
    config = configure(tmp_path / "config", platform)
    there, gone = await asyncio.gather(
        watcher("probe", "x:potus", "--config", config),
        watcher("probe", "https://x.com/realDonaldTrump", "--explain", "--config", config),
    )
    assert there.status == 0
    assert there.out.startswith("@POTUS on X: PRESENT, profile")
    assert gone.status == 1
    assert "ABSENT, not_found (shown by source 'page'): «Désolé, cette page n'existe pas» (French)" in gone.out
    assert gone.out.endswith("  admits it: a positive control was present after the answer\n")
    platform.set_all(Page.LOGIN_WALL)
    walled = await watcher("probe", "x:potus", "--json", "--config", config)
    assert walled.status == 3
    assert json.loads(walled.out)["reason"] == "login_wall"


async def test_a_silent_name_server_keeps_no_command_from_ending(tmp_path: Path) -> None:
    """The answer is there after the time-out, and so is the end: nobody waits for names that nobody asks about."""
    (tmp_path / "sitecustomize.py").write_text(SILENT, "utf-8")
    config = tmp_path / "watcher.yaml"
    config.write_text("contact: a@b.example\nprobe: {timeout: 1s}\nplatforms: {x: {robots: override}}\n", "utf-8")
    (tmp_path / "watchlist.yaml").write_text("accounts: [{url: https://x.com/POTUS}]\n", "utf-8")
    ended = await watcher("probe", "x:potus", "--config", config, env={"PYTHONPATH": str(tmp_path)})
    assert (ended.status, ended.err) == (3, "")
    assert ended.out.startswith("@POTUS on X: INCONCLUSIVE, timeout")


async def test_run_is_refused_on_a_faulty_configuration(tmp_path: Path) -> None:
    """1, with the same faults as check."""
    config = configure(tmp_path, watchlist="accounts: []\n")
    ended = await watcher("run", "--config", config)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == (await watcher("check", "--config", config)).err


async def test_run_is_refused_on_a_lost_store(tmp_path: Path) -> None:
    """2: a file that is no database of ours is left alone."""
    config = configure(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "watcher.db").write_text("Dear diary, " * 100)
    ended = await watcher("run", "--config", config)
    assert (ended.status, ended.out) == (2, "")
    assert "watcher.db is not a database of watcher: move the file away, or set another state_dir" in ended.err
    assert (tmp_path / "state" / "watcher.db").read_text().startswith("Dear diary")


async def test_run_is_refused_on_a_taken_port(tmp_path: Path) -> None:
    """1, and which setting to change."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = await watcher("run", "--config", configure(tmp_path, port=port))
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == (
        f"watcher: 127.0.0.1:{port} is in use by another program: stop that, or change web.listen in watcher.yaml\n"
    )
