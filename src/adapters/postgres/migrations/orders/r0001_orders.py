"""The original's orders and their items, what happened to each, and the messaging's tables."""

from alembic import op

from adapters.postgres.migrations import messaging

revision = "orders_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; what the original lacked has a default, so that its INSERTs still work."""
    op.execute("""
    CREATE TABLE orders (
        id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
        "userId" VARCHAR(255) NOT NULL,
        status VARCHAR(50) NOT NULL DEFAULT 'pending'
            CHECK (status IN ('pending', 'confirmed', 'processing', 'shipped', 'delivered',
                              'cancelled')),
        "totalAmount" DECIMAL(10, 2) NOT NULL,
        "createdAt" TIMESTAMPTZ DEFAULT now(),
        "updatedAt" TIMESTAMPTZ DEFAULT now(),
        reason VARCHAR(50),
        sellers TEXT[] NOT NULL DEFAULT '{}',
        version INTEGER NOT NULL DEFAULT 1
    );
    CREATE TABLE order_items (
        id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
        "orderId" UUID NOT NULL REFERENCES orders(id) ON DELETE CASCADE,
        "productId" VARCHAR(255) NOT NULL,
        quantity INTEGER NOT NULL CHECK (quantity > 0),
        price DECIMAL(10, 2) NOT NULL,
        line SMALLINT NOT NULL DEFAULT 0
    );
    CREATE INDEX idx_orders_userId ON orders("userId");
    CREATE INDEX idx_orders_status ON orders(status);
    CREATE INDEX idx_orders_pending ON orders("createdAt", id) WHERE status = 'pending';
    CREATE INDEX idx_order_items_orderId ON order_items("orderId");
    CREATE INDEX idx_order_items_productId ON order_items("productId");

    CREATE TABLE order_events (
        "orderId" UUID NOT NULL,
        version INTEGER NOT NULL,
        event JSONB NOT NULL,
        PRIMARY KEY ("orderId", version)
    );
    """)
    messaging.create()


def downgrade() -> None:
    """Undo it."""
    messaging.drop()
    op.execute("DROP TABLE order_events, order_items, orders")
