"""The SQLite file of a state directory: who may open it and how, and the transactions in it. No statements."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection, Engine

from watcher.model.errors import StoreError
from watcher.store import migrations, tables
from watcher.store.engine import (
    DATABASE,
    PATIENCE,
    RUN_PATIENCE,
    for_writing,
    is_mostly_empty,
    make_private,
    require_database,
    scrub,
    shrink,
    sqlite_engine,
)
from watcher.store.evidence import EvidenceShelf
from watcher.store.faults import told_as_store_error
from watcher.store.lock import WriterLock
from watcher.store.sql_outbox import give_back
from watcher.store.upsert import insert_or_update

# In `meta`: when the last page was written that was there before the database, in nanoseconds since 1970.
SPARED_UNTIL: Final = "pages_spared_until"


class SqlFile:
    """`watcher.db` and the evidence under `state_dir`. Every exception of the database leaves as StoreError.

    One run at a time: a second one is refused at `open`. `read_only` reads what another process writes, and changes
    nothing. `amends` writes beside a run: what people add to the record; it makes and migrates nothing. A database
    that somebody else has locked is waited for as long as `patience`; then StoreError.
    """

    def __init__(self, state_dir: Path, *, read_only: bool, amends: bool, patience: timedelta | None) -> None:
        self._path = state_dir / DATABASE
        self._read_only = read_only
        self._runs = not (read_only or amends)
        self._patience = patience or (RUN_PATIENCE if self._runs else PATIENCE)
        self._lock = WriterLock(state_dir)
        self._evidence = EvidenceShelf(state_dir / "evidence")
        self._engine: Engine | None = None
        self._writer: Engine | None = None

    def open(self) -> None:
        """Open the database; for a run, create what is missing and bring the schema up to date."""
        if self._engine is not None:
            return
        if not self._runs:
            require_database(self._path)
        with told_as_store_error(self._path):
            if self._runs:
                make_private(self._path)
                self._lock.take()
        try:
            self._engine = sqlite_engine(self._path, read_only=self._read_only, patience=self._patience)
            self._writer = for_writing(self._engine)
            self._check_schema()
        except BaseException:
            self.close()
            raise

    def _check_schema(self) -> None:
        if self._runs:
            with self._writing() as connection:
                if migrations.upgrade(connection, self._path):
                    self._spare_pages(connection)
                give_back(connection)
            self._shrink()
        else:
            with self._reading() as connection:
                migrations.require_current(connection, self._path)

    def _spare_pages(self, connection: Connection) -> None:
        """Have the pages stay that are there before the database: those of one that was lost, and may come back."""
        written = [path.stat().st_mtime_ns for digest, path in self._evidence.files() if digest]
        if not written:
            return
        insert_or_update(connection, tables.meta, [{"key": SPARED_UNTIL, "value": str(max(written))}])
        structlog.get_logger("watcher").warning(
            "a new database is made beside the pages of an earlier one, which are kept: if that one was moved away, "
            "end this run and put a backup of the database in its place; else remove the pages",
            pages=len(written),
            path=str(self._path.parent / "evidence"),
        )

    def _shrink(self) -> None:
        """Give the disk back what a migration or pruning has left empty: else only new rows would ever fill it."""
        log = structlog.get_logger("watcher")
        try:
            if is_mostly_empty(self._path):
                log.info("more than half of the database is empty: it is written anew", path=str(self._path))
                shrink(self._path, self._patience)
        except sqlite3.Error as error:
            # A full disk, or a reader in the way: all is there as it was, and the next start tries again.
            log.warning("the database stays as large as it was, until the next start", error=str(error))

    def close(self) -> None:
        """Let go of the file, and of the lock last."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = self._writer = None
        self._lock.release()

    def scrub(self) -> bool:
        """Overwrite what deleted rows have left in the files; False when others were in the way all the time."""
        self._require_engine()
        with told_as_store_error(self._path, writing=True):
            return scrub(self._path, self._patience)

    def is_alone(self) -> bool:
        """True when no run has this state directory; none can begin until this store is closed."""
        with told_as_store_error(self._path):
            try:
                self._lock.take()
            except StoreError:
                return False
        return True

    def _require_engine(self) -> Engine:
        return self._opened(self._engine)

    def _opened(self, engine: Engine | None) -> Engine:
        if engine is None:
            raise StoreError(f"{self._path} is not open: call open() first")
        return engine

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with told_as_store_error(self._path), self._require_engine().begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with told_as_store_error(self._path, writing=True), self._opened(self._writer).begin() as connection:
            self._lock.require()
            yield connection
