"""Opening the SQLite file: private, in WAL mode, with transactions that begin when we say so. No tables here."""

import os
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from watcher.model.errors import StoreError

DATABASE: Final = "watcher.db"
PATIENCE: Final = timedelta(seconds=5)
# Shorter than what the end of a run has left for its last words; it tries again.
RUN_PATIENCE: Final = timedelta(seconds=1)
_WORTH_IT: Final = 1_000  # pages of 4 KB
_WRITES = "watcher_writes"


def make_private(database: Path) -> None:
    """Create the file (0600) and its directory (0700) if they are missing; what is there keeps its modes.

    Whom a desk watches is nobody else's business. SQLite gives its -wal and -shm files the mode of the database.
    """
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def require_database(database: Path) -> None:
    """StoreError when no run has made the file yet, and when it cannot be seen."""
    try:
        is_there = stat.S_ISREG(database.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_there = False
    except PermissionError as error:
        raise StoreError(f"{database}: {error.strerror}: run this as the user that runs watcher") from error
    except OSError as error:
        raise StoreError(f"{database}: {error.strerror or error}: check the state_dir") from error
    if not is_there:
        raise StoreError(f"no database at {database}: has watcher run yet?")


def sqlite_engine(database: Path, *, read_only: bool, patience: timedelta) -> Engine:
    """An engine on an existing file. A lock of another process is waited for as long as `patience`."""
    uri = f"{database.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"

    def connect() -> sqlite3.Connection:
        # The pool hands a connection to one thread at a time, which is all that SQLite asks.
        return sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=patience.total_seconds())

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=QueuePool)

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        try:
            _set_up(connection, read_only=read_only, patience=patience)
        except sqlite3.Error:
            # No database, or a locked one: nobody else will close what did not reach the pool.
            connection.close()
            raise

    def begun(connection: Connection) -> None:
        # A reader that turns writer midway is refused without waiting when another one wrote meanwhile.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def for_writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take the write lock when they begin."""
    return engine.execution_options(**{_WRITES: True})


def scrub(database: Path, patience: timedelta) -> bool:
    """Write the file anew, so that it holds nothing of what was deleted, and empty its log, beside a run if need be.

    False when others were reading or writing for as long as `patience`: try again. Raises sqlite3.Error.
    """
    uri = f"{database.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=patience.total_seconds(), isolation_level=None)) as connection:
        # The new file is made in memory: nothing of it is to be left in a folder for temporary files.
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("VACUUM")
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def is_mostly_empty(database: Path) -> bool:
    """True when more than half of the file is left over from what was deleted or packed. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        (free,), (pages,) = (connection.execute(f"PRAGMA {name}_count").fetchone() for name in ("freelist", "page"))
    return int(free) > _WORTH_IT and 2 * int(free) > int(pages)


def shrink(database: Path, patience: timedelta) -> None:
    """Write the file anew without its empty pages. It is whole at every moment. Raises sqlite3.Error.

    That takes as much of the disk again as is left of it, for a while: under no name, then in the log, both in the
    private folder of the database.
    """
    os.environ["SQLITE_TMPDIR"] = str(database.parent)  # which sqlite asks for at each temporary file
    uri = f"{database.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=patience.total_seconds(), isolation_level=None)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _set_up(connection: sqlite3.Connection, *, read_only: bool, patience: timedelta) -> None:
    # Without this the sqlite3 module begins transactions late: reads would not belong to them.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {patience // timedelta(milliseconds=1)}")
    connection.execute("PRAGMA foreign_keys = ON")
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # What is deleted or changed leaves nothing of itself in the file.
        connection.execute("PRAGMA secure_delete = ON")
