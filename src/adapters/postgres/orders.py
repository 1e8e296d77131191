"""Orders on PostgreSQL: their events are the truth, `orders` and `order_items` their snapshot."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.database import PoolSettings, PostgresDatabase
from adapters.postgres.keys import uuids
from adapters.postgres.rows import copy_rows
from adapters.postgres.schema import ORDERS as TABLES
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from tradex_core.clock import Clock
from tradex_core.events.order import OrderLine, OrderStatus
from tradex_core.ids import OrderId, UserId
from tradex_core.messaging.workspace import Change
from tradex_core.money import Money
from tradex_core.orders.collections import ORDER_COLLECTIONS, LoadedOrders
from tradex_core.orders.order import OrderFact, OrderState, Reason, decode_fact, encode_fact
from tradex_core.orders.ports import ORDERS

_ORDERS: Final = TABLES.tables["orders"].c
_ITEMS: Final = TABLES.tables["order_items"].c
_EVENTS: Final = TABLES.tables["order_events"].c
_ORDER: Final = sa.select(
    _ORDERS.id,
    _ORDERS.userId,
    _ORDERS.status,
    _ORDERS.totalAmount,
    _ORDERS.createdAt,
    _ORDERS.updatedAt,
    _ORDERS.reason,
    _ORDERS.sellers,
    _ORDERS.version,
)
_LINES: Final = sa.select(_ITEMS.orderId, _ITEMS.productId, _ITEMS.quantity, _ITEMS.price)
_ORDER_COLUMNS: Final = {
    "id": "uuid",
    "userId": "varchar",
    "status": "varchar",
    "totalAmount": "numeric",
    "createdAt": "timestamptz",
    "updatedAt": "timestamptz",
    "reason": "varchar",
    "sellers": "text[]",
    "version": "int4",
}
_ITEM_COLUMNS: Final = {
    "orderId": "uuid",
    "productId": "varchar",
    "quantity": "int4",
    "price": "numeric",
    "line": "int2",
}
_EVENT_COLUMNS: Final = {"orderId": "uuid", "version": "int4", "event": "jsonb"}
_CHANGE: Final = sa.text("""
UPDATE orders SET status = :status, reason = :reason, sellers = :sellers, version = :version,
                  "updatedAt" = :updated_at
WHERE id = :id
""")
_PAGE: Final = 500


class OrdersTable:
    """Orders, by their id; what a user ordered, and when, never changes."""

    async def load(
        self, connection: AsyncConnection, collection: str, keys: Sequence[str]
    ) -> Iterable[tuple[str, OrderState]]:
        """Return those that are there."""
        return [(o.order_id, o) for o in await _load(connection, uuids(keys))]

    async def write(self, connection: AsyncConnection, changes: Sequence[Change]) -> None:
        """Append what happened, and bring the snapshot up to it."""
        added = [c.aggregate.state for c in changes if c.former is None]
        await copy_rows(connection, "orders", _ORDER_COLUMNS, map(_order_row, added))
        items = [row for order in added for row in _item_rows(order)]
        await copy_rows(connection, "order_items", _ITEM_COLUMNS, items)
        changed = [_change_of(c.aggregate.state) for c in changes if c.former is not None]
        if changed:
            await connection.execute(_CHANGE, changed)
        events = [row for change in changes for row in _event_rows(change)]
        await copy_rows(connection, "order_events", _EVENT_COLUMNS, events)


class OrdersUnitOfWork(PostgresUnitOfWork):
    """The orders service's unit of work."""

    def __init__(self, database: PostgresDatabase) -> None:
        super().__init__(database)
        self.orders = LoadedOrders(self, ORDERS)


class OrdersDatabase(PostgresDatabase):
    """The orders service's database; it knows its pending orders and every order's story."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        pool: PoolSettings = PoolSettings(),  # noqa: B008 - it cannot be changed
    ) -> None:
        super().__init__(
            url,
            clock=clock,
            collections=ORDER_COLLECTIONS,
            tables={ORDERS: OrdersTable()},
            pool=pool,
            application="tradex orders",
        )

    async def overdue(self, before: datetime, *, limit: int) -> Sequence[OrderId]:
        """Return at most `limit` pending orders created before an instant, oldest first."""
        query = (
            sa.select(_ORDERS.id)
            .where(_ORDERS.status == sa.literal_column("'pending'"), _ORDERS.createdAt < before)
            .order_by(_ORDERS.createdAt, _ORDERS.id)
            .limit(limit)
        )
        async with self.transaction() as connection:
            return [OrderId(str(found)) for found in await connection.scalars(query)]

    async def stories(
        self,
    ) -> AsyncIterator[tuple[OrderId, OrderState | None, Sequence[OrderFact]]]:
        """Yield every order's snapshot (None: it has none) and its facts, by id; raises Outage.

        Each page is read in one transaction, so that a snapshot and its facts belong together.
        """
        after = UUID(int=0)
        while True:
            async with self.transaction() as connection:
                await connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
                ids = await _ids_after(connection, after)
                orders = {order.order_id: order for order in await _load(connection, ids)}
                facts = await _facts(connection, ids)
            for order_id in ids:
                known = OrderId(str(order_id))
                yield known, orders.get(known), facts.get(order_id, [])
            if len(ids) < _PAGE:
                return
            after = ids[-1]


async def _ids_after(connection: AsyncConnection, after: UUID) -> list[UUID]:
    snapshots = sa.select(_ORDERS.id).where(_ORDERS.id > after)
    told = sa.select(_EVENTS.orderId).where(_EVENTS.orderId > after)
    both = sa.union(snapshots, told).order_by("id").limit(_PAGE)
    return list(await connection.scalars(both))


async def _load(connection: AsyncConnection, ids: Sequence[UUID]) -> list[OrderState]:
    rows = (await connection.execute(_ORDER.where(_ORDERS.id.in_(ids)))).all()
    if not rows:
        return []
    lines: dict[UUID, list[OrderLine]] = defaultdict(list)
    query = _LINES.where(_ITEMS.orderId.in_(ids)).order_by(_ITEMS.orderId, _ITEMS.line)
    for order_id, product_id, quantity, price in await connection.execute(query):
        line = OrderLine(product_id=product_id, quantity=quantity, price=Money(price))
        lines[order_id].append(line)
    return [_order(row, lines[row[0]]) for row in rows]


async def _facts(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, list[OrderFact]]:
    query = (
        sa.select(_EVENTS.orderId, sa.cast(_EVENTS.event, sa.Text))
        .where(_EVENTS.orderId.in_(ids))
        .order_by(_EVENTS.orderId, _EVENTS.version)
    )
    facts: dict[UUID, list[OrderFact]] = defaultdict(list)
    for order_id, event in await connection.execute(query):
        facts[order_id].append(decode_fact(event.encode()))
    return facts


def _order(row: Sequence[Any], lines: Iterable[OrderLine]) -> OrderState:
    order_id, user_id, status, total, created_at, updated_at, reason, sellers, version = row
    return OrderState(
        order_id=OrderId(str(order_id)),
        user_id=UserId(user_id),
        items=tuple(lines),
        total_amount=Money(total),
        status=OrderStatus(status),
        reason=None if reason is None else Reason(reason),
        sellers=tuple(sellers),
        version=version,
        created_at=created_at,
        updated_at=updated_at,
    )


def _order_row(order: OrderState) -> tuple[object, ...]:
    return (
        UUID(order.order_id),
        order.user_id,
        order.status.value,
        order.total_amount.amount,
        order.created_at,
        order.updated_at,
        None if order.reason is None else order.reason.value,
        list(order.sellers),
        order.version,
    )


def _item_rows(order: OrderState) -> Iterable[tuple[UUID, str, int, Decimal, int]]:
    order_id = UUID(order.order_id)
    for number, line in enumerate(order.items):
        yield order_id, line.product_id, line.quantity, line.price.amount, number


def _change_of(order: OrderState) -> dict[str, object]:
    return {
        "id": UUID(order.order_id),
        "status": order.status.value,
        "reason": None if order.reason is None else order.reason.value,
        "sellers": list(order.sellers),
        "version": order.version,
        "updated_at": order.updated_at,
    }


def _event_rows(change: Change) -> Iterable[tuple[UUID, int, Jsonb]]:
    order = change.aggregate.state
    facts = change.aggregate.take_facts()
    first = order.version - len(facts) + 1
    for version, fact in enumerate(facts, start=first):
        yield UUID(order.order_id), version, Jsonb(encode_fact(fact), dumps=_as_it_is)


def _as_it_is(encoded: bytes) -> bytes:
    return encoded
