"""kill -9 in the middle of commits: what was acknowledged is there, what was not is whole or absent."""

import subprocess
import sys
from pathlib import Path

from tests.unit.store.committer import numbered
from watcher.store.sql import SqlStore

ROOT = Path(__file__).parents[3]


def _killed_after(state_dir: Path, acknowledged: int) -> int:
    """Let a process commit, kill it after so many acknowledgements; the number of the last one."""
    command = [sys.executable, "-m", "tests.unit.store.committer", str(state_dir)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(acknowledged):
            assert process.stdout.readline()
        process.kill()
        rest = [line for line in process.stdout if line.endswith("\n")]
    assert process.returncode == -9
    return int(rest[-1]) if rest else -1


def test_acknowledged_commits_survive_a_kill(tmp_path: Path) -> None:
    """Three times in a row, each going on from what the one before left."""
    for acknowledged in (20, 33, 47):
        last = _killed_after(tmp_path, acknowledged)
        store = SqlStore(tmp_path)
        store.open()
        states = store.load().states
        assert len(states) >= max(last, acknowledged)
        for n in range(len(states)):
            commit = numbered(n)
            (state,) = commit.states
            assert states[state.account_id] == state
            assert store.body(commit.bodies[0].sha256) == commit.bodies[0].content
            record = store.incident(commit.opened[0].id)
            assert record is not None
            assert len(record.notifications) == 1
        assert len(store.transitions(limit=100_000)) == len(store.outages(limit=100_000)) == len(states)
        assert store.verify_chain() is None
        store.close()
