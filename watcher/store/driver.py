"""Many rows at once, to and from the driver itself: SQLAlchemy's way of each takes several times as long as SQLite's.

The statements are SQLAlchemy's, and what is stored is the same, since the types say how. No statement is made here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Select, Table
from sqlalchemy.sql.dml import Insert
from sqlalchemy.types import TypeEngine

from watcher.store.columns import Plain

_AT_ONCE: Final = 1_000
_PARAMETERS: Final = 900  # of one statement: older versions of SQLite take 999
_Changes = tuple[tuple[int, Callable[[Any], Any]], ...]


def run_many(connection: Connection, table: Table, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run an INSERT for each of `rows`, which all have the same columns; there is one at least."""
    sql, in_order, changes = _prepared(connection.dialect, table, statement, tuple(rows[0]))
    values = [_changed(list(in_order(row)), changes) for row in rows]
    # Each step of a statement gives the interpreter's lock away, and a busy loop has it for 5 ms then: so few steps.
    one = f"({', '.join('?' * len(values[0]))})"
    together = max(1, _PARAMETERS // len(values[0])) if f"VALUES {one}" in sql else 1
    whole = len(values) // together * together
    if together > 1 and whole:
        several = sql.replace(f"VALUES {one}", f"VALUES {', '.join([one] * together)}")
        parts = (values[start : start + together] for start in range(0, whole, together))
        connection.exec_driver_sql(several, [tuple(chain.from_iterable(part)) for part in parts])
        values = values[whole:]
    if values:
        connection.exec_driver_sql(sql, [tuple(row) for row in values])


def rows_of(connection: Connection, query: Select[Any]) -> Iterator[Mapping[str, Any]]:
    """The rows of a query without parameters, by the names of their columns."""
    names, changes = _columns(connection.dialect, query)
    found = connection.exec_driver_sql(str(query.compile(dialect=connection.dialect)))
    while some := found.fetchmany(_AT_ONCE):
        for row in some:
            yield dict(zip(names, _changed(list(row), changes), strict=True))


def _changed(values: list[Any], changes: _Changes) -> list[Any]:
    for place, change in changes:
        if values[place] is not None:
            values[place] = change(values[place])
    return values


@lru_cache(maxsize=256)
def _prepared(
    dialect: Dialect, table: Table, statement: Insert, names: tuple[str, ...]
) -> tuple[str, Callable[[Mapping[str, Any]], Sequence[Any]], _Changes]:
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    order = tuple(compiled.positiontup or ())
    makers = [_stored(table.c[name].type, dialect) for name in order]
    changes = tuple((place, make) for place, make in enumerate(makers) if make is not None)
    return str(compiled), itemgetter(*order) if len(order) > 1 else lambda row: (row[order[0]],), changes


def _columns(dialect: Dialect, query: Select[Any]) -> tuple[tuple[str, ...], _Changes]:
    columns = tuple(query.selected_columns)
    makers = [_read(column.type, dialect) for column in columns]
    changes = tuple((place, make) for place, make in enumerate(makers) if make is not None)
    return tuple(column.key or "" for column in columns), changes


def _stored(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return kind.stored if isinstance(kind, Plain) else kind.dialect_impl(dialect).bind_processor(dialect)


def _read(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return kind.read if isinstance(kind, Plain) else kind.dialect_impl(dialect).result_processor(dialect, None)
