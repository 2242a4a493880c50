"""INSERT that knows what to do about rows that are there already: the one thing that SQL dialects spell apart."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

_Insert = sqlite.Insert | postgresql.Insert


def insert_or_update(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: Iterable[str] = (),
    only_where: ColumnElement[bool] | None = None,
) -> None:
    """Insert `rows`; where the primary key is there, update the other columns that the rows give, but for `keep`.

    A row that is there and does not fulfil `only_where` stays as it is. All rows must give the same columns.
    """
    if not rows:
        return
    statement = _insert(connection, table)
    key = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in rows[0] if name not in (*key, *keep)}
    connection.execute(
        statement.on_conflict_do_update(index_elements=key, set_=changes, where=only_where), _as_parameters(rows)
    )


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
    if not rows:
        return
    statement = _insert(connection, table)
    if latest is None:
        statement = statement.on_conflict_do_nothing(index_elements=list(unique))
    else:
        new = statement.excluded[latest]
        statement = statement.on_conflict_do_update(
            index_elements=list(unique), set_={latest: new}, where=table.c[latest] < new
        )
    connection.execute(statement, _as_parameters(rows))


def _insert(connection: Connection, table: Table) -> _Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _as_parameters(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [dict(row) for row in rows]
