"""What only the SQLite store can show of amending, pruning and forgetting: beside a run, down to the bytes."""

import gzip
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from tests.unit.store.samples import (
    PAGE,
    PAGE_HASH,
    T0,
    account,
    after,
    closed,
    opening,
    outage,
)
from tests.unit.store.samples import (
    closing as ending,
)
from watcher.model.account import Account
from watcher.model.annotation import Annotation
from watcher.model.errors import StoreError
from watcher.store import sql_forget
from watcher.store.engine import DATABASE
from watcher.store.evidence import EvidenceShelf
from watcher.store.sql import SqlStore
from watcher.store.values import Amended, Body, Commit, Cutoffs, Forgotten

SHORT = timedelta(milliseconds=40)
OUTAGE = outage()


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """Where the run keeps its state."""
    return tmp_path / "state"


@pytest.fixture
def run(state_dir: Path) -> Iterator[SqlStore]:
    """The store of a run, with an outage that is over and one that is not."""
    made = SqlStore(state_dir, patience=SHORT)
    made.open()
    made.watch([account("potus"), account("realdonaldtrump")], T0)
    made.commit(opening(OUTAGE))
    made.commit(ending(OUTAGE))
    made.commit(replace(opening(outage("realdonaldtrump", seconds=2000)), bodies=()))
    yield made
    made.close()


@pytest.fixture
def beside(run: SqlStore, state_dir: Path) -> Iterator[SqlStore]:
    """The store as the command line opens it, while the run has it."""
    del run
    made = SqlStore(state_dir, amends=True, patience=SHORT)
    made.open()
    yield made
    made.close()


def files(state_dir: Path) -> list[str]:
    """The pages on the disk."""
    return sorted(path.name for path in (state_dir / "evidence").rglob("*") if path.is_file())


def rows(state_dir: Path, table: str) -> int:
    """How many rows a table has."""
    with closing(sqlite3.connect(state_dir / DATABASE)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_the_record_is_amended_beside_a_run(run: SqlStore, beside: SqlStore) -> None:
    """Both write in turn; each sees what the other wrote, and the chain is one."""
    note = Annotation(outage_id=OUTAGE.id, at=after(900), by="desk", cause="a departing employee")
    assert beside.annotate(note, tell=True) is Amended.DONE
    run.commit(ending(outage("realdonaldtrump", seconds=2000), 2660))
    assert beside.retract(OUTAGE.id, "a test", by="desk", at=after(3000)) is Amended.DONE
    run.commit(opening(outage(number=2, seconds=4000)))
    assert run.outages(account_id="x:potus")[1].is_retracted
    assert [each.cause for each in run.annotations([OUTAGE.id])[OUTAGE.id]] == ["a departing employee"]
    assert run.verify_chain() is None


def test_who_amends_makes_and_migrates_nothing(state_dir: Path, run: SqlStore) -> None:
    """No file: has it run yet? An older schema: start `watcher run` once."""
    elsewhere = state_dir.parent / "elsewhere"
    with pytest.raises(StoreError, match="has watcher run yet"):
        SqlStore(elsewhere, amends=True).open()
    assert not elsewhere.exists()
    run.close()
    with closing(sqlite3.connect(state_dir / DATABASE)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StoreError, match="older watcher: start `watcher run` once"):
        SqlStore(state_dir, amends=True).open()


def test_whether_somebody_runs(run: SqlStore, beside: SqlStore, state_dir: Path) -> None:
    """While nobody does, whoever asked has the directory for itself until it closes."""
    assert not beside.is_alone()
    run.close()
    assert beside.is_alone()
    with pytest.raises(StoreError, match="is in use by another watcher"):
        SqlStore(state_dir).open()
    beside.close()
    run.open()


def bytes_of(state_dir: Path) -> bytes:
    """All that is in the files of the state directory."""
    return b"".join(path.read_bytes() for path in sorted(state_dir.rglob("*")) if path.is_file())


def test_forgotten_bytes_are_gone_from_the_files(run: SqlStore, beside: SqlStore, state_dir: Path) -> None:
    """Beside a run that goes on writing, and also what was left of rows that had been changed long before."""
    with closing(sqlite3.connect(state_dir / DATABASE)) as old:
        # As an earlier version did it, that left in the file what it deleted.
        old.execute("PRAGMA secure_delete = OFF")
        with old:
            old.execute("UPDATE account SET url = 'https://x.com/SECRETPOTUS' WHERE id = 'x:potus'")
            old.execute("UPDATE account SET url = 'x' WHERE id = 'x:potus'")
    assert b"potus" in bytes_of(state_dir).lower()
    run.watch([account("realdonaldtrump")], after(4000))
    assert beside.forget("x:potus") is Forgotten.DONE
    run.heartbeat(after(4001))
    assert beside.scrub()
    left = bytes_of(state_dir).lower()
    assert b"potus" not in left
    assert b"realdonaldtrump" in left
    run.commit(ending(outage("realdonaldtrump", seconds=2000), 5000))
    assert run.verify_chain() is None


def with_controls(of: Account) -> Commit:
    """The opening of an outage, with what controls said beside it."""
    said = json.dumps({"platform": of.platform, "positive": [], "negative": [], "beside": of.id}).encode()
    look = f"a look at {of.id}".encode()
    whole = sha256(look).hexdigest()
    bodies = (
        Body(sha256=sha256(said).hexdigest(), content=said, role="controls", bundle=whole),
        Body(sha256=whole, content=look, role="bundle", bundle=whole),
    )
    opened = opening(replace(outage(of.handle), account_id=of.id))
    return replace(opened, transitions=(replace(opened.transitions[0], detail={"bundle": whole}),), bodies=bodies)


def flipped(packed: bytes) -> bytes:
    """With a byte of the content changed, so that its sum is wrong."""
    return bytes((*packed[:-9], packed[-9] ^ 0xFF, *packed[-8:]))


@pytest.mark.parametrize(
    "damage",
    [flipped, lambda packed: packed[:20], lambda packed: packed[:10] + b"\xff" * 6, lambda _: gzip.compress(b"{}")],
    ids=["flipped", "cut short", "no deflate", "other content"],
)
def test_what_is_damaged_keeps_nobody_from_being_forgotten(
    run: SqlStore, state_dir: Path, damage: Callable[[bytes], bytes]
) -> None:
    """It goes, since it may name the account; that of another platform cannot, and stays."""
    others = (account("nasa"), replace(account("octocat"), id="github:octocat", platform="github"))
    run.watch([account("realdonaldtrump"), *others], after(4000))
    commits = [with_controls(other) for other in others]
    digests = [commit.bodies[0].sha256 for commit in commits]
    for commit in commits:
        run.commit(commit)
    with closing(sqlite3.connect(state_dir / DATABASE)) as connection, connection:
        for digest in digests:
            [packed] = connection.execute("SELECT content FROM evidence WHERE sha256 = ?", (digest,)).fetchone()
            connection.execute("UPDATE evidence SET content = ? WHERE sha256 = ?", (damage(packed), digest))
    assert run.forget("x:potus") is Forgotten.DONE
    assert run.body(digests[0]) is None
    with pytest.raises(StoreError, match="is damaged"):
        run.body(digests[1])
    assert run.verify_chain() is None


def test_scrub_says_when_others_are_in_the_way(run: SqlStore, beside: SqlStore) -> None:
    """A reader that stays for too long keeps the old pages in the log."""
    with run._reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM account").all()
        assert not beside.scrub()
    assert beside.scrub()


def test_dying_between_row_and_file_leaves_no_trace_for_long(
    run: SqlStore, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file without a row is swept by the next round; no row is ever without its file."""

    def die(_self: EvidenceShelf, _digests: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(EvidenceShelf, "remove", die)
        with pytest.raises(KeyboardInterrupt):
            run.prune(Cutoffs(evidence=T0 + timedelta(days=30)), 100)
    assert (rows(state_dir, "evidence"), files(state_dir)) == (0, [f"{PAGE_HASH}.gz"])
    assert run.prune(Cutoffs(), 100) == 1
    assert files(state_dir) == []
    assert run.prune(Cutoffs(), 100) == 0


def test_sweep_takes_what_nobody_names(run: SqlStore, state_dir: Path) -> None:
    """What is left of writes that never ended; the pages that are named stay."""
    for name in (f"{'0' * 64}.gz", f"{PAGE_HASH}.tmp"):
        (state_dir / "evidence" / PAGE_HASH[:2] / name).write_bytes(b"half")
    run.prune(Cutoffs(), 100)
    assert files(state_dir) == [f"{PAGE_HASH}.gz"]
    assert run.body(PAGE_HASH) == PAGE


def test_same_page_kept_while_it_is_removed_is_there_in_the_end(
    run: SqlStore, beside: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the row that goes and the file that goes, the run may not come to rest on that file."""
    run._patience = timedelta(seconds=20)
    removing, committed = threading.Event(), threading.Event()
    remove = EvidenceShelf.remove

    def slowly(self: EvidenceShelf, digests: list[str]) -> None:
        removing.set()
        assert not committed.wait(0.2)
        remove(self, digests)

    monkeypatch.setattr(EvidenceShelf, "remove", slowly)

    def commit() -> None:
        assert removing.wait(10)
        run.commit(opening(outage(number=2, seconds=4000)))
        committed.set()

    other = threading.Thread(target=commit)
    other.start()
    beside.prune(Cutoffs(evidence=after(3000)), 100)
    other.join()
    assert run.body(PAGE_HASH) == PAGE


def test_pages_stay_while_they_are_copied(run: SqlStore, state_dir: Path) -> None:
    """The chore passes them by until the next time; who forgets is told to wait."""
    shelf = EvidenceShelf(state_dir / "evidence")
    with shelf.held(removing=False, patience=SHORT):
        assert run.prune(Cutoffs(evidence=T0 + timedelta(days=30)), 100) == 0
        run.commit(Commit(bodies=(Body(sha256=sha256(b"more").hexdigest(), content=b"more"),)))
        with pytest.raises(StoreError, match="is being made: try again"):
            run.forget("x:potus", even_watched=True)
    assert run.prune(Cutoffs(evidence=T0 + timedelta(days=30)), 100) == 1


def test_commit_waits_for_who_forgets(run: SqlStore, state_dir: Path) -> None:
    """For as long as its patience; then it fails, and the worker tries again."""
    later = opening(outage(number=2, seconds=4000))
    with EvidenceShelf(state_dir / "evidence").held(removing=True, patience=SHORT):
        with pytest.raises(StoreError, match="tried again"):
            run.commit(later)
        run.commit(replace(later, bodies=()))
    run.commit(later)
    assert run.body(PAGE_HASH) == PAGE


def test_died_while_forgetting_leaves_all(run: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction: an account is forgotten whole, or not at all."""
    before = run.outages(), run.transitions()
    with monkeypatch.context() as patched:
        patched.setattr(sql_forget, "_erase_from_controls", _fail)
        with pytest.raises(StoreError, match="No space"):
            run.forget("x:potus", even_watched=True)
    assert (run.outages(), run.transitions()) == before
    assert run.body(PAGE_HASH) == PAGE


def _fail(*_args: object) -> None:
    raise OSError(28, "No space left on device")


def test_forgotten_links_are_no_loophole(run: SqlStore, state_dir: Path) -> None:
    """A transition that was changed afterwards is still found behind forgotten ones."""
    run.watch([account("realdonaldtrump")], after(4000))
    run.forget("x:potus")
    run.commit(ending(outage("realdonaldtrump", seconds=2000), 5000))
    assert run.verify_chain() is None
    with closing(sqlite3.connect(state_dir / DATABASE)) as connection, connection:
        assert connection.execute("SELECT seq FROM forgotten ORDER BY seq").fetchall() == [(1,), (2,)]
        connection.execute("UPDATE transition SET at = at + 1 WHERE seq = 3")
    assert run.verify_chain() == 3


def test_closed_outage_counts_as_before_a_migration(run: SqlStore) -> None:
    """Nothing is retracted unless somebody does it."""
    assert run.outages(account_id="x:potus") == (closed(OUTAGE, 660),)
