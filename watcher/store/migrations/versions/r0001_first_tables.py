"""The tables of the first version. Written out: what a migration makes must not change when `tables` does."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MICROS = sa.BigInteger()
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    """Make them all, in the order in which they refer to one another."""
    _accounts()
    _outages()
    _states()
    _platforms_and_gaps()
    _transitions_and_evidence()
    _incidents()
    _outbox()


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("instance", sa.String(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("display_handle", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("owner", sa.String()),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("watched_since", _MICROS, nullable=False),
        sa.Column("unwatched_at", _MICROS),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
    )


def _outages() -> None:
    op.create_table(
        "outage",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("handle_then", sa.Text(), nullable=False),
        sa.Column("severity_then", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("certainty", sa.String(), nullable=False),
        sa.Column("last_present", _MICROS, nullable=False),
        sa.Column("began_e", _MICROS, nullable=False),
        sa.Column("began_l", _MICROS, nullable=False),
        sa.Column("confirmed_at", _MICROS, nullable=False),
        sa.Column("last_absent_e", _MICROS, nullable=False),
        sa.Column("last_absent_l", _MICROS, nullable=False),
        sa.Column("ended_e", _MICROS),
        sa.Column("ended_l", _MICROS),
        sa.Column("closed_at", _MICROS),
        sa.Column("end_cause", sa.String()),
        sa.Column("unobserved", _MICROS, nullable=False),
        sa.Column("quote", sa.Text()),
        sa.Column("language", sa.Text()),
        sa.Column("previous_id", sa.String()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_outage_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outage"),
    )
    op.create_index("ix_outage_account_id_confirmed_at", "outage", ["account_id", "confirmed_at"])
    op.create_index("ix_outage_confirmed_at", "outage", ["confirmed_at"])
    op.create_index(
        "one_open_outage_per_account", "outage", ["account_id"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
    )


def _states() -> None:
    op.create_table(
        "account_state",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("since", _MICROS, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("r", sa.Integer(), nullable=False),
        sa.Column("last_counted", _MICROS),
        sa.Column("last_seen", _MICROS),
        sa.Column("observed_until", _MICROS),
        sa.Column("last_probe_at", _MICROS),
        sa.Column("last_verdict_at", _MICROS),
        sa.Column("verdict", sa.String()),
        sa.Column("reason", sa.String()),
        sa.Column("source", sa.String()),
        sa.Column("inconclusive", sa.Integer(), nullable=False),
        sa.Column("stable_id", sa.Text()),
        sa.Column("handle", sa.Text()),
        sa.Column("last_present", _MICROS),
        sa.Column("began_e", _MICROS),
        sa.Column("began_l", _MICROS),
        sa.Column("last_absent_e", _MICROS),
        sa.Column("last_absent_l", _MICROS),
        sa.Column("returned_e", _MICROS),
        sa.Column("returned_l", _MICROS),
        sa.Column("next_reason", sa.String()),
        sa.Column("blind_since", _MICROS),
        sa.Column("outage_id", sa.String()),
        sa.Column("previous_outage_id", sa.String()),
        sa.Column("last_outage", _MICROS),
        sa.Column("outages_total", sa.Integer(), nullable=False),
        sa.Column("outage_closed", _MICROS, nullable=False),
        sa.Column("unobserved", _MICROS, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_account_state_account_id"),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name="fk_account_state_outage_id"),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_state"),
    )


def _platforms_and_gaps() -> None:
    op.create_table(
        "platform_state",
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("instance", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("vantage", sa.String(), nullable=False),
        sa.Column("positives", sa.JSON(), nullable=False),
        sa.Column("negatives", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "instance", "source", "vantage", name="pk_platform_state"),
    )
    op.create_table(
        "unobserved",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("from_at", _MICROS, nullable=False),
        sa.Column("to_at", _MICROS, nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_unobserved"),
        sa.UniqueConstraint("scope", "key", "from_at", "cause", name="uq_unobserved_scope_key_from_at_cause"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )


def _transitions_and_evidence() -> None:
    op.create_table(
        "transition",
        sa.Column("seq", _ROW_ID, autoincrement=False, nullable=False),
        sa.Column("at", _MICROS, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("outage_id", sa.String()),
        sa.Column("finding", sa.JSON()),
        sa.Column("outage", sa.JSON()),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_transition_account_id"),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name="fk_transition_outage_id"),
        sa.PrimaryKeyConstraint("seq", name="pk_transition"),
        sa.UniqueConstraint("account_id", "at", "kind", name="uq_transition_account_id_at_kind"),
    )
    op.create_index("ix_transition_at", "transition", ["at"])
    op.create_index("ix_transition_outage_id", "transition", ["outage_id"])
    op.create_table(
        "evidence",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _MICROS),
        sa.PrimaryKeyConstraint("sha256", name="pk_evidence"),
    )
    op.create_table(
        "transition_evidence",
        sa.Column("seq", _ROW_ID, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["transition.seq"], name="fk_transition_evidence_seq"),
        sa.ForeignKeyConstraint(["sha256"], ["evidence.sha256"], name="fk_transition_evidence_sha256"),
        sa.PrimaryKeyConstraint("seq", "role", "sha256", name="pk_transition_evidence"),
    )


def _incidents() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("opened_at", _MICROS, nullable=False),
        sa.Column("closed_at", _MICROS),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
    )
    op.create_index(
        "one_open_incident_per_key",
        "incident",
        ["kind", "key"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def _outbox() -> None:
    op.create_table(
        "notification",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("dedup_key", sa.String(), nullable=False),
        sa.Column("due_at", _MICROS, nullable=False),
        sa.Column("event_at", _MICROS, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("claimed_until", _MICROS),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", _MICROS),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_notification_incident_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
        sa.UniqueConstraint("dedup_key", name="uq_notification_dedup_key"),
    )
    op.create_index("ix_notification_incident_id_channel_seq", "notification", ["incident_id", "channel", "seq"])
    op.create_index("ix_notification_state_due_at", "notification", ["state", "due_at"])
    op.create_table(
        "delivery",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("notification_id", _ROW_ID, nullable=False),
        sa.Column("at", _MICROS, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("latency", _MICROS, nullable=False),
        sa.ForeignKeyConstraint(["notification_id"], ["notification.id"], name="fk_delivery_notification_id"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
    )
    op.create_index("ix_delivery_notification_id", "delivery", ["notification_id"])
