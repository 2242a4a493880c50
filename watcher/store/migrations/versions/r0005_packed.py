"""Transitions packed, hashes as bytes: a fifth of the bytes. Nothing of what the hashes are taken over changes."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
import structlog
from alembic import op

from watcher.store.packed import PIECES, pack

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MICROS = sa.BigInteger()
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT_ONCE = 1_000
_TOLD_EACH = 100_000


def upgrade() -> None:
    """Write the transitions anew beside the old ones, then put them in their place; all in one transaction."""
    _pack_transitions()
    # Both tables once more, since a table that others refer to cannot be altered or renamed everywhere.
    op.execute("CREATE TABLE old_links AS SELECT seq, role, sha256 FROM transition_evidence")
    op.drop_table("transition_evidence")
    op.drop_table("transition")
    _transitions()
    op.execute(
        "INSERT INTO transition (seq, at, kind, account_id, outage_id, document, hash) "
        "SELECT seq, at, kind, account_id, outage_id, document, hash FROM packed ORDER BY seq"
    )
    _links()
    op.execute("INSERT INTO transition_evidence (seq, role, sha256) SELECT seq, role, sha256 FROM old_links")
    op.drop_table("old_links")
    op.drop_table("packed")
    _forgotten()


def _pack_transitions() -> None:
    packed = op.create_table(
        "packed",
        sa.Column("seq", _ROW_ID, autoincrement=False, primary_key=True),
        sa.Column("at", _MICROS),
        sa.Column("kind", sa.String()),
        sa.Column("account_id", sa.String()),
        sa.Column("outage_id", sa.String()),
        sa.Column("document", sa.LargeBinary()),
        sa.Column("hash", sa.LargeBinary()),
    )
    columns = "seq, at, kind, account_id, outage_id, finding, outage, detail, hash"
    count = op.get_bind().scalar(sa.text("SELECT count(*) FROM transition")) or 0
    log, done = structlog.get_logger("watcher"), 0
    for some in _parts("transition", columns):
        if done % _TOLD_EACH == 0 and count > _TOLD_EACH:
            log.info("the record is being packed, which is done once", done=done, of=count)
        op.bulk_insert(packed, [_packed(row) for row in some])
        done += len(some)


def _parts(table: str, columns: str) -> Iterator[list[Any]]:
    query = sa.text(f"SELECT {columns} FROM {table} WHERE seq > :last ORDER BY seq LIMIT {_AT_ONCE}")  # noqa: S608 - ours
    last = -1
    while some := list(op.get_bind().execute(query, {"last": last}).mappings()):
        last = some[-1]["seq"]
        yield some


def _packed(row: Any) -> dict[str, Any]:
    kept = {name: row[name] for name in ("seq", "at", "kind", "account_id", "outage_id")}
    return kept | {"document": _document(row), "hash": _hash(row["hash"])}


# What was damaged before stays so, and is named when the chain is verified: no start fails for it.


def _document(row: Any) -> bytes:
    try:
        document = {"account_id": row["account_id"], "at": row["at"]}
        return pack(document | {name: json.loads(row[name] or "null") for name in PIECES}, row["outage_id"])
    except (ValueError, TypeError):
        return b"\0" + "\n".join(str(row[name]) for name in PIECES).encode(errors="replace")


def _hash(digits: Any) -> bytes:
    try:
        return bytes.fromhex(digits)
    except (ValueError, TypeError):
        return b""


def _transitions() -> None:
    op.create_table(
        "transition",
        sa.Column("seq", _ROW_ID, autoincrement=False, nullable=False),
        sa.Column("at", _MICROS, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("outage_id", sa.String()),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_transition_account_id"),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name="fk_transition_outage_id"),
        sa.PrimaryKeyConstraint("seq", name="pk_transition"),
        sa.UniqueConstraint("account_id", "at", "kind", name="uq_transition_account_id_at_kind"),
    )
    op.create_index("ix_transition_at", "transition", ["at"])
    op.create_index("ix_transition_outage_id", "transition", ["outage_id"])


def _links() -> None:
    op.create_table(
        "transition_evidence",
        sa.Column("seq", _ROW_ID, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["transition.seq"], name="fk_transition_evidence_seq"),
        sa.ForeignKeyConstraint(["sha256"], ["evidence.sha256"], name="fk_transition_evidence_sha256"),
        sa.PrimaryKeyConstraint("seq", "role", "sha256", name="pk_transition_evidence"),
    )
    op.create_index("ix_transition_evidence_sha256", "transition_evidence", ["sha256"])


def _forgotten() -> None:
    op.rename_table("forgotten", "old_forgotten")
    forgotten = op.create_table(
        "forgotten",
        sa.Column("seq", _ROW_ID, nullable=False, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_forgotten"),
    )
    for some in _parts("old_forgotten", "seq, hash"):
        op.bulk_insert(forgotten, [{"seq": row["seq"], "hash": _hash(row["hash"])} for row in some])
    op.drop_table("old_forgotten")
