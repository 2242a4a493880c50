"""Files edited while `watcher run` runs: noticed by themselves, on SIGHUP, and by `watcher reload`."""

import signal
import socket
from pathlib import Path

from tests.fakes.newsroom import WATCHLIST, configure
from tests.process.command import Watcher, get, watcher

MORE = WATCHLIST + "  - https://x.com/NASA\n"
FEWER = "accounts: [https://x.com/POTUS]\n"
FAULTY = MORE + "  - {url: https://x.com/un, intervall: 1m}\n"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_an_edit_is_taken_up_by_itself(tmp_path: Path) -> None:
    """A faulty one changes nothing and is said with its place; the next good one is taken."""
    config = configure(tmp_path)
    async with Watcher("run", "--config", config) as running:
        url = await running.url()
        (tmp_path / "watchlist.yaml").write_text(FAULTY)
        refused = await running.logged("configuration_refused")
        assert "watchlist.yaml:7:29: accounts[3].intervall: unknown key" in refused["said"]
        assert "watcher_config_last_reload_successful 0.0" in (await get(f"{url}metrics"))[1]
        (tmp_path / "watchlist.yaml").write_text(MORE)
        reloaded = await running.logged("configuration_reloaded")
        assert (reloaded["added"], reloaded["removed"], reloaded["changed"]) == (1, 0, 0)
        assert "x:nasa" in (await get(f"{url}api/v1/accounts"))[1]
        running.stop()
        assert (await running.ended(within=10)).status == 0


async def test_a_hang_up_means_now(tmp_path: Path) -> None:
    """SIGHUP does not end it: it reads its files, also when nothing has changed."""
    config = configure(tmp_path)
    async with Watcher("run", "--config", config) as running:
        await running.url()
        for added in (1, 0):
            (tmp_path / "watchlist.yaml").write_text(MORE)
            running.stop(signal.SIGHUP)
            assert (await running.logged("configuration_reloaded"))["added"] == added
        running.stop()
        assert (await running.ended(within=10)).status == 0


async def test_by_command_and_by_force(tmp_path: Path) -> None:
    """It says what came of it; a list that takes away too much is taken by force only; 2 when nobody answers."""
    config = configure(tmp_path, watchlist=MORE, port=free_port())
    alone = await watcher("reload", "--config", config)
    assert (alone.status, alone.out) == (2, "")
    assert "no watcher answers at http://127.0.0.1:" in alone.err
    async with Watcher("run", "--config", config) as running:
        url = await running.url()
        assert (await watcher("reload", "--config", config)).out == "reloaded: 0 added, 0 removed, 0 changed\n"
        (tmp_path / "watchlist.yaml").write_text(FEWER)
        refused = await watcher("reload", "--config", config)
        assert (refused.status, refused.out) == (1, "")
        assert refused.err.startswith("the changed watchlist removes 2 of 3 accounts\n")
        assert "x:nasa" in (await get(f"{url}metrics"))[1]
        forced = await watcher("reload", "--force", "--config", config)
        assert (forced.status, forced.out) == (0, "reloaded: 0 added, 2 removed, 1 changed\n")
        assert "x:nasa" not in (await get(f"{url}metrics"))[1]
