"""`watcher evidence` where pieces are not there: all commands say so in the same words."""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.fakes.newsroom import configure
from tests.unit.sighted import bundled, sighting
from tests.unit.store.samples import T0
from watcher.cli import main
from watcher.store.engine import DATABASE
from watcher.store.sql import SqlStore
from watcher.store.values import Commit

SEEN = sighting()
NAMED, PIECES = bundled(SEEN)
HASHES = {role: body.sha256 for role, body in PIECES.items()}
CALLED = {"bundle": "bundle", "controls": "controls", "target": "page"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration, and a store with one look at @alice: number 1 of the log."""
    made = configure(tmp_path)
    with closing(SqlStore(tmp_path / "state")) as store:
        store.open()
        store.watch([SEEN.account], T0)
        store.commit(Commit(transitions=(NAMED,), bodies=tuple(PIECES.values())))
    return made


def call(config: Path, *arguments: str | Path) -> Result:
    """What `watcher evidence ARGUMENTS` does."""
    return CliRunner().invoke(main, ["evidence", *map(str, arguments), "--config", str(config)])


def change(config: Path, statement: str, *values: object) -> None:
    """Change the database, as a fault of the disk may."""
    with closing(sqlite3.connect(config.parent / "state" / DATABASE)) as connection, connection:
        connection.execute(statement, values)


def damage(config: Path, role: str) -> None:
    """Have something else in the place of that piece."""
    other, digest = gzip.compress(b"something else"), HASHES[role]
    if role == "target":
        (config.parent / "state" / "evidence" / digest[:2] / f"{digest}.gz").write_bytes(other)
    else:
        change(config, "UPDATE evidence SET content = ? WHERE sha256 = ?", other, digest)


def remove(config: Path, role: str) -> None:
    """Have that piece as the store has one that was removed, or that the disk never took."""
    change(config, "DELETE FROM transition_evidence WHERE sha256 = ?", HASHES[role])
    change(config, "DELETE FROM evidence WHERE sha256 = ?", HASHES[role])


def test_evidence_of_which_all_is_there(config: Path, tmp_path: Path) -> None:
    """It is shown, handed out without a word more, and holds."""
    assert "lost or damaged" not in call(config, "show", "1").stdout
    exported = call(config, "export", "1", tmp_path / "proof")
    assert (exported.exit_code, len(exported.stdout.splitlines())) == (0, 1)
    assert call(config, "verify", "1").exit_code == 0


@pytest.mark.parametrize("role", sorted(HASHES))
def test_a_damaged_piece_is_named(config: Path, tmp_path: Path, role: str) -> None:
    """By `show`; by `export`, which writes the rest; and by `verify`, of the store as of the archive."""
    damage(config, role)
    assert f"{HASHES[role]}, lost or damaged" in call(config, "show", "1").stdout
    exported = call(config, "export", "1", tmp_path / "proof")
    first, *named = exported.stdout.splitlines()
    assert first.startswith(f"{tmp_path}/proof: 5 files; ")
    assert named == [f"lost  transition 1: {CALLED[role]} {HASHES[role]} is lost or damaged"]
    assert exported.exit_code == 1
    for what in ("1", str(tmp_path / "proof")):
        verified = call(config, "verify", what)
        assert named[0] in verified.stdout.splitlines()
        assert (verified.exit_code, verified.stdout.splitlines()[-1]) == (
            1,
            "it is not what it was; 1 piece is not there",
        )


@pytest.mark.parametrize("role", sorted(HASHES))
def test_a_piece_that_was_removed_is_named(config: Path, tmp_path: Path, role: str) -> None:
    """Nothing is wrong by that: it ends with 3."""
    remove(config, role)
    assert f"{HASHES[role]}, not there: never stored, or removed since" in call(config, "show", "1").stdout
    exported = call(config, "export", "1", tmp_path / "proof.zip")
    said = f"{HASHES[role]} is not there: never stored, or removed since"
    assert (exported.exit_code, exported.stdout.splitlines()[-1].endswith(said)) == (3, True)
    for what in ("1", str(tmp_path / "proof.zip")):
        assert call(config, "verify", what).exit_code == 3


def test_every_damaged_piece_is_named_where_the_bundle_is_one(config: Path, tmp_path: Path) -> None:
    """Though nothing can be read in it of the others."""
    for role in HASHES:
        damage(config, role)
    exported = call(config, "export", "1", tmp_path / "proof")
    assert exported.exit_code == 1
    assert sorted(line.split()[3] for line in exported.stdout.splitlines()[1:]) == sorted(CALLED.values())
