"""Transitions packed for their rows, and databases of older versions packed at a start."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.store.samples import closing as ending
from tests.unit.store.samples import opening, outage
from watcher.store import packed
from watcher.store.codec import canonical, transition_document
from watcher.store.engine import DATABASE
from watcher.store.packed import PIECES, pack, unpack
from watcher.store.sql import SqlStore

# What the first words made; a row like this is in every database since. Never made anew.
PACKED_1 = bytes.fromhex(
    "01abc656ad02d30f2cbbb8c4941a18a45a16e7e740183a0ac9a92525a9901c9417530ab4c2129c814042c5b852233892f1b8aa1600"
)
OUTAGE = outage()
DUMP = Path(__file__).parent / "data/state-0001.sql"
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text(), st.none() | st.text(), st.integers(), _JSON, _JSON)
def test_whatever_is_packed_is_read_again(
    account_id: str, outage_id: str | None, at: int, finding: Any, outage: Any
) -> None:
    """Any text from a page, and any id."""
    document = {"account_id": account_id, "at": at, "detail": {}, "finding": finding, "outage": outage}
    read = unpack(pack(document, outage_id), account_id, outage_id, at)
    assert canonical(read) == canonical({name: document[name] for name in PIECES})


def test_what_was_packed_once_is_read_for_ever() -> None:
    """The words that it was packed with are kept as they were."""
    read = unpack(PACKED_1, "x:potus", "x:potus-20171102T230000000", 1509663600000000)
    assert read == {
        "detail": {"cause": "recovered"},
        "finding": {"quote": "Désolé, cette page n’existe pas", "verdict": "absent"},
        "outage": {"id": "x:potus-20171102T230000000"},
    }


def test_transition_takes_a_fifth_of_its_text() -> None:
    """With all that its look said."""
    [happened] = ending(OUTAGE).transitions
    document = transition_document(happened)
    text = "".join(canonical(document[name]) for name in PIECES)
    assert len(pack(document, OUTAGE.id)) * 5 < len(text)


@pytest.mark.parametrize("cut", [0, 1, 2, 20, -1])
def test_what_was_cut_is_refused(cut: int) -> None:
    """It says of whom it is, and what to do."""
    [happened] = opening(OUTAGE).transitions
    whole = pack(transition_document(happened), OUTAGE.id)
    with pytest.raises(ValueError, match=r"a transition of x:potus is damaged: .*; restore a backup"):
        unpack(whole[:cut], "x:potus", OUTAGE.id, 0)


def _old(directory: Path) -> list[tuple[Any, ...]]:
    """Make what an older version left, with one transition forgotten; its transitions."""
    directory.mkdir()
    with closing(sqlite3.connect(directory / DATABASE)) as old:
        old.executescript(DUMP.read_text("utf-8"))
        return old.execute(
            "SELECT seq, at, kind, account_id, outage_id, detail, finding, outage, hash FROM transition ORDER BY seq"
        ).fetchall()


def test_older_record_is_packed_without_loss(tmp_path: Path) -> None:
    """Every column, every word of the documents, every hash and link; also what had been forgotten meanwhile."""
    before = _old(tmp_path / "state")
    with closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as old:
        links = old.execute("SELECT * FROM transition_evidence ORDER BY 1, 2, 3").fetchall()
    with closing(SqlStore(tmp_path / "state")) as store:
        store.open()
        assert store.verify_chain() is None
    with closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as new:
        query = "SELECT seq, at, kind, account_id, outage_id, document, hash FROM transition ORDER BY seq"
        rows = new.execute(query).fetchall()
        assert new.execute("SELECT * FROM transition_evidence ORDER BY 1, 2, 3").fetchall() == links
        assert new.execute("PRAGMA foreign_key_check").fetchall() == []
    assert len(before) == len(rows) > 0
    for old_row, (*columns, document, digest) in zip(before, rows, strict=True):
        read = unpack(document, columns[3], columns[4], columns[1])
        assert old_row[:5] == tuple(columns)
        assert [json.loads(text or "null") for text in old_row[5:8]] == [read[name] for name in PIECES]
        assert old_row[8] == digest.hex()


@pytest.mark.parametrize(
    "damage", ["finding = substr(finding, 1, 20)", "hash = 'zz' || substr(hash, 3)", "hash = 'abc'", "detail = x'ff00'"]
)
def test_what_was_damaged_before_stops_no_start(tmp_path: Path, damage: str) -> None:
    """It is named when the record is verified, as before; all else is there."""
    before = _old(tmp_path / "state")
    seq = before[1][0]
    with closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as old:
        old.execute(f"UPDATE transition SET {damage} WHERE seq = {seq}")
        old.commit()
    with closing(SqlStore(tmp_path / "state")) as store:
        store.open()
        assert store.load().accounts
        assert store.verify_chain() == seq
    with closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as new:
        assert new.execute("SELECT count(*) FROM transition").fetchone() == (len(before),)


def test_died_while_packing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is as it was, and the next start packs it."""
    before = _old(tmp_path / "state")
    calls = iter([True, False])

    def die(*_: object) -> bytes:
        if next(calls):
            return b""
        raise KeyboardInterrupt

    monkeypatch.setattr(packed, "pack", die)
    with closing(SqlStore(tmp_path / "state")) as store, pytest.raises(KeyboardInterrupt):
        store.open()
    with closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        assert len(old.execute("SELECT finding, hash FROM transition").fetchall()) == len(before)
    monkeypatch.undo()
    with closing(SqlStore(tmp_path / "state")) as store:
        store.open()
        assert store.verify_chain() is None
