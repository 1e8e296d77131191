"""How orders lie in tables: `order_events` is the truth, the others are its snapshot."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from adapters.postgres import binary
from adapters.postgres.keys import ONE_OF_IDS, uuid_array
from adapters.postgres.rows import ChangedRows, Insert, NewRows, Row, Statement
from tradex_core.events.order import OrderLine, OrderStatus
from tradex_core.ids import OrderId, UserId
from tradex_core.messaging.workspace import Change
from tradex_core.money import Money
from tradex_core.orders.order import OrderState, Reason, encode_fact

_NEW_ORDERS: Final = NewRows(
    "orders",
    "id",
    "userId",
    "status",
    "totalAmount",
    "createdAt",
    "updatedAt",
    "reason",
    "sellers",
    "version",
)
_NEW_ITEMS: Final = NewRows("order_items", "orderId", "productId", "quantity", "price", "line")
_NEW_EVENTS: Final = NewRows("order_events", "orderId", "version", "event")
_CHANGED_ORDERS: Final = ChangedRows(
    "orders",
    {
        "id": "uuid",
        "status": "text",
        "updatedAt": "timestamptz",
        "reason": "text",
        "sellers": "text[]",
        "version": "int4",
    },
)

_ORDERS: Final = f"""
SELECT id::text, "userId", status, "totalAmount", "createdAt", "updatedAt", reason, sellers,
       version,
       (SELECT json_agg(json_build_array("productId", quantity, price::text) ORDER BY line)
        FROM order_items WHERE "orderId" = orders.id)::text
FROM orders WHERE id {ONE_OF_IDS}
"""  # noqa: S608 - made of constants
_lines: Final = msgspec.json.Decoder(list[tuple[str, int, str]])


class OrdersTable:
    """Orders, by their id; what was ordered, by whom and when, never changes."""

    def question(self, collection: str, keys: Sequence[str]) -> Statement:
        """Return what asks for these."""
        return orders_where(keys)

    def states(
        self, collection: str, rows: Iterable[tuple[Any, ...]]
    ) -> Iterable[tuple[str, OrderState]]:
        """Return those that are there."""
        return [(state.order_id, state) for state in map(order_of, rows)]

    def writes(self, changes: Sequence[Change]) -> Iterable[Insert | Statement]:
        """Return what appends what happened, and brings the snapshot up to it."""
        added = [change.aggregate.state for change in changes if change.former is None]
        changed = [change.aggregate.state for change in changes if change.former is not None]
        return (
            _NEW_ORDERS.of(map(_order_row, added)),
            _NEW_ITEMS.of(row for order in added for row in _item_rows(order)),
            _CHANGED_ORDERS.of([_changed(order) for order in changed]),
            _NEW_EVENTS.of(row for change in changes for row in _event_rows(change)),
        )


def orders_where(ids: Iterable[str]) -> Statement:
    """Return what asks for these orders, for `order_of` to read."""
    return Statement(_ORDERS, {"ids": uuid_array(ids)})


def order_of(row: Sequence[Any]) -> OrderState:
    """Read an order; raises ValueError where somebody wrote what no order can be."""
    order_id, user_id, status, total, created_at, updated_at, reason, sellers, version, lines = row
    return OrderState(
        order_id=OrderId(order_id),
        user_id=UserId(user_id),
        items=tuple(
            OrderLine(product_id=product_id, quantity=quantity, price=Money(price))
            for product_id, quantity, price in _lines.decode(lines or "[]")
        ),
        total_amount=Money(total),
        status=OrderStatus(status),
        reason=None if reason is None else Reason(reason),
        sellers=tuple(sellers),
        version=version,
        created_at=created_at,
        updated_at=updated_at,
    )


def _order_row(order: OrderState) -> Row:
    created_at = binary.timestamptz(order.created_at)
    return (
        binary.uuid(order.order_id),
        order.user_id.encode(),
        order.status.encode(),
        binary.numeric(order.total_amount.cents),
        created_at,
        created_at if order.version == 1 else binary.timestamptz(order.updated_at),
        None if order.reason is None else order.reason.encode(),
        binary.texts(order.sellers),
        binary.int4(order.version),
    )


def _item_rows(order: OrderState) -> Iterator[Row]:
    order_id = binary.uuid(order.order_id)
    for number, line in enumerate(order.items):
        yield (
            order_id,
            line.product_id.encode(),
            binary.int4(line.quantity),
            binary.numeric(line.price.cents),
            binary.int2(number),
        )


def _changed(order: OrderState) -> dict[str, object]:
    return {
        "id": order.order_id,
        "status": order.status,
        "updatedAt": order.updated_at,
        "reason": order.reason,
        "sellers": order.sellers,
        "version": order.version,
    }


def _event_rows(change: Change) -> Iterator[Row]:
    order, facts = change.aggregate.state, change.aggregate.take_facts()
    order_id = binary.uuid(order.order_id)
    first = order.version - len(facts) + 1
    for version, fact in enumerate(facts, start=first):
        yield order_id, binary.int4(version), binary.jsonb(encode_fact(fact))
