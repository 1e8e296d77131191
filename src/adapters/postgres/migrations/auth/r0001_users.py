"""The original's users, sessions, and the messaging's tables."""

from alembic import op

from adapters.postgres.migrations import messaging

revision = "auth_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; what the original lacked has a default, so that its INSERTs still work."""
    op.execute("""
    CREATE TABLE users (
        id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
        email VARCHAR(255) UNIQUE NOT NULL,
        password VARCHAR(255) NOT NULL,
        name VARCHAR(255) NOT NULL,
        role VARCHAR(50) NOT NULL CHECK (role IN ('buyer', 'seller', 'admin')),
        "isActive" BOOLEAN DEFAULT true,
        "createdAt" TIMESTAMPTZ DEFAULT now(),
        "updatedAt" TIMESTAMPTZ DEFAULT now(),
        version INTEGER NOT NULL DEFAULT 1
    );
    CREATE INDEX idx_users_email ON users(email);
    CREATE INDEX idx_users_role ON users(role);

    CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        "userId" UUID NOT NULL,
        "currentHash" TEXT NOT NULL,
        "previousHash" TEXT,
        "rotatedAt" TIMESTAMPTZ NOT NULL,
        "expiresAt" TIMESTAMPTZ NOT NULL,
        "endedAt" TIMESTAMPTZ,
        version INTEGER NOT NULL
    );
    CREATE INDEX idx_sessions_expires_at ON sessions("expiresAt");
    """)
    messaging.create()


def downgrade() -> None:
    """Undo it."""
    messaging.drop()
    op.execute("DROP TABLE sessions, users")
