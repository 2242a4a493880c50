"""Where unobserved time belongs, until it is known; and up to when an absence is counted that goes on."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns that begin at 0 or may be empty."""
    for name in ("unplaced", "outage_unplaced"):
        op.add_column("account_state", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("account_state", sa.Column("counted_until", sa.BigInteger()))
