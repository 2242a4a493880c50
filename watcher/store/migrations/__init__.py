"""The history of the schema, and bringing a database up to it. Only migrations change tables, and none is ever edited.

A new one is the next `versions/rNNNN_what.py` with the revision NNNN; a test compares what they make with `tables`,
of which a new database is made. Alembic, which takes a tenth of the program's memory, is loaded only where there is
something to migrate.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from watcher.model.errors import StoreError
from watcher.store.tables import metadata

_TABLE: Final = "alembic_version"
_KNOWN: Final = frozenset(path.name[1:5] for path in (Path(__file__).parent / "versions").glob("r[0-9]*.py"))


def upgrade(connection: Connection, name: Path) -> bool:
    """Make the schema, or bring it up to date, within the transaction that `connection` is in. `name` is for messages.

    True when it was made, of nothing. Raises StoreError when a newer version of the program has changed it already.
    """
    found = revisions(connection)
    _refuse_newer(found, name)
    if not found:
        _create(connection)
    elif found != head():
        from watcher.store.migrations.chain import migrate  # noqa: PLC0415 - see above

        migrate(connection)
    return not found


def _create(connection: Connection) -> None:
    # As alembic makes it. The first, since what is read at every start had better be where damage shows.
    connection.execute(text(f"CREATE TABLE {_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    metadata.create_all(connection, checkfirst=False)
    for revision in head():
        connection.execute(text(f"INSERT INTO {_TABLE} VALUES (:revision)"), {"revision": revision})  # noqa: S608 - our own


def require_current(connection: Connection, name: Path) -> None:
    """Raise StoreError unless the schema is the one that this version reads."""
    found = revisions(connection)
    _refuse_newer(found, name)
    if not found:
        raise StoreError(f"no database at {name}: has watcher run yet?")
    if found != head():
        raise StoreError(f"{name} was written by an older watcher: start `watcher run` once to bring it up to date")


def revisions(connection: Connection) -> frozenset[str]:
    """The revisions that the database says it has; empty for a new one."""
    if not inspect(connection).has_table(_TABLE):
        return frozenset()
    return frozenset(connection.execute(text(f"SELECT version_num FROM {_TABLE}")).scalars())  # noqa: S608 - our own


def head() -> frozenset[str]:
    """The revision of a database that is up to date."""
    return frozenset({max(_KNOWN)})


def _refuse_newer(found: frozenset[str], name: Path) -> None:
    if unknown := found - _KNOWN:
        raise StoreError(
            f"{name} was written by a newer watcher (schema {', '.join(sorted(unknown))}): "
            "upgrade this one, or set another state_dir"
        )
