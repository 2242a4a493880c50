"""What can go wrong with a store, in words that say what to do. The one place where others' exceptions are wrapped."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from watcher.model.errors import ContradictionError, StoreError

# By SQLite's result code, else its primary one: https://www.sqlite.org/rescode.html
_SQLITE = {
    "BUSY": "is locked by another process: end that one (another watcher, a backup, an open sqlite3 shell)",
    "LOCKED": "is locked by another process: end that one (another watcher, a backup, an open sqlite3 shell)",
    "NOTADB": "is not a database of watcher: move the file away, or set another state_dir",
    "CORRUPT": "is damaged: move the file away and put a backup in its place",
    "CANTOPEN": "cannot be opened: the file and its directory must belong to the user that runs watcher",
    "READONLY": "cannot be written: the file and its directory must belong to the user that runs watcher",
    "PERM": "cannot be opened: the file and its directory must belong to the user that runs watcher",
    "FULL": "cannot grow: the disk is full; make room",
    # So a full disk, or a quota, is answered where the -shm and the -wal file grow.
    "IOERR_SHMSIZE": "cannot grow: perhaps the disk is full; make room",
    "IOERR_WRITE": "cannot grow: perhaps the disk is full; make room",
    "IOERR": "cannot be read or written: the disk answers with an error",
}


@contextmanager
def told_as_store_error(path: Path, *, writing: bool = False) -> Iterator[None]:
    """Turn what the database, the disk and values that do not fit raise into StoreError about `path`."""
    try:
        yield
    except IntegrityError as error:
        raise ContradictionError(f"{path}: the database refuses it: {error.orig}") from error
    except (DBAPIError, sqlite3.Error) as error:
        raise StoreError(_sentence(path, error)) from error
    except StatementError as error:
        raise ContradictionError(f"{path}: cannot be stored: {error.orig or error}") from error
    except SQLAlchemyError as error:
        raise StoreError(f"{path}: {error}") from error
    except OSError as error:
        raise StoreError(f"{error.filename or path}: {error.strerror or error}: check the state_dir") from error
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        if writing:
            raise ContradictionError(f"{path}: cannot be stored: {error}") from error
        raise StoreError(f"{path} holds something that this version cannot read: {error!r}") from error


def _sentence(path: Path, error: DBAPIError | sqlite3.Error) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    code: str = getattr(cause, "sqlite_errorname", "").removeprefix("SQLITE_")
    known = _SQLITE.get(code) or _SQLITE.get(code.partition("_")[0])
    return f"{path} {known} ({cause})" if known else f"{path}: {cause}"
