"""Faults of a real disk under a state directory, made and taken back while somebody writes there.

Locked needs sqlite3 only. A disk that is really full needs the right to mount a tmpfs. A file system cannot be made
read-only under a file that is open for writing (EBUSY), except by the kernel itself after a fault of the medium; so the
directory is mounted over itself, read-only, and whoever opens a file from then on gets EROFS from the kernel. Where
nothing may be mounted, the engine refuses each writing statement with SQLite's own result code instead.
"""

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from sqlalchemy import Engine, event

SIZE = "6m"
_WRITING = ("INSERT", "UPDATE", "DELETE")
_BLOCK = b"\0" * 4096


class Fault(Protocol):
    """What is wrong with a disk, between `begin` and `end`."""

    def begin(self, state_dir: Path, engine: Engine) -> None:
        """From now on nothing is written. Called in the thread that uses `engine`."""
        ...

    def end(self, engine: Engine | None) -> None:
        """All is well again. None: whoever used the disk is gone."""
        ...


@cache
def may_mount() -> bool:
    """True when this process may mount file systems."""
    with TemporaryDirectory() as place:
        return _done("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place) and _done("umount", "-l", place)


def _done(*command: str) -> bool:
    with suppress(FileNotFoundError):
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    return False


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A disk of SIZE at `place`, where that may be; else just the folder."""
    place.mkdir(mode=0o700)
    mounted = may_mount() and _done("mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(place))
    try:
        yield place
    finally:
        # A story that failed may have left it read-only, mounted over itself.
        while mounted and _done("umount", "-l", str(place)):
            pass


class Locked:
    """Somebody else holds the database's lock: a backup, a forgotten shell."""

    def __init__(self) -> None:
        self._other: sqlite3.Connection

    def begin(self, state_dir: Path, _engine: Engine) -> None:
        self._other = sqlite3.connect(state_dir / "watcher.db", isolation_level=None, check_same_thread=False)
        self._other.execute("BEGIN EXCLUSIVE")

    def end(self, _engine: Engine | None) -> None:
        self._other.execute("ROLLBACK")
        self._other.close()


class Full:
    """Not a byte is left on the disk."""

    def __init__(self) -> None:
        self._ballast: Path | None = None
        self._refuse = _refusing("SQLITE_FULL", "database or disk is full")

    def begin(self, state_dir: Path, engine: Engine) -> None:
        if not may_mount():
            event.listen(engine, "before_cursor_execute", self._refuse)
            return
        self._ballast = state_dir / "ballast"
        with suppress(OSError), self._ballast.open("wb", buffering=0) as file:
            while True:
                file.write(_BLOCK)

    def end(self, engine: Engine | None) -> None:
        if self._ballast is not None:
            self._ballast.unlink()
        elif engine is not None:
            event.remove(engine, "before_cursor_execute", self._refuse)


class ReadOnly:
    """The file system lets nobody write any more."""

    def __init__(self) -> None:
        self._mounted: Path | None = None
        self._refuse = _refusing("SQLITE_READONLY", "attempt to write a readonly database")

    def begin(self, state_dir: Path, engine: Engine) -> None:
        if not may_mount():
            event.listen(engine, "before_cursor_execute", self._refuse)
            return
        self._mounted = state_dir
        subprocess.run(("mount", "--bind", state_dir, state_dir), check=True)
        subprocess.run(("mount", "-o", "remount,ro,bind", state_dir), check=True)
        engine.dispose()

    def end(self, engine: Engine | None) -> None:
        if self._mounted is not None:
            subprocess.run(("umount", "-l", self._mounted), check=True)
            if engine is not None:
                engine.dispose()
        elif engine is not None:
            event.remove(engine, "before_cursor_execute", self._refuse)


def _refusing(code: str, message: str) -> Callable[..., None]:
    """A listener that raises, before each statement that writes, what SQLite would."""

    def refuse(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(_WRITING):
            error = sqlite3.OperationalError(message)
            error.sqlite_errorname = code
            raise error

    return refuse
