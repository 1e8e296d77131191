"""How often each account was tried for."""

from alembic import op

revision = "gateway_0002_from_0001"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table. It shows neither accounts nor addresses: its keys are digests."""
    op.execute("""
    CREATE TABLE attempts (key BYTEA PRIMARY KEY, until TIMESTAMPTZ NOT NULL);
    CREATE INDEX idx_attempts_until ON attempts (until);
    """)


def downgrade() -> None:
    """Undo it."""
    op.execute("DROP TABLE attempts")
