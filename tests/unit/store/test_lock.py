"""Two watchers on one state directory: the second is refused, and told by whom."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from watcher.model.errors import StoreError
from watcher.store.engine import DATABASE
from watcher.store.lock import LOCK, WriterLock
from watcher.store.sql import SqlStore

ROOT = Path(__file__).parents[3]


def test_second_writer_is_refused_while_the_first_is_open(tmp_path: Path) -> None:
    """It names the holder and says what to do; once that one is closed, the state is free."""
    first, second = SqlStore(tmp_path), SqlStore(tmp_path)
    first.open()
    expected = (
        rf"{tmp_path} is in use by another watcher \(pid {os.getpid()}\): stop that one, or set another state_dir"
    )
    with pytest.raises(StoreError, match=expected):
        second.open()
    first.close()
    second.open()
    second.close()


def test_readers_need_no_lock(tmp_path: Path) -> None:
    """What a writer holds can be read, and a reader keeps no writer out."""
    writer, reader = SqlStore(tmp_path), SqlStore(tmp_path, read_only=True)
    writer.open()
    reader.open()
    writer.close()
    writer.open()
    assert reader.outages() == ()
    writer.close()
    reader.close()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    """The lock dies with its process: nothing has to be cleaned up after kill -9."""
    command = [sys.executable, "-m", "tests.unit.store.committer", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        with pytest.raises(StoreError, match=rf"\(pid {process.pid}\)"):
            SqlStore(tmp_path).open()
        process.kill()
    store = SqlStore(tmp_path)
    store.open()
    assert store.outages()
    store.close()


def test_a_failed_open_leaves_the_lock_free(tmp_path: Path) -> None:
    """A database that cannot be opened keeps nobody out once it is mended."""
    (tmp_path / DATABASE).write_text("Dear diary, " * 100)
    with pytest.raises(StoreError, match="is not a database of watcher"):
        SqlStore(tmp_path).open()
    (tmp_path / DATABASE).unlink()
    store = SqlStore(tmp_path)
    store.open()
    store.close()


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A directory in its place."""
    (tmp_path / LOCK).mkdir()
    with pytest.raises(StoreError, match=r"lock: Is a directory: check the state_dir"):
        SqlStore(tmp_path).open()


def test_a_holder_that_left_no_name_is_told_all_the_same(tmp_path: Path) -> None:
    """The moment between taking the lock and writing the pid."""
    holder = WriterLock(tmp_path)
    holder.take()
    (tmp_path / LOCK).write_text("")
    with pytest.raises(StoreError, match="is in use by another watcher: stop that one"):
        WriterLock(tmp_path).take()
    holder.release()
    holder.release()


def test_a_disk_that_cannot_lock_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems: the error is the disk's, and no lock is pretended."""

    def fail(_file: int, _operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", fail)
    with pytest.raises(StoreError, match="No locks available: check the state_dir"):
        SqlStore(tmp_path).open()


@pytest.mark.parametrize("anew", [False, True], ids=["removed", "replaced"])
def test_a_directory_that_is_moved_away_takes_nothing(tmp_path: Path, *, anew: bool) -> None:
    """What is written there nobody would find again, and another watcher could begin: until it is put back it fails."""
    state = tmp_path / "state"
    state.mkdir()
    store = SqlStore(state)
    store.open()
    store.heartbeat(datetime(2017, 11, 2, tzinfo=UTC))
    state.rename(tmp_path / "away")
    if anew:
        state.mkdir()
        (state / LOCK).touch()
    with pytest.raises(StoreError, match="was moved or removed while it was in use: put it back"):
        store.heartbeat(datetime(2017, 11, 3, tzinfo=UTC))
    if anew:
        (state / LOCK).unlink()
        state.rmdir()
    (tmp_path / "away").rename(state)
    store.heartbeat(datetime(2017, 11, 4, tzinfo=UTC))
    assert store.load().heartbeat_at == datetime(2017, 11, 4, tzinfo=UTC)
    store.close()
