"""INSERT that knows what to do about rows that are there already, as SQLite spells it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import Insert, insert

from watcher.store.driver import run_many


def insert_or_update(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: Iterable[str] = (),
    only_while_null: str | None = None,
) -> None:
    """Insert `rows`; where the primary key is there, update the other columns that the rows give, but for `keep`.

    A row that is there stays as it is once its column `only_while_null`, where one is named, has a value.
    All rows must give the same columns.
    """
    if rows:
        statement = _upsert(table, tuple(rows[0]), tuple(keep), only_while_null)
        run_many(connection, table, statement, rows)


def insert_new(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    unique: Sequence[str],
    latest: str | None = None,
) -> None:
    """Insert those of `rows` whose `unique` columns (a unique index) are not there yet.

    Of the column `latest`, where one is named, the greater value stays; nothing else of a row that is there changes.
    """
    if rows:
        run_many(connection, table, _insert_new(table, tuple(unique), latest), rows)


# Built once each: putting a statement together takes longer than running it.
@lru_cache(maxsize=256)
def _upsert(table: Table, columns: tuple[str, ...], keep: tuple[str, ...], only_while_null: str | None) -> Insert:
    statement = insert(table)
    key = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in columns if name not in (*key, *keep)}
    where = None if only_while_null is None else table.c[only_while_null].is_(None)
    return statement.on_conflict_do_update(index_elements=key, set_=changes, where=where)


@lru_cache(maxsize=256)
def _insert_new(table: Table, unique: tuple[str, ...], latest: str | None) -> Insert:
    statement = insert(table)
    if latest is None:
        return statement.on_conflict_do_nothing(index_elements=list(unique))
    new = statement.excluded[latest]
    return statement.on_conflict_do_update(index_elements=list(unique), set_={latest: new}, where=table.c[latest] < new)


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`, of which none may be there yet."""
    if rows:
        run_many(connection, table, insert(table), rows)
