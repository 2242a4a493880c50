"""Mass events, what controls looked like, evidence kept in the database, and samples that can be judged again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns that may be empty."""
    op.add_column("outage", sa.Column("cohort_id", sa.String()))
    op.create_index("ix_outage_cohort_id", "outage", ["cohort_id"])
    op.add_column("account_state", sa.Column("last_outage_id", sa.String()))
    op.add_column("platform_state", sa.Column("baseline", sa.JSON()))
    op.add_column("evidence", sa.Column("content", sa.LargeBinary()))
    op.add_column("sample", sa.Column("imprint", sa.JSON()))
