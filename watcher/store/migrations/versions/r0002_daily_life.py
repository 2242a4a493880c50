"""Retractions, annotations, samples, recipients still to be reached, what is left of what was forgotten; uptime."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MICROS = sa.BigInteger()
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns that may be empty or begin at 0, and new tables."""
    op.add_column("outage", sa.Column("retracted_at", _MICROS))
    op.add_column("outage", sa.Column("retraction", sa.Text()))
    op.add_column("notification", sa.Column("recipients", sa.Text()))
    op.create_index("ix_transition_evidence_sha256", "transition_evidence", ["sha256"])
    for name in ("observed", "outage_unobserved"):
        op.add_column("account_state", sa.Column(name, _MICROS, nullable=False, server_default="0"))
    _annotations()
    _samples()
    op.create_table(
        "forgotten",
        sa.Column("seq", _ROW_ID, nullable=False, autoincrement=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_forgotten"),
    )


def _annotations() -> None:
    op.create_table(
        "annotation",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("outage_id", sa.String(), nullable=False),
        sa.Column("at", _MICROS, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.Text()),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name="fk_annotation_outage_id"),
        sa.PrimaryKeyConstraint("id", name="pk_annotation"),
    )
    op.create_index("ix_annotation_outage_id", "annotation", ["outage_id"])


def _samples() -> None:
    op.create_table(
        "sample",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("at", _MICROS, nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("vantage", sa.String(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("latency", _MICROS),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_sample_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sample"),
        sa.UniqueConstraint("account_id", "at", name="uq_sample_account_id_at"),
    )
    op.create_index("ix_sample_at", "sample", ["at"])
