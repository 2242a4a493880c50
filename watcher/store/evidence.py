"""The pages that transitions rest on, as gzip files named by the SHA-256 of their content. No database here.

A file is whole and on the disk before anybody may refer to it. Dying on the way leaves a `.tmp` file, which the
next try overwrites, or a whole file that no row names, which the next try finds.
"""

import fcntl
import gzip
import os
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from watcher.model.errors import ContradictionError, StoreError
from watcher.store.codec import is_sha256
from watcher.store.values import Body

_MOMENT: Final = timedelta(milliseconds=20)


class EvidenceShelf:
    """Bodies under `directory/ab/<sha256>.gz`, readable by their owner alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lasting: set[Path] = set()

    def keep(self, body: Body) -> None:
        """Return once the body is on the disk for good. ContradictionError when its name is not its hash; OSError."""
        require_own_hash(body)
        self._place(body.sha256, lambda: gzip.compress(body.content, mtime=0))

    def take_over(self, digest: str, other: "EvidenceShelf") -> None:
        """Copy one file from another shelf, as it is and for good. OSError as the disks say."""
        self._place(digest, other.file_of(digest).read_bytes)

    def _place(self, digest: str, data: Callable[[], bytes]) -> None:
        path = self.file_of(digest)
        self._make_lasting(self._directory)
        self._make_lasting(path.parent)
        if not path.exists():
            _write_whole(path, data())
        # Also when it was there: whoever renamed it may have died before it came to this.
        sync_directory(path.parent)

    def get(self, digest: str) -> bytes | None:
        """The content under that hash; None when there is none. StoreError when the file was damaged."""
        if not is_sha256(digest):
            return None
        path = self.file_of(digest)
        try:
            content = gzip.decompress(path.read_bytes())
        except FileNotFoundError:
            return None
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise StoreError(f"{path} is damaged: {error}; put a backup in its place") from error
        if sha256(content).hexdigest() != digest:
            raise StoreError(f"{path} is damaged: its content has another hash; put a backup in its place")
        return content

    @contextmanager
    def held(self, *, removing: bool, patience: timedelta) -> Iterator[bool]:
        """Keep others from removing files (or, `removing`, from keeping and copying any) while this is held.

        Between a file and its row, and between a row and its file, nobody else may come. False: others had it for
        as long as `patience`. True also where there cannot be a directory: then there is nothing to lose.
        """
        try:
            self._make_lasting(self._directory)
            descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            yield True
            return
        try:
            yield _locked(descriptor, fcntl.LOCK_EX if removing else fcntl.LOCK_SH, patience)
        finally:
            os.close(descriptor)

    def remove(self, digests: Iterable[str]) -> None:
        """Delete these files, as far as they are there. OSError for what the disk refuses."""
        for digest in digests:
            self.file_of(digest).unlink(missing_ok=True)

    def files(self) -> Iterator[tuple[str, Path]]:
        """Every file, with the hash that it is named by; what was left of a death on the way under the name ""."""
        for folder in _found(self._directory, folders=True):
            for path in _found(folder, folders=False):
                yield path.stem if path.suffix == ".gz" else "", path

    def is_sound(self, digest: str) -> bool:
        """True when the file is there and its content has that hash."""
        try:
            return self.get(digest) is not None
        except StoreError:
            return False

    def file_of(self, digest: str) -> Path:
        """Where the content of that hash is, if it is anywhere."""
        return self._directory / digest[:2] / f"{digest}.gz"

    def _make_lasting(self, directory: Path) -> None:
        # Once a process, whether or not the directory was there: its maker may have died before the sync. And again
        # when somebody removed it.
        if directory in self._lasting and directory.exists():
            return
        directory.mkdir(mode=0o700, exist_ok=True)
        sync_directory(directory.parent)
        self._lasting.add(directory)


def _found(directory: Path, *, folders: bool) -> list[Path]:
    """The folders in a directory, or all else. What others put there (.DS_Store, @eaDir) keeps nobody from the rest."""
    try:
        with os.scandir(directory) as found:
            return sorted(Path(entry.path) for entry in found if entry.is_dir() == folders)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _locked(descriptor: int, kind: int, patience: timedelta) -> bool:
    """True once the lock is had; it is let go with the descriptor, however its holder ends."""
    for _ in range(max(1, patience // _MOMENT)):
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_MOMENT.total_seconds())
        else:
            return True
    return False


def require_own_hash(body: Body) -> None:
    """Refuse (ContradictionError) a body whose `sha256` is anything but the SHA-256 of its content."""
    if sha256(body.content).hexdigest() != body.sha256:
        raise ContradictionError(f"{body.sha256[:80]!r} is not the SHA-256 of the body that it is to name")


def _write_whole(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def sync_directory(directory: Path) -> None:
    """Return once the names in `directory` are on the disk for good."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
