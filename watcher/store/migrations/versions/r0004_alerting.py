"""Groups, threads, silences, who acknowledged, and how often an account came and went."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables, and columns that may be empty."""
    op.add_column("incident", sa.Column("acked_by", sa.Text()))
    op.add_column("incident", sa.Column("acked_at", sa.BigInteger()))
    op.add_column("incident", sa.Column("ack_comment", sa.Text()))
    op.add_column("incident", sa.Column("labels", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("account_state", sa.Column("flaps", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("account_state", sa.Column("flaps_since", sa.BigInteger()))
    op.add_column("account_state", sa.Column("flapping_since", sa.BigInteger()))
    op.add_column("notification", sa.Column("resent_at", sa.BigInteger()))
    op.create_table(
        "incident_outage",
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("outage_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_incident_outage_incident_id"),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name="fk_incident_outage_outage_id"),
        sa.PrimaryKeyConstraint("incident_id", "outage_id", name="pk_incident_outage"),
    )
    op.create_index("ix_incident_outage_outage_id", "incident_outage", ["outage_id"])
    op.create_table(
        "thread",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_thread_incident_id"),
        sa.PrimaryKeyConstraint("channel", "incident_id", name="pk_thread"),
    )
    op.create_index("ix_thread_incident_id", "thread", ["incident_id"])
    op.create_table(
        "silence",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silence"),
    )
    op.create_index("ix_silence_ends_at", "silence", ["ends_at"])
