"""The original's tables are as its document has them, but for times, which know their zone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import errors

COLUMNS = """
SELECT column_name, data_type, coalesce(character_maximum_length, numeric_precision::int),
       is_nullable = 'YES', column_default
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position
"""
CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype IN ('c', 'f', 'p', 'u') ORDER BY conname
"""
INDEXES = """
SELECT indexname, split_part(indexdef, ' USING ', 2) FROM pg_indexes
WHERE schemaname = 'public' AND tablename = %s AND indexname LIKE 'idx%%' ORDER BY indexname
"""
TIME = "timestamp with time zone"
TEXT = "character varying"
ROLES = "'buyer'::character varying, 'seller'::character varying, 'admin'::character varying"
STATUSES = ["pending", "confirmed", "processing", "shipped", "delivered", "cancelled"]


@contextmanager
def connected(url: str) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def asked(url: str, query: str, table: str) -> list[tuple[Any, ...]]:
    with connected(url) as connection:
        return connection.execute(query.encode(), [table]).fetchall()


def test_users_have_the_originals_columns(auth_url: str) -> None:
    assert [
        ("id", "uuid", None, False, "gen_random_uuid()"),
        ("email", TEXT, 255, False, None),
        ("password", TEXT, 255, False, None),
        ("name", TEXT, 255, False, None),
        ("role", TEXT, 50, False, None),
        ("isActive", "boolean", None, True, "true"),
        ("createdAt", TIME, None, True, "now()"),
        ("updatedAt", TIME, None, True, "now()"),
        ("version", "integer", 32, False, "1"),
    ] == asked(auth_url, COLUMNS, "users")


def test_users_have_the_originals_constraints_and_indexes(auth_url: str) -> None:
    check = f"CHECK (((role)::text = ANY ((ARRAY[{ROLES}])::text[])))"
    assert [
        ("users_email_key", "UNIQUE (email)"),
        ("users_pkey", "PRIMARY KEY (id)"),
        ("users_role_check", check),
    ] == asked(auth_url, CONSTRAINTS, "users")
    assert [
        ("idx_users_email", "btree (email)"),
        ("idx_users_role", "btree (role)"),
    ] == asked(auth_url, INDEXES, "users")


def test_orders_have_the_originals_columns(orders_url: str) -> None:
    assert [
        ("id", "uuid", None, False, "gen_random_uuid()"),
        ("userId", TEXT, 255, False, None),
        ("status", TEXT, 50, False, "'pending'::character varying"),
        ("totalAmount", "numeric", 10, False, None),
        ("createdAt", TIME, None, True, "now()"),
        ("updatedAt", TIME, None, True, "now()"),
        ("reason", TEXT, 50, True, None),
        ("sellers", "ARRAY", None, False, "'{}'::text[]"),
        ("version", "integer", 32, False, "1"),
    ] == asked(orders_url, COLUMNS, "orders")


def test_orders_have_the_originals_constraints_and_indexes(orders_url: str) -> None:
    listed = ", ".join(f"'{status}'::character varying" for status in STATUSES)
    check = f"CHECK (((status)::text = ANY ((ARRAY[{listed}])::text[])))"
    assert [
        ("orders_pkey", "PRIMARY KEY (id)"),
        ("orders_status_check", check),
    ] == asked(orders_url, CONSTRAINTS, "orders")
    pending = "btree (\"createdAt\", id) WHERE ((status)::text = 'pending'::text)"
    assert [
        ("idx_orders_pending", pending),
        ("idx_orders_status", "btree (status)"),
        ("idx_orders_userid", 'btree ("userId")'),
    ] == asked(orders_url, INDEXES, "orders")


def test_order_items_have_the_originals_columns(orders_url: str) -> None:
    assert [
        ("id", "uuid", None, False, "gen_random_uuid()"),
        ("orderId", "uuid", None, False, None),
        ("productId", TEXT, 255, False, None),
        ("quantity", "integer", 32, False, None),
        ("price", "numeric", 10, False, None),
        ("line", "smallint", 16, False, "0"),
    ] == asked(orders_url, COLUMNS, "order_items")


def test_order_items_have_the_originals_constraints_and_indexes(orders_url: str) -> None:
    belonging = 'FOREIGN KEY ("orderId") REFERENCES orders(id) ON DELETE CASCADE'
    assert [
        ("order_items_orderId_fkey", belonging),
        ("order_items_pkey", "PRIMARY KEY (id)"),
        ("order_items_quantity_check", "CHECK ((quantity > 0))"),
    ] == asked(orders_url, CONSTRAINTS, "order_items")
    assert [
        ("idx_order_items_orderid", 'btree ("orderId")'),
        ("idx_order_items_productid", 'btree ("productId")'),
    ] == asked(orders_url, INDEXES, "order_items")


def test_the_originals_statements_work(auth_url: str, orders_url: str) -> None:
    with connected(auth_url) as connection:
        connection.execute(
            "INSERT INTO users (email, password, name, role)"
            " VALUES ('ana@example.com', 'hash', 'Ana', 'buyer')"
        )
        new = connection.execute('SELECT "isActive", version FROM users').fetchall()
        assert [(True, 1)] == new
    with connected(orders_url) as connection:
        [[order_id]] = connection.execute(
            'INSERT INTO orders ("userId", "totalAmount") VALUES (\'ana\', 19.98) RETURNING id'
        ).fetchall()
        connection.execute(
            'INSERT INTO order_items ("orderId", "productId", quantity, price)'
            " VALUES (%s, 'tea', 2, 9.99)",
            [order_id],
        )
        connection.execute("UPDATE orders SET status = 'confirmed' WHERE id = %s", [order_id])
        connection.execute("DELETE FROM orders")
        assert [] == connection.execute("SELECT FROM order_items").fetchall()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO orders (\"userId\", \"totalAmount\", status) VALUES ('ana', 1, 'lost')",
        """INSERT INTO order_items ("orderId", "productId", quantity, price)
           VALUES (gen_random_uuid(), 'tea', 0, 1)""",
    ],
)
def test_what_the_original_refuses_is_refused(orders_url: str, statement: str) -> None:
    with connected(orders_url) as connection, pytest.raises(errors.CheckViolation):
        connection.execute(statement.encode())
