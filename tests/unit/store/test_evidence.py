"""The evidence shelf: whole files, under their hashes, and nothing else."""

import gzip
import os
import shutil
import stat
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from tests.unit.store.samples import BODY, PAGE, PAGE_HASH
from watcher.model.errors import StoreError
from watcher.store.evidence import EvidenceShelf
from watcher.store.values import Body


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the shelf is to be; not made yet."""
    return tmp_path / "evidence"


def test_body_is_one_gzip_file_under_its_hash(directory: Path) -> None:
    """Anybody can read it with gunzip and check it with sha256sum; nobody else is let in."""
    EvidenceShelf(directory).keep(BODY)
    path = directory / PAGE_HASH[:2] / f"{PAGE_HASH}.gz"
    assert [item for item in directory.rglob("*") if item.is_file()] == [path]
    assert gzip.decompress(path.read_bytes()) == PAGE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(item.stat().st_mode) for item in (directory, path.parent)} == {0o700}


def test_body_kept_twice_is_written_once(directory: Path) -> None:
    """The file that is there stays; so it does for a later process."""
    shelf = EvidenceShelf(directory)
    shelf.keep(BODY)
    path = directory / PAGE_HASH[:2] / f"{PAGE_HASH}.gz"
    inode = path.stat().st_ino
    shelf.keep(BODY)
    EvidenceShelf(directory).keep(BODY)
    assert path.stat().st_ino == inode
    assert shelf.get(PAGE_HASH) == PAGE


def test_left_over_half_file_does_not_matter(directory: Path) -> None:
    """Whoever died while writing left a .tmp file, which is not evidence and is overwritten."""
    path = directory / PAGE_HASH[:2] / f"{PAGE_HASH}.tmp"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    shelf = EvidenceShelf(directory)
    assert shelf.get(PAGE_HASH) is None
    shelf.keep(BODY)
    assert shelf.get(PAGE_HASH) == PAGE
    assert not path.exists()


def test_everything_is_synced_before_keep_returns(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file before it gets its name; then every directory on the way to it."""
    synced: list[tuple[str, bool]] = []
    real = os.fsync
    final = directory / PAGE_HASH[:2] / f"{PAGE_HASH}.gz"

    def fsync(descriptor: int) -> None:
        synced.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, final.exists()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    EvidenceShelf(directory).keep(BODY)
    assert synced == [
        (directory.parent.name, False),
        (directory.name, False),
        (f"{PAGE_HASH}.tmp", False),
        (PAGE_HASH[:2], True),
    ]


def test_found_file_is_synced_all_the_same(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its writer may have died between giving it its name and syncing that."""
    EvidenceShelf(directory).keep(BODY)
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(Path(f"/proc/self/fd/{fd}").readlink().name))
    EvidenceShelf(directory).keep(BODY)
    assert synced == [directory.parent.name, directory.name, PAGE_HASH[:2]]


@pytest.mark.parametrize("name", ["../../../outside", "/tmp/outside", "..", "", "0" * 64, PAGE_HASH.upper()])
def test_name_that_is_not_the_hash_is_refused(directory: Path, name: str) -> None:
    """No file is made, inside or outside."""
    with pytest.raises(StoreError, match="is not the SHA-256"):
        EvidenceShelf(directory).keep(Body(sha256=name, content=PAGE))
    assert not directory.exists()


def test_half_file_is_never_written_through_a_link(directory: Path) -> None:
    """A link in the place of the temporary file is not followed."""
    shelf = EvidenceShelf(directory)
    outside = directory.parent / "outside"
    outside.write_bytes(b"precious")
    (directory / PAGE_HASH[:2]).mkdir(parents=True)
    (directory / PAGE_HASH[:2] / f"{PAGE_HASH}.tmp").symlink_to(outside)
    with pytest.raises(OSError, match="symbolic links"):
        shelf.keep(BODY)
    assert outside.read_bytes() == b"precious"


@pytest.mark.parametrize(
    "damage",
    [
        b"not gzip at all",
        gzip.compress(PAGE, mtime=0)[:-9],
        gzip.compress(b"another page", mtime=0),
        b"\x1f\x8b\x08\x00" + b"\xff" * 40,
    ],
    ids=["no gzip", "cut off", "another page", "a broken stream"],
)
def test_damaged_file_is_told(directory: Path, damage: bytes) -> None:
    """What does not have its hash any more is not handed out as evidence."""
    shelf = EvidenceShelf(directory)
    shelf.keep(BODY)
    (directory / PAGE_HASH[:2] / f"{PAGE_HASH}.gz").write_bytes(damage)
    with pytest.raises(StoreError, match="is damaged"):
        shelf.get(PAGE_HASH)


def test_empty_page_is_a_page(directory: Path) -> None:
    """An answer without a body has a hash as well."""
    shelf = EvidenceShelf(directory)
    digest = sha256(b"").hexdigest()
    shelf.keep(Body(sha256=digest, content=b""))
    assert shelf.get(digest) == b""


def test_unknown_hash_gives_nothing(directory: Path) -> None:
    """Neither on an empty shelf nor by a name that is no hash."""
    shelf = EvidenceShelf(directory)
    assert shelf.get(PAGE_HASH) is None
    assert shelf.get("../../etc/passwd") is None


def test_folder_that_was_removed_is_made_again(directory: Path) -> None:
    """Whoever tidies up while it runs loses the pages that were there, and not those that come."""
    shelf = EvidenceShelf(directory)
    shelf.keep(BODY)
    for gone in (directory / PAGE_HASH[:2], directory):
        shutil.rmtree(gone)
        with shelf.held(removing=False, patience=timedelta(0)) as held:
            assert held
            assert directory.is_dir()
            shelf.keep(BODY)
        assert shelf.get(PAGE_HASH) == PAGE


def test_what_others_put_there_hides_no_page(directory: Path) -> None:
    """A file among the folders, a folder among the files."""
    shelf = EvidenceShelf(directory)
    shelf.keep(BODY)
    (directory / ".DS_Store").write_bytes(b"\0")
    (directory / PAGE_HASH[:2] / "@eaDir").mkdir()
    assert list(shelf.files()) == [(PAGE_HASH, shelf.file_of(PAGE_HASH))]
