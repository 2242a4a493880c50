"""Evidence shown, handed out and checked beside a real `watcher run`; a backtest and a selftest; and forgetting."""

import asyncio
import gzip
import json
import signal
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from tests.fakes.newsroom import CONTROLS, configure
from tests.process.command import Watcher, watcher
from watcher.cli import main
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform

# Commands, and a run beside them.
pytestmark = pytest.mark.timeout(150)

POTUS = "x:potus"
NOT_POTUS = """\
defaults: {interval: 2s, confirm: {threshold: 2, interval: 1s}, recover: {threshold: 2, interval: 1s}}
accounts: [https://x.com/realDonaldTrump]
"""


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command says how it logs."""
    yield
    structlog.reset_defaults()


async def call(*arguments: str | Path) -> Result:
    """What a command does that only reads: in this process, since a new one takes a second to begin."""
    return await asyncio.to_thread(CliRunner().invoke, main, [str(argument) for argument in arguments])


async def ok(*arguments: str | Path) -> str:
    """What it says, if it ends well."""
    result = await call(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


async def test_evidence_beside_a_run(tmp_path: Path) -> None:
    """The hash that the alert shows leads to the bundle; the export holds, a byte changed does not; then all goes."""
    async with ScriptedPlatform(SystemClock(), tmp_path) as platform:
        for handle in (*CONTROLS, "POTUS", "realDonaldTrump"):
            platform.set(handle, Page.PRESENT)
        config = configure(tmp_path / "config", platform)
        async with Watcher("run", "--config", config) as running:
            for _ in range(2):
                await running.logged("AccountFirstSeen")
            platform.set("POTUS", Page.MISSING_FR)
            told = await running.logged("@POTUS is not available on X")
            facts = dict(fact.split(": ", 1) for fact in told["facts"].split("; "))
            alert = facts["Evidence hash"]
            await shown_and_exported(config, alert, tmp_path)
            platform.set("POTUS", Page.PRESENT)
            await running.logged("@POTUS is back on X after ")
            tested = json.loads(await ok("backtest", "--config", config, "--since", "1h", "--json"))
            # When, depends on how busy the machine was; that it was, does not.
            assert {each["kind"] for each in tested["differences"]} <= {"other_time", "other_end"}
            assert tested["share"] == 1.0
            assert "judged again: " in await ok("backtest", "--config", config)
            live = await ok("selftest", "x", "--config", config, "--live")
            assert "live      x/page: told apart (positive: " in live
            (tmp_path / "config" / "watchlist.yaml").write_text(NOT_POTUS)
            running.stop(signal.SIGHUP)
            await running.logged("configuration_reloaded")
            running.stop()
            assert (await running.ended(within=10)).status == 0
        assert (await watcher("forget", POTUS, "--config", config, "--yes")).status == 0
        unknown = await watcher("evidence", "list", "--config", config, "--account", POTUS, "--json")
        assert unknown.status == 1
        assert "every hash holds" in await ok("evidence", "verify", "1", "--config", config)
    assert b"potus" not in everything_in(tmp_path / "config/state").lower().replace(b"potus45", b"")


async def shown_and_exported(config: Path, alert: str, directory: Path) -> None:
    """By the digits of the alert, while the run goes on writing."""
    listed = json.loads(await ok("evidence", "list", "--config", config, "--account", POTUS, "--json"))
    assert [each["kind"] for each in listed] == ["OutageOpened", "AccountSuspected", "AccountFirstSeen"]
    shown = await ok("evidence", "show", alert, "--config", config)
    assert "it says    «Désolé, cette page n'existe pas» (French)" in shown
    assert f"hash       {alert}" in shown
    assert "\x1b" not in shown
    [opened] = json.loads(await ok("evidence", "show", alert, "--config", config, "--json"))
    assert opened["controls"]["gate"] == {"admitted": True, "why": None}
    outage = opened["document"]["outage"]["id"]
    assert "every hash holds" in await ok("evidence", "verify", outage, "--config", config, "--hash", alert)
    archive, folder = directory / "proof.zip", directory / "proof"
    await ok("evidence", "export", outage, archive, "--config", config)
    await ok("evidence", "export", outage, folder, "--config", config)
    again = await call("evidence", "export", outage, archive, "--config", config)
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    # An archive needs no configuration, and no watcher for its sums.
    assert "every hash holds" in await ok("evidence", "verify", archive, "--hash", alert)
    subprocess.run(["sha256sum", "--quiet", "-c", "MANIFEST"], cwd=folder, check=True)  # noqa: ASYNC221 - at once
    with zipfile.ZipFile(archive) as packed:
        pages = [name for name in packed.namelist() if name.endswith("-page.txt")]
        assert b"cette page n'existe pas" in packed.read(pages[0])
    page = folder / pages[0]
    page.write_bytes(page.read_bytes().replace(b"404", b"200").replace(b"existe", b"exista"))
    broken = await call("evidence", "verify", folder)
    assert (broken.exit_code, "it is not what it was" in broken.stdout) == (1, True)
    unknown = await call("evidence", "show", "0123456789ab", "--config", config)
    assert (unknown.exit_code, "nothing is known of '0123456789ab'" in unknown.stderr) == (1, True)


def everything_in(state: Path) -> bytes:
    """Every byte of the files, and what is packed in them."""
    found = [path.read_bytes() for path in state.rglob("*") if path.is_file()]
    found += [gzip.decompress(path.read_bytes()) for path in state.rglob("*.gz")]
    with sqlite3.connect(state / "watcher.db") as database:
        rows = database.execute("SELECT content FROM evidence WHERE content IS NOT NULL").fetchall()
    database.close()
    return b"".join((*found, *(gzip.decompress(row[0]) for row in rows)))
