"""The chain of hashes over the transitions, by SQL: its end, whether it holds, and letting go of links of it.

Each function runs in a transaction begun elsewhere.
"""

import json
from collections.abc import Mapping, Sequence
from heapq import merge
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, Text, cast, delete, inspect, literal, select, text, type_coerce

from watcher.store import tables
from watcher.store.codec import Row, chained_hash
from watcher.store.commits import batches
from watcher.store.packed import PIECES, unpack
from watcher.store.upsert import insert_new


def end(connection: Connection) -> tuple[int, str]:
    """The number and the hash of the last transition, forgotten or not; (0, "") before the first."""
    ends = (
        connection.execute(select(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1)).first()
        for table in (tables.transition, tables.forgotten)
    )
    return max(((last.seq, last.hash) for last in ends if last is not None), default=(0, ""))


def let_go(connection: Connection, numbers: Sequence[int]) -> None:
    """Remove these transitions and their links to pages; their numbers and hashes stay."""
    transition, link = tables.transition, tables.transition_evidence
    for some in batches(numbers):
        rows = connection.execute(select(transition.c.seq, transition.c.hash).where(transition.c.seq.in_(some)))
        insert_new(connection, tables.forgotten, [dict(row) for row in rows.mappings()], unique=["seq"])
        connection.execute(delete(link).where(link.c.seq.in_(some)))
        connection.execute(delete(transition).where(transition.c.seq.in_(some)))


def first_broken(connection: Connection) -> int | None:
    """The number of the first transition that is not as it was written; None when all are."""
    previous = ""
    # What was forgotten cannot be checked, but what follows must build on its hash.
    # A backup may be made of what an older version left, which packed nothing, or had forgotten nothing.
    is_packed = any(column["name"] == "document" for column in inspect(connection).get_columns("transition"))
    kept = connection.execute(_as_written() if is_packed else _AS_WRITTEN_BEFORE).mappings()
    has_forgotten = inspect(connection).has_table(tables.forgotten.name)
    gone = connection.execute(_as_forgotten()).mappings() if has_forgotten else ()
    for row in merge(kept, gone, key=_number):
        if not row["gone"] and not _is_intact(row, previous):
            return int(row["seq"])
        previous = row["hash"]
    return None


def _number(row: Row) -> int:
    return int(row["seq"])


def _as_forgotten() -> Select[Any]:
    columns = tables.forgotten.c
    return select(columns.seq, columns.hash, literal(1).label("gone")).order_by(columns.seq)


def _as_written() -> Select[Any]:
    # Raw, without the types that make values of it: a row that cannot be read is a broken row, not an error.
    columns = tables.transition.c
    kind, at = cast(columns.kind, Text).label("kind"), type_coerce(columns.at, BigInteger).label("at")
    known = (columns.seq, columns.hash, columns.account_id, columns.outage_id, columns.document)
    return select(*known, at, kind, literal(0).label("gone")).order_by(columns.seq)


# Up to the schema 0004 the pieces were columns of JSON.
_AS_WRITTEN_BEFORE = text(
    "SELECT seq, at, kind, account_id, outage_id, finding, outage, detail, hash, 0 AS gone FROM transition ORDER BY seq"
)


def as_written(connection: Connection, numbers: Sequence[int]) -> dict[int, tuple[dict[str, Any], str]]:
    """What the hashes of these transitions are taken over: the document as it is stored, and the hash before it."""
    found: dict[int, tuple[dict[str, Any], str]] = {}
    for some in batches(numbers):
        rows = connection.execute(_as_written().where(tables.transition.c.seq.in_(some))).mappings().all()
        before = _hashes(connection, [number - 1 for number in some])
        found |= {row["seq"]: (_document(row), before.get(row["seq"] - 1, "")) for row in rows}
    return found


def _hashes(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """The hashes of these transitions, forgotten or not."""
    return {
        row.seq: row.hash
        for table in (tables.transition, tables.forgotten)
        for row in connection.execute(select(table.c.seq, table.c.hash).where(table.c.seq.in_(numbers)))
    }


def _document(row: Mapping[Any, Any]) -> dict[str, Any]:
    # What is stored, not what this version makes of it: fields added later must not break old hashes.
    document = {name: row[name] for name in ("kind", "at", "account_id")}
    if "document" in row:
        return document | unpack(row["document"], row["account_id"], row["outage_id"], row["at"])
    return document | {name: json.loads(row[name] or "null") for name in PIECES}


def _is_intact(row: Mapping[Any, Any], previous: str) -> bool:
    try:
        document = _document(row)
        outage_id = document["outage"]["id"] if document["outage"] else None
    except (ValueError, KeyError, TypeError):
        return False
    return bool(row["outage_id"] == outage_id and row["hash"] == chained_hash(document, previous))
