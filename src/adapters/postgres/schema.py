"""The tables of every service's database, as the code wants them; migrations make them so."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP, UUID

_AT: Final = TIMESTAMP(timezone=True)
_NEW_ID: Final = sa.text("gen_random_uuid()")
_NOW: Final = sa.text("now()")
_DIGEST: Final = sa.Computed("sha256(lane)", persisted=True)
"""A message's key may be longer than an entry of an index."""


def _messaging(metadata: sa.MetaData) -> None:
    """Add the inbox, the outbox and what is parked."""
    sa.Table(
        "inbox",
        metadata,
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("handled_at", _AT, nullable=False, server_default=_NOW),
        sa.Index("idx_inbox_handled_at", "handled_at"),
    )
    sa.Table(
        "outbox",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=False), nullable=False),
        sa.Column("bucket", sa.SmallInteger, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", BYTEA),
        sa.Column("payload", BYTEA),
        sa.Column("headers", BYTEA, nullable=False),
        sa.Column("partition", sa.BigInteger),
        sa.Column("occurred_at", _AT, nullable=False, server_default=_NOW),
        sa.Column("available_at", _AT),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("bucket", "id"),
        sa.Index(
            "idx_outbox_put_off",
            "available_at",
            postgresql_where=sa.text("available_at IS NOT NULL"),
        ),
    )
    sa.Table(
        "parked_messages",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=False), primary_key=True),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("lane", BYTEA, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("timestamp", _AT, nullable=False),
        sa.Column("key", BYTEA),
        sa.Column("payload", BYTEA),
        sa.Column("headers", BYTEA, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_failed_at", _AT, nullable=False),
        sa.Column("next_attempt_at", _AT, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("lane_digest", BYTEA, _DIGEST, nullable=False),
        sa.Index(
            "idx_parked_messages_once",
            "consumer",
            "topic",
            "lane_digest",
            "partition",
            "offset",
            unique=True,
        ),
        sa.Index(
            "idx_parked_messages_lane",
            "consumer",
            "topic",
            "lane_digest",
            "id",
            postgresql_include=["next_attempt_at"],
        ),
    )
    sa.Table(
        "held_lanes",
        metadata,
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("lane", BYTEA, nullable=False),
        sa.Column("lane_digest", BYTEA, _DIGEST, primary_key=True),
    )


AUTH: Final = sa.MetaData()
sa.Table(
    "users",
    AUTH,
    sa.Column("id", UUID, primary_key=True, server_default=_NEW_ID),
    sa.Column("email", sa.String(255), nullable=False),
    sa.Column("password", sa.String(255), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("role", sa.String(50), nullable=False),
    sa.Column("isActive", sa.Boolean, server_default=sa.true()),
    sa.Column("createdAt", _AT, server_default=_NOW),
    sa.Column("updatedAt", _AT, server_default=_NOW),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.UniqueConstraint("email", name="users_email_key"),
    sa.CheckConstraint("role IN ('buyer', 'seller', 'admin')", name="users_role_check"),
    sa.Index("idx_users_email", "email"),
    sa.Index("idx_users_role", "role"),
)
sa.Table(
    "sessions",
    AUTH,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("userId", UUID, nullable=False),
    sa.Column("currentHash", sa.Text, nullable=False),
    sa.Column("previousHash", sa.Text),
    sa.Column("rotatedAt", _AT, nullable=False),
    sa.Column("expiresAt", _AT, nullable=False),
    sa.Column("endedAt", _AT),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("idx_sessions_expires_at", "expiresAt"),
)
_messaging(AUTH)

ORDERS: Final = sa.MetaData()
sa.Table(
    "orders",
    ORDERS,
    sa.Column("id", UUID, primary_key=True, server_default=_NEW_ID),
    sa.Column("userId", sa.String(255), nullable=False),
    sa.Column("status", sa.String(50), nullable=False, server_default="pending"),
    sa.Column("totalAmount", sa.Numeric(10, 2), nullable=False),
    sa.Column("createdAt", _AT, server_default=_NOW),
    sa.Column("updatedAt", _AT, server_default=_NOW),
    sa.Column("reason", sa.String(50)),
    sa.Column("sellers", sa.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.CheckConstraint(
        "status IN ('pending', 'confirmed', 'processing', 'shipped', 'delivered', 'cancelled')",
        name="orders_status_check",
    ),
    sa.Index("idx_orders_userid", "userId"),
    sa.Index("idx_orders_status", "status"),
    sa.Index(
        "idx_orders_pending",
        "createdAt",
        "id",
        postgresql_where=sa.text("status = 'pending'"),
    ),
)
sa.Table(
    "order_items",
    ORDERS,
    sa.Column("id", UUID, primary_key=True, server_default=_NEW_ID),
    sa.Column(
        "orderId",
        UUID,
        sa.ForeignKey("orders.id", ondelete="CASCADE", name="order_items_orderId_fkey"),
        nullable=False,
    ),
    sa.Column("productId", sa.String(255), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("price", sa.Numeric(10, 2), nullable=False),
    sa.Column("line", sa.SmallInteger, nullable=False, server_default="0"),
    sa.CheckConstraint("quantity > 0", name="order_items_quantity_check"),
    sa.Index("idx_order_items_orderid", "orderId"),
    sa.Index("idx_order_items_productid", "productId"),
)
sa.Table(
    "order_events",
    ORDERS,
    sa.Column("orderId", UUID, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("event", JSONB, nullable=False),
)
_messaging(ORDERS)

_C: Final = sa.Text(collation="C")
"""Text in the order of its code points, as positions in lists compare it."""

GATEWAY: Final = sa.MetaData()
sa.Table(
    "product_view",
    GATEWAY,
    sa.Column("productId", _C, primary_key=True),
    sa.Column("isShown", sa.Boolean, nullable=False),
    sa.Column("isActive", sa.Boolean, nullable=False),
    sa.Column("category", _C, nullable=False),
    sa.Column("sellerId", _C),
    sa.Column("newest", sa.BigInteger, nullable=False),
    sa.Column("cents", sa.BigInteger, nullable=False),
    sa.Column("foldedName", _C, nullable=False),
    sa.Column("searched", _C, nullable=False),
    sa.Column("view", sa.JSON, nullable=False),
    *(
        sa.Index(
            "_".join(("idx_product_view", *(name.lower() for name in (*group, key)))),
            "isActive",
            *group,
            key,
            "productId",
            postgresql_where=sa.text('"isShown"'),
        )
        for group in ((), ("category",), ("sellerId",), ("sellerId", "category"))
        for key in ("newest", "cents", "foldedName")
    ),
    # Stock changes most often and is in no index: with room on its page a row is replaced there.
    postgresql_with={"fillfactor": "80"},
)
sa.Table(
    "order_view",
    GATEWAY,
    sa.Column("orderId", _C, primary_key=True),
    sa.Column("isShown", sa.Boolean, nullable=False),
    sa.Column("userId", _C, nullable=False),
    sa.Column("status", _C, nullable=False),
    sa.Column("newest", sa.BigInteger, nullable=False),
    sa.Column("view", sa.JSON, nullable=False),
    *(
        sa.Index(
            "_".join(("idx_order_view", *(name.lower() for name in group), "newest")),
            *group,
            "newest",
            "orderId",
            postgresql_where=sa.text('"isShown"'),
        )
        for group in ((), ("status",), ("userId",), ("userId", "status"))
    ),
)
sa.Table(
    "order_view_sellers",
    GATEWAY,
    sa.Column("sellerId", _C, primary_key=True),
    sa.Column("orderId", _C, primary_key=True),
    sa.Column("status", _C, nullable=False),
    sa.Column("newest", sa.BigInteger, nullable=False),
    sa.Index("idx_order_view_sellers_newest", "sellerId", "newest", "orderId"),
    sa.Index("idx_order_view_sellers_status_newest", "sellerId", "status", "newest", "orderId"),
)
sa.Table(
    "user_view",
    GATEWAY,
    sa.Column("userId", _C, primary_key=True),
    sa.Column("view", sa.JSON, nullable=False),
)
sa.Table(
    "operation_view",
    GATEWAY,
    sa.Column("operationId", _C, primary_key=True),
    sa.Column("view", sa.JSON, nullable=False),
    sa.Column("completedAt", _AT, nullable=False),
    sa.Index("idx_operation_view_completed_at", "completedAt"),
)
sa.Table(
    "view_positions",
    GATEWAY,
    sa.Column("topic", _C, primary_key=True),
    sa.Column("partition", sa.Integer, primary_key=True),
    sa.Column("reached", sa.BigInteger, nullable=False),
)
sa.Table(
    "idempotency_keys",
    GATEWAY,
    sa.Column("caller", _C, primary_key=True),
    sa.Column("route", _C, primary_key=True),
    sa.Column("key", _C, primary_key=True),
    sa.Column("digest", BYTEA, nullable=False),
    sa.Column("operationId", _C, nullable=False),
    sa.Column("createdAt", _AT, nullable=False),
    sa.Column("refusal", BYTEA),
    sa.Index("idx_idempotency_keys_created_at", "createdAt"),
)
sa.Table(
    "attempts",
    GATEWAY,
    sa.Column("key", BYTEA, primary_key=True),
    sa.Column("until", _AT, nullable=False),
    sa.Index("idx_attempts_until", "until"),
)
_messaging(GATEWAY)

OPTIONAL_INDEXES: Final = ("idx_product_view_searched",)
"""What is there only where the server has what it takes; nothing depends on it but speed."""

VIEW_TABLES: Final = (
    "product_view",
    "order_view",
    "order_view_sellers",
    "user_view",
    "operation_view",
    "view_positions",
)
"""What a rebuild makes anew; the rest of the gateway's database has no other source."""
