"""A complete copy of a state directory while a run writes to it. It is one once it has a `watcher.db`."""

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, inspect, select

from watcher.model.errors import StoreError
from watcher.store import sql_chain, sql_evidence, tables
from watcher.store.engine import DATABASE, PATIENCE, make_private, require_database, sqlite_engine
from watcher.store.evidence import EvidenceShelf, sync_directory
from watcher.store.faults import told_as_store_error
from watcher.store.values import Copied

_PARTIAL: Final = ".partial"


def copy_state(state_dir: Path, to: Path, *, patience: timedelta = PATIENCE) -> Copied:
    """Copy the database and the pages that it names to `to`, on the disk for good, and check the copy.

    Raises StoreError when `to` is not empty, when the disk refuses, and when the copy is not sound.
    """
    source = state_dir / DATABASE
    require_database(source)
    with told_as_store_error(to):
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(to.iterdir()):
            raise StoreError(f"{to} is not empty: name a folder that is empty or not there yet")
        partial = to / f"{DATABASE}{_PARTIAL}"
        make_private(partial)
    shelf, copy = EvidenceShelf(state_dir / "evidence"), EvidenceShelf(to / "evidence")
    # Nothing is removed meanwhile. The database first: the pages that it names are on the disk by then.
    with shelf.held(removing=False, patience=patience) as held:
        if not held:
            raise StoreError(f"{state_dir} is being pruned or an account is being forgotten: try again in a moment")
        with told_as_store_error(source):
            _copy_database(source, partial, patience)
        outages, digests, damaged, changed = _checked(partial, patience)
        with told_as_store_error(to):
            lost = [digest for digest in digests if not _copied(shelf, copy, digest)]
    with told_as_store_error(to):
        partial.rename(to / DATABASE)
        sync_directory(to)
        sync_directory(to.parent)
        size = sum(path.stat().st_size for path in to.rglob("*") if path.is_file())
    pages = len(digests) - len(lost)
    return Copied(outages=outages, pages=pages, bytes=size, lost=(*lost, *damaged), changed=changed)


def _copy_database(source: Path, target: Path, patience: timedelta) -> None:
    """One step, so that it is the state of one instant; writers go on meanwhile."""
    uri = f"{source.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(uri, uri=True, timeout=patience.total_seconds())) as running,
        closing(sqlite3.connect(target)) as copy,
    ):
        running.backup(copy)
        # Without a log beside it, one file is all of it; the next run turns the log on again.
        copy.execute("PRAGMA journal_mode = DELETE")
    descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checked(database: Path, patience: timedelta) -> tuple[int, list[str], list[str], int | None]:
    """How many outages the copy holds, the hashes of its pages, those of damaged rows, the first changed transition.

    StoreError when the copy is damaged as a database.
    """
    engine = sqlite_engine(database, read_only=True, patience=patience)
    try:
        with told_as_store_error(database), engine.begin() as connection:
            [[said], *_] = connection.exec_driver_sql("PRAGMA integrity_check").all()
            if said != "ok":
                raise StoreError(f"the copy is damaged, and so is the database: {said}")
            digests, damaged = _evidence(connection)
            outages = connection.scalar(select(func.count()).select_from(tables.outage)) or 0
            return outages, digests, damaged, sql_chain.first_broken(connection)
    finally:
        engine.dispose()


def _evidence(connection: Connection) -> tuple[list[str], list[str]]:
    """The hashes of what is kept as files, and of what came with the database and is damaged."""
    kept = tables.evidence
    digests = select(kept.c.sha256).order_by(kept.c.sha256)
    # A backup may be made of what an older version left, which had files only.
    if all(column["name"] != "content" for column in inspect(connection).get_columns(kept.name)):
        return list(connection.scalars(digests)), []
    rows = connection.execute(digests.add_columns(kept.c.content).where(kept.c.content.is_not(None)))
    damaged = [row.sha256 for row in rows if not sql_evidence.is_sound(row.sha256, row.content)]
    return list(connection.scalars(digests.where(kept.c.content.is_(None)))), damaged


def _copied(shelf: EvidenceShelf, copy: EvidenceShelf, digest: str) -> bool:
    """False where the state directory itself has the page no more, or only a damaged one."""
    if not shelf.is_sound(digest):
        return False
    copy.take_over(digest, shelf)
    return True
