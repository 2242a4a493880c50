"""One writer per state directory: an advisory lock, let go by the system when its holder dies, however it dies.

Readers need none. What is in the directory is nobody's business here.
"""

import errno
import fcntl
import os
from pathlib import Path
from typing import Final

from watcher.model.errors import StoreError

LOCK: Final = "lock"
_PID_LENGTH: Final = 20


class WriterLock:
    """Held between `take` and `release`. The file stays; it says who held it last."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / LOCK
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock. StoreError, naming the holder, when another watcher has it; OSError as the disk says."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            holder = os.pread(file, _PID_LENGTH, 0).decode("ascii", "replace").strip()
            os.close(file)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise StoreError(_in_use(self._path.parent, holder)) from error
            raise
        self._file = file

    def require(self) -> None:
        """StoreError when what is held is not what lies there (any more): another watcher could take that."""
        if self._file is None:
            return
        try:
            there: os.stat_result | None = self._path.stat()
        except FileNotFoundError:
            there = None
        if there is None or not os.path.samestat(there, os.fstat(self._file)):
            raise StoreError(_moved(self._path.parent))

    def release(self) -> None:
        """Let go of it, if it is held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _moved(state_dir: Path) -> str:
    return (
        f"{state_dir} was moved or removed while it was in use: put it back; else what is in memory is lost at the end"
    )


def _in_use(state_dir: Path, holder: str) -> str:
    who = f" (pid {holder})" if holder.isdigit() else ""
    return f"{state_dir} is in use by another watcher{who}: stop that one, or set another state_dir"
