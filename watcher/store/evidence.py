"""The pages that transitions rest on, as gzip files named by the SHA-256 of their content. No database here.

A file is whole and on the disk before anybody may refer to it. Dying on the way leaves a `.tmp` file, which the
next try overwrites, or a whole file that no row names, which the next try finds.
"""

import gzip
import os
import zlib
from hashlib import sha256
from pathlib import Path

from watcher.model.errors import StoreError
from watcher.store.base import Body
from watcher.store.codec import is_sha256
from watcher.store.faults import ContradictionError


class EvidenceShelf:
    """Bodies under `directory/ab/<sha256>.gz`, readable by their owner alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lasting: set[Path] = set()

    def keep(self, body: Body) -> None:
        """Return once the body is on the disk for good. ContradictionError when its name is not its hash; OSError."""
        require_own_hash(body)
        path = self._path(body.sha256)
        self._make_lasting(self._directory)
        self._make_lasting(path.parent)
        if not path.exists():
            _write_whole(path, gzip.compress(body.content, mtime=0))
        # Also when it was there: whoever renamed it may have died before it came to this.
        _sync_directory(path.parent)

    def get(self, digest: str) -> bytes | None:
        """The content under that hash; None when there is none. StoreError when the file was damaged."""
        if not is_sha256(digest):
            return None
        path = self._path(digest)
        try:
            content = gzip.decompress(path.read_bytes())
        except FileNotFoundError:
            return None
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise StoreError(f"{path} is damaged: {error}; put a backup in its place") from error
        if sha256(content).hexdigest() != digest:
            raise StoreError(f"{path} is damaged: its content has another hash; put a backup in its place")
        return content

    def _path(self, digest: str) -> Path:
        return self._directory / digest[:2] / f"{digest}.gz"

    def _make_lasting(self, directory: Path) -> None:
        # Once a process, whether or not the directory was there: its maker may have died before the sync.
        if directory in self._lasting:
            return
        directory.mkdir(mode=0o700, exist_ok=True)
        _sync_directory(directory.parent)
        self._lasting.add(directory)


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


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
