"""How long the program ran without a verdict on an account before its last start."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that begins at 0."""
    op.add_column("account_state", sa.Column("unseen", sa.BigInteger(), nullable=False, server_default="0"))
