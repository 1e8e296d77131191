"""The gateway's views and how far they were built, idempotency keys, and the messaging's tables."""

from alembic import op

from adapters.postgres.migrations import messaging

revision = "gateway_0001"
down_revision = None
branch_labels = None
depends_on = None

_TRIGRAMS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
        CREATE INDEX idx_product_view_searched ON product_view
            USING gin (searched gin_trgm_ops) WHERE "isShown";
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'this role may not create the extension pg_trgm: searches read whole lists';
END $$
"""
"""Finds rare texts at once where PostgreSQL came with its contributed modules; may be missing."""


def upgrade() -> None:
    """Make the tables. Lists are read by an index that ends in their sort key and the id."""
    op.execute("""
    CREATE TABLE product_view (
        "productId" TEXT COLLATE "C" PRIMARY KEY,
        "isShown" BOOLEAN NOT NULL,
        "isActive" BOOLEAN NOT NULL,
        category TEXT COLLATE "C" NOT NULL,
        "sellerId" TEXT COLLATE "C",
        newest BIGINT NOT NULL,
        cents BIGINT NOT NULL,
        "foldedName" TEXT COLLATE "C" NOT NULL,
        searched TEXT COLLATE "C" NOT NULL,
        view JSON NOT NULL
    ) WITH (fillfactor = 80);
    CREATE TABLE order_view (
        "orderId" TEXT COLLATE "C" PRIMARY KEY,
        "isShown" BOOLEAN NOT NULL,
        "userId" TEXT COLLATE "C" NOT NULL,
        status TEXT COLLATE "C" NOT NULL,
        newest BIGINT NOT NULL,
        view JSON NOT NULL
    );
    CREATE TABLE order_view_sellers (
        "sellerId" TEXT COLLATE "C",
        "orderId" TEXT COLLATE "C",
        status TEXT COLLATE "C" NOT NULL,
        newest BIGINT NOT NULL,
        PRIMARY KEY ("sellerId", "orderId")
    );
    CREATE TABLE user_view (
        "userId" TEXT COLLATE "C" PRIMARY KEY,
        view JSON NOT NULL
    );
    CREATE TABLE operation_view (
        "operationId" TEXT COLLATE "C" PRIMARY KEY,
        view JSON NOT NULL,
        "completedAt" TIMESTAMPTZ NOT NULL
    );
    CREATE TABLE view_positions (
        topic TEXT COLLATE "C",
        partition INTEGER,
        reached BIGINT NOT NULL,
        PRIMARY KEY (topic, partition)
    );
    CREATE TABLE idempotency_keys (
        caller TEXT COLLATE "C",
        route TEXT COLLATE "C",
        key TEXT COLLATE "C",
        digest BYTEA NOT NULL,
        "operationId" TEXT COLLATE "C" NOT NULL,
        "createdAt" TIMESTAMPTZ NOT NULL,
        refusal BYTEA,
        PRIMARY KEY (caller, route, key)
    );
    """)
    for group in ((), ("category",), ("sellerId",), ("sellerId", "category")):
        for key in ("newest", "cents", "foldedName"):
            name = "_".join(("idx_product_view", *(column.lower() for column in (*group, key))))
            _index(name, "product_view", "isActive", *group, key, "productId", shown=True)
    for columns in ((), ("status",), ("userId",), ("userId", "status")):
        name = "_".join(("idx_order_view", *(column.lower() for column in columns), "newest"))
        _index(name, "order_view", *columns, "newest", "orderId", shown=True)
    sellers = "order_view_sellers"
    _index(f"idx_{sellers}_newest", sellers, "sellerId", "newest", "orderId")
    _index(f"idx_{sellers}_status_newest", sellers, "sellerId", "status", "newest", "orderId")
    _index("idx_operation_view_completed_at", "operation_view", "completedAt")
    _index("idx_idempotency_keys_created_at", "idempotency_keys", "createdAt")
    op.execute(_TRIGRAMS)
    messaging.create()


def downgrade() -> None:
    """Undo it."""
    messaging.drop()
    op.execute("""
    DROP TABLE idempotency_keys, view_positions, operation_view, user_view, order_view_sellers,
               order_view, product_view
    """)


def _index(name: str, table: str, *columns: str, shown: bool = False) -> None:
    named = ", ".join(f'"{column}"' for column in columns)
    condition = ' WHERE "isShown"' if shown else ""
    op.execute(f"CREATE INDEX {name} ON {table} ({named}){condition}")
