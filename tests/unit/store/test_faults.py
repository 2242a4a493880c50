"""The words for what goes wrong with a store."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError, NoSuchTableError, OperationalError, StatementError

from watcher.model.errors import ContradictionError, StoreError
from watcher.store.faults import told_as_store_error

PATH = Path("/state/watcher.db")


def _sqlite(name: str, message: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(message)
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (_sqlite("SQLITE_BUSY_SNAPSHOT", "database is locked"), "is locked by another process"),
        (_sqlite("SQLITE_FULL", "database or disk is full"), "the disk is full; make room"),
        (_sqlite("SQLITE_IOERR_SHMSIZE", "disk I/O error"), "perhaps the disk is full; make room (disk I/O error)"),
        (_sqlite("SQLITE_IOERR_WRITE", "disk I/O error"), "perhaps the disk is full; make room (disk I/O error)"),
        (_sqlite("SQLITE_READONLY_DBMOVED", "attempt to write"), "must belong to the user that runs watcher"),
        (_sqlite("SQLITE_ERROR", "no such table: outage"), "watcher.db: no such table: outage"),
        (sqlite3.ProgrammingError("Cannot operate on a closed database."), "watcher.db: Cannot operate"),
        (OperationalError("SELECT", {}, _sqlite("SQLITE_IOERR_READ", "disk I/O error")), "the disk answers"),
        (NoSuchTableError("outage"), "watcher.db: outage"),
        (PermissionError(13, "Permission denied", "/state"), "/state: Permission denied: check the state_dir"),
        (OSError("odd"), "watcher.db: odd: check the state_dir"),
        (ValueError("'ascended' is not a valid Phase"), "this version cannot read: ValueError"),
        (KeyError("earliest"), "this version cannot read: KeyError"),
    ],
)
def test_fault_is_told_with_what_to_do(error: Exception, said: str) -> None:
    """Each as StoreError that may pass, about the file; the cause is kept."""
    with pytest.raises(StoreError) as caught, told_as_store_error(PATH):
        raise error
    assert said in str(caught.value)
    assert caught.value.__cause__ is error
    assert not isinstance(caught.value, ContradictionError)


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("INSERT", {}, sqlite3.IntegrityError("FOREIGN KEY constraint failed")),
        StatementError("naive", "INSERT", {}, ValueError("naive datetime")),
        ValueError("naive datetime"),
        OverflowError("Python int too large to convert to SQLite INTEGER"),
        TypeError("cannot be stored: object"),
    ],
)
def test_what_never_can_be_written_is_a_contradiction(error: Exception) -> None:
    """Trying again would not help, and the error says so by its type."""
    with pytest.raises(ContradictionError), told_as_store_error(PATH, writing=True):
        raise error


def test_store_errors_pass_as_they_are() -> None:
    """What is already told is not told again."""
    error = StoreError("told")
    with pytest.raises(StoreError) as caught, told_as_store_error(PATH):
        raise error
    assert caught.value is error
