"""What `watcher run` has loaded once it watches: a library that this run does not use is memory for nothing."""

import subprocess
import sys
from pathlib import Path

# All of `watcher run` but the watching itself.
PROGRAM = """
import sys
from watcher.app import App
from watcher.cli import main
from watcher.settings import apart

async def run(*_):
    print(*(name for name in sys.argv.pop().split() if name in sys.modules), sep="\\n")

App.run, apart.LARGE = run, {large}
main(sys.argv[1:-1])
"""
READERS = ("pydantic", "pydantic_core", "watcher.settings.load")
OTHERS = ("aiosmtplib", "alembic", "apprise", "playwright", "slack_sdk", "sqlalchemy.dialects.postgresql")


def loaded(directory: Path, names: tuple[str, ...], *, large: int) -> list[str]:
    """Which of these a run has that watches one account, read in a process of its own from `large` bytes on."""
    (directory / "watchlist.yaml").write_text("accounts: [https://x.com/alice]\n")
    config = directory / "watcher.yaml"
    config.write_text("watchlist: watchlist.yaml\n")
    program = [sys.executable, "-c", PROGRAM.format(large=large), "run", "--config", str(config), " ".join(names)]
    return subprocess.run(program, capture_output=True, text=True, check=True, timeout=50).stdout.split()


def test_a_run_holds_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    """Neither the libraries of channels that nobody has, nor what another process reads the configuration with."""
    assert loaded(tmp_path, (*READERS, *OTHERS, "watcher.settings.apart"), large=0) == ["watcher.settings.apart"]


def test_a_small_configuration_is_read_by_the_run_itself(tmp_path: Path) -> None:
    """The readers are found where they are: what is not in the list above is not missed for a wrong name."""
    assert loaded(tmp_path, READERS, large=300_000) == list(READERS)
