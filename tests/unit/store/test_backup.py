"""Backups: complete, checked, private; and said plainly where that cannot be."""

import gzip
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from tests.unit.store.samples import PAGE, PAGE_HASH, T0, account, after, opening, outage
from tests.unit.store.samples import closing as ending
from watcher.model.errors import StoreError
from watcher.store.backup import copy_state
from watcher.store.engine import DATABASE
from watcher.store.sql import SqlStore
from watcher.store.values import Body, Commit, Copied

OUTAGE = outage()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[SqlStore]:
    """The store of a run in the middle of an outage."""
    made = SqlStore(tmp_path / "state")
    made.open()
    made.watch([account("potus"), account("realdonaldtrump")], T0)
    made.commit(opening(OUTAGE))
    yield made
    made.close()


@pytest.mark.usefixtures("run")
def test_backup_is_a_state_directory(tmp_path: Path, run: SqlStore) -> None:
    """Everything is in it, readable by the owner alone; and a run can go on from it."""
    copied = copy_state(tmp_path / "state", tmp_path / "a" / "copy")
    copy = tmp_path / "a" / "copy"
    assert copied == Copied(outages=1, pages=1, bytes=copied.bytes)
    assert copied.bytes > 0
    assert sorted(path.name for path in copy.iterdir()) == ["evidence", DATABASE]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in copy.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert stat.S_IMODE(copy.stat().st_mode) == 0o700
    with closing(SqlStore(copy)) as restored:
        restored.open()
        assert restored.load() == run.load()
        assert restored.transitions() == run.transitions()
        assert restored.incident(OUTAGE.id) == run.incident(OUTAGE.id)
        assert restored.body(PAGE_HASH) == PAGE
        restored.commit(ending(OUTAGE))
        assert restored.verify_chain() is None
    assert run.outages() == (OUTAGE,)


def test_backup_of_what_is_being_written(tmp_path: Path, run: SqlStore) -> None:
    """Whatever instant it catches, it is a sound one, with every page that it names."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            one = outage("realdonaldtrump", number, seconds=10 * number)
            run.commit(opening(one))
            run.commit(ending(one, 10 * number + 5))
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [copy_state(tmp_path / "state", tmp_path / f"copy-{number}") for number in range(3)]
    finally:
        stop.set()
        writer.join()
    assert [copied.lost for copied in copies] == [()] * 3
    assert [copied.changed for copied in copies] == [None] * 3
    assert copies[0].outages <= copies[1].outages <= copies[2].outages
    assert len(run.outages(limit=None)) >= copies[2].outages


@pytest.mark.usefixtures("run")
def test_backup_into_an_empty_folder(tmp_path: Path) -> None:
    """It may be there; what is in the way of others stays as it was."""
    (tmp_path / "copy").mkdir()
    copy_state(tmp_path / "state", tmp_path / "copy")
    with pytest.raises(StoreError, match=r"copy is not empty: name a folder that is empty or not there yet"):
        copy_state(tmp_path / "state", tmp_path / "copy")
    with pytest.raises(StoreError, match="not empty"):
        copy_state(tmp_path / "state", tmp_path / "state")


def test_backup_of_nothing(tmp_path: Path) -> None:
    """Nothing is made."""
    with pytest.raises(StoreError, match="has watcher run yet"):
        copy_state(tmp_path / "state", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_died_on_the_way_is_no_backup(tmp_path: Path, run: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its last step there is no watcher.db: nobody takes the half for the whole."""
    del run

    def die(_self: Path, _target: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", die)
    with pytest.raises(KeyboardInterrupt):
        copy_state(tmp_path / "state", tmp_path / "copy")
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == ["evidence", f"{DATABASE}.partial"]
    with pytest.raises(StoreError, match="no database at"):
        SqlStore(tmp_path / "copy", read_only=True).open()


def test_page_that_was_lost_before_is_told(tmp_path: Path, run: SqlStore) -> None:
    """Missing or damaged: the rest is copied all the same."""
    file = next((tmp_path / "state" / "evidence").rglob("*.gz"))
    file.write_bytes(gzip.compress(b"something else"))
    assert copy_state(tmp_path / "state", tmp_path / "first").lost == (PAGE_HASH,)
    file.unlink()
    copied = copy_state(tmp_path / "state", tmp_path / "second")
    assert (copied.outages, copied.pages, copied.lost) == (1, 0, (PAGE_HASH,))
    assert run.outages() == (OUTAGE,)


def test_bundle_that_was_damaged_before_is_told(tmp_path: Path, run: SqlStore) -> None:
    """So is what controls said: they are in the database, which is sound for all that. The rest is copied."""
    look, said = b"a look", b"what controls said"
    whole, controls = sha256(look).hexdigest(), sha256(said).hexdigest()
    bodies = (
        Body(sha256=controls, content=said, role="controls", bundle=whole),
        Body(sha256=whole, content=look, role="bundle", bundle=whole),
    )
    opened = opening(outage("realdonaldtrump"))
    named = replace(opened.transitions[0], detail={"bundle": whole})
    run.commit(replace(opened, transitions=(named,), bodies=(*opened.bodies, *bodies)))
    assert copy_state(tmp_path / "state", tmp_path / "sound").lost == ()
    with closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as connection, connection:
        connection.execute("UPDATE evidence SET content = substr(content, 1, 20) WHERE sha256 = ?", (whole,))
        connection.execute("UPDATE evidence SET content = ? WHERE sha256 = ?", (gzip.compress(b"other"), controls))
    copied = copy_state(tmp_path / "state", tmp_path / "copy")
    assert (copied.outages, copied.pages, copied.lost) == (2, 1, tuple(sorted((whole, controls))))


def test_record_that_was_changed_is_told(tmp_path: Path, run: SqlStore) -> None:
    """The copy is made, and says where the chain breaks."""
    run.commit(Commit(transitions=tuple(replace(item, at=after(30)) for item in opening(OUTAGE).transitions)))
    with closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as connection, connection:
        connection.execute("UPDATE transition SET at = at + 1 WHERE seq = 2")
    assert copy_state(tmp_path / "state", tmp_path / "copy").changed == 2


def test_damaged_database_is_no_backup(tmp_path: Path, run: SqlStore) -> None:
    """It says so, and leaves no watcher.db."""
    for number in range(200):
        run.commit(Commit(transitions=tuple(replace(t, at=after(30 + number)) for t in opening(OUTAGE).transitions)))
    run.close()
    with (tmp_path / "state" / DATABASE).open("r+b") as file:
        file.seek(4096 * 30)
        file.write(b"\xff" * 4096 * 5)
    with pytest.raises(StoreError, match="damaged"):
        copy_state(tmp_path / "state", tmp_path / "copy")
    assert not (tmp_path / "copy" / DATABASE).exists()


def test_backup_of_what_an_older_version_left(tmp_path: Path) -> None:
    """Before an upgrade is when one wants it most."""
    (tmp_path / "state").mkdir()
    dump = (Path(__file__).parent / "data/state-0001.sql").read_text("utf-8")
    with closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as connection:
        connection.executescript(dump)
    copied = copy_state(tmp_path / "state", tmp_path / "copy")
    assert (copied.outages, copied.changed, len(copied.lost)) == (1, None, 1)
