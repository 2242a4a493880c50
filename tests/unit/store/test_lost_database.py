"""A database that was lost or moved away while its pages stay: they are there when it comes back."""

import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
import structlog.testing

from tests.unit.store.samples import PAGE, PAGE_HASH, T0, account, after, closing, opening, outage
from watcher.store.backup import copy_state
from watcher.store.engine import DATABASE
from watcher.store.sql import SqlStore
from watcher.store.values import Cutoffs, Forgotten

NOTHING_IS_OLD = Cutoffs(samples=T0, deliveries=T0, evidence=T0, outages=None)
AN_HOUR = 3600


@contextmanager
def run(state_dir: Path) -> Iterator[SqlStore]:
    """The store of a run that watches @POTUS."""
    store = SqlStore(state_dir)
    store.open()
    store.watch([account("potus")], T0)
    yield store
    store.close()


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """That of a run which ended an hour ago, with a page."""
    with run(tmp_path / "state") as store:
        store.commit(opening(outage()))
    page = page_of(tmp_path / "state")
    written = page.stat().st_mtime - AN_HOUR
    os.utime(page, (written, written))
    return tmp_path / "state"


def page_of(state_dir: Path) -> Path:
    """Where the page lies."""
    return state_dir / "evidence" / PAGE_HASH[:2] / f"{PAGE_HASH}.gz"


def stray(state_dir: Path, content: bytes, suffix: str = ".gz") -> Path:
    """What somebody who dies before the row leaves of a page."""
    digest = sha256(content).hexdigest()
    path = state_dir / "evidence" / digest[:2] / f"{digest}{suffix}"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(content))
    return path


def moved_away(database: Path) -> None:
    """As the message about a damaged database says."""
    database.rename(database.with_name("damaged.db"))


def cut_to_nothing(database: Path) -> None:
    """As a full disk or a slip of the hand leaves it."""
    os.truncate(database, 0)


@pytest.mark.parametrize("lost", [moved_away, cut_to_nothing])
def test_pages_stay_until_the_database_is_back(state_dir: Path, tmp_path: Path, lost: Callable[[Path], None]) -> None:
    """However often the new one is pruned; its start says what to do, and its next start nothing more."""
    copy_state(state_dir, tmp_path / "backup")
    lost(state_dir / DATABASE)
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            with run(state_dir) as store:
                assert store.prune(NOTHING_IS_OLD, 100) == 0
    (line,) = logs
    assert (line["log_level"], line["pages"], line["path"]) == ("warning", 1, str(state_dir / "evidence"))
    assert "put a backup of the database in its place" in line["event"]
    (tmp_path / "backup" / DATABASE).replace(state_dir / DATABASE)
    with run(state_dir) as store:
        assert store.prune(NOTHING_IS_OLD, 100) == 0
        assert store.body(PAGE_HASH) == PAGE


def test_what_the_new_database_leaves_is_swept_all_the_same(state_dir: Path) -> None:
    """And what never became a page, whoever left it."""
    torn = stray(state_dir, b"torn", ".tmp")
    os.utime(torn, (0, 0))
    moved_away(state_dir / DATABASE)
    with run(state_dir) as store:
        unnamed = stray(state_dir, b"nobody names it")
        assert store.prune(NOTHING_IS_OLD, 100) == 2
    assert not torn.exists()
    assert not unnamed.exists()
    assert page_of(state_dir).exists()


def test_who_is_forgotten_leaves_no_page_that_the_new_database_names(state_dir: Path) -> None:
    """Though it was there before; nor what a forgetting that was killed left behind."""
    moved_away(state_dir / DATABASE)
    with run(state_dir) as store:
        store.commit(opening(outage()))
        store.commit(closing(outage()))
        store.watch([], after(800))
        left = stray(state_dir, b"its rows are gone")
        assert store.forget("x:potus") is Forgotten.DONE
    assert not page_of(state_dir).exists()
    assert not left.exists()


def test_first_start_says_nothing_of_pages(tmp_path: Path) -> None:
    """Nor does one beside a folder in which there is none."""
    (tmp_path / "evidence").mkdir()
    with structlog.testing.capture_logs() as logs, run(tmp_path):
        pass
    assert logs == []
