"""Evidence of a small market whose books balance, for tests to tamper with."""

from dataclasses import replace
from datetime import UTC, date, datetime

from apps.demo.evidence import Evidence
from apps.demo.log import Log
from apps.demo.northwind import Line, Order
from apps.demo.replay import Placed
from tradex_core.events import codec, topics
from tradex_core.events.fields import Event
from tradex_core.events.order import (
    OrderCreated,
    OrderDocument,
    OrderLine,
    OrderStatus,
    OrderUpdated,
)
from tradex_core.events.product import ProductCreated, ProductDocument, ProductUpdated
from tradex_core.events.reply import CommandReplied, OutcomeStatus
from tradex_core.events.stock import (
    RejectionReason,
    StockOperation,
    StockRejected,
    StockReserved,
    StockUpdated,
)
from tradex_core.events.user import Role, UserRegistered
from tradex_core.messaging.broker import Record
from tradex_core.money import Money

NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
TEA, SALT = "tea", "salt"
BOUGHT, REFUSED, RETURNED = "order-bought", "order-refused", "order-returned"
SECRET = "correct-horse-battery"


def record(topic: str, key: str, value: bytes, *, message_id: str, offset: int = 0) -> Record:
    return Record(
        topic=topic,
        partition=0,
        offset=offset,
        timestamp=NOW,
        key=key.encode(),
        value=value,
        headers=(("ce_id", message_id.encode()),),
    )


def published(event: Event, *, message_id: str) -> Record:
    return record(event.topic, event.key, codec.encode(event), message_id=message_id)


def line(product_id: str, quantity: int) -> OrderLine:
    return OrderLine(product_id=product_id, quantity=quantity, price=Money("2.50"))


ITEMS = {
    BOUGHT: (line(TEA, 4), line(SALT, 1)),
    REFUSED: (line(SALT, 900),),
    RETURNED: (line(TEA, 3),),
}


def created(order_id: str) -> OrderCreated:
    return OrderCreated(
        order_id=order_id,
        user_id="buyer",
        items=ITEMS[order_id],
        total_amount=Money("10.00"),
        status=OrderStatus.PENDING,
        created_at=NOW,
    )


def updated(order_id: str, status: OrderStatus, reason: str | None = None) -> OrderUpdated:
    return OrderUpdated(order_id=order_id, status=status, updated_at=NOW, reason=reason)


def shown_order(order_id: str, status: OrderStatus, reason: str | None = None) -> OrderDocument:
    return OrderDocument(
        order_id=order_id,
        user_id="buyer",
        items=ITEMS[order_id],
        total_amount=Money("10.00"),
        status=status,
        reason=reason,
        created_at=NOW,
        updated_at=NOW,
    )


def moved(
    product_id: str,
    delta: int,
    *,
    stock: int,
    version: int,
    order_id: str | None = None,
) -> StockUpdated:
    return StockUpdated(
        product_id=product_id,
        quantity=abs(delta),
        operation=StockOperation.INCREASE if delta > 0 else StockOperation.DECREASE,
        updated_at=NOW,
        stock=stock,
        version=version,
        order_id=order_id,
    )


def shown_product(product_id: str, *, stock: int, version: int) -> ProductDocument:
    return ProductDocument(
        product_id=product_id,
        name=product_id.title(),
        description="",
        sku=product_id.upper(),
        price=Money("2.50"),
        stock=stock,
        category="Pantry",
        image_url=None,
        is_active=True,
        seller_id="seller",
        version=version,
        created_at=NOW,
        updated_at=NOW,
    )


def first_version(product_id: str, *, stock: int) -> ProductCreated:
    return codec.decode(
        codec.encode(shown_product(product_id, stock=stock, version=1)), ProductCreated
    )


def second_version(product_id: str, *, stock: int) -> ProductUpdated:
    return codec.decode(
        codec.encode(shown_product(product_id, stock=stock, version=2)), ProductUpdated
    )


def operation_of(order_id: str) -> str:
    return f"operation-of-{order_id}"


def command(order_id: str) -> Record:
    return record(
        topics.ORDER_COMMANDS,
        order_id,
        b'{"command":"CREATE_ORDER","data":{}}',
        message_id=operation_of(order_id),
    )


def replied(order_id: str, status: OutcomeStatus = OutcomeStatus.SUCCEEDED) -> CommandReplied:
    return CommandReplied(
        operation_id=operation_of(order_id),
        command="CREATE_ORDER",
        status=status,
        completed_at=NOW,
    )


def records() -> list[Record]:
    """Return what the topics hold after tea was sold and returned, and too much salt was wanted."""
    events: list[Event] = [
        UserRegistered(user_id="buyer", email="b@example.com", role=Role.BUYER, created_at=NOW),
        first_version(TEA, stock=10),
        first_version(SALT, stock=2),
        second_version(SALT, stock=2),
        *(created(order_id) for order_id in ITEMS),
        moved(TEA, 5, stock=15, version=2),
        moved(TEA, -4, stock=11, version=3, order_id=BOUGHT),
        moved(SALT, -1, stock=1, version=3, order_id=BOUGHT),
        StockReserved(order_id=BOUGHT, reserved_at=NOW),
        updated(BOUGHT, OrderStatus.CONFIRMED),
        StockRejected(
            order_id=REFUSED,
            reason=RejectionReason.INSUFFICIENT_STOCK,
            items=(),
            rejected_at=NOW,
        ),
        updated(REFUSED, OrderStatus.CANCELLED, "insufficient_stock"),
        moved(TEA, -3, stock=8, version=4, order_id=RETURNED),
        StockReserved(order_id=RETURNED, reserved_at=NOW),
        updated(RETURNED, OrderStatus.CONFIRMED),
        updated(RETURNED, OrderStatus.CANCELLED, "requested"),
        moved(TEA, 3, stock=11, version=5, order_id=RETURNED),
        *(replied(order_id) for order_id in ITEMS),
    ]
    commands = [command(order_id) for order_id in ITEMS]
    return commands + [
        published(event, message_id=f"event-{number}") for number, event in enumerate(events)
    ]


def placed(order_id: str, status: OrderStatus, *, seconds: float = 0.01) -> Placed:
    order = Order(order_id, "ALFKI", date(1996, 7, 4), (Line(TEA, 1, Money("2.50")),))
    return Placed(
        order=order,
        operation_id=operation_of(order_id),
        order_id=order_id,
        operation_status="succeeded",
        status=status,
        seconds=seconds,
    )


def evidence(**changes: object) -> Evidence:
    """Return evidence without a fault, but for the changes."""
    sound = Evidence(
        placed=(
            placed(BOUGHT, OrderStatus.CONFIRMED),
            placed(REFUSED, OrderStatus.CANCELLED),
            placed(RETURNED, OrderStatus.CANCELLED),
        ),
        operations={operation_of(order_id): "succeeded" for order_id in ITEMS},
        orders={
            BOUGHT: shown_order(BOUGHT, OrderStatus.CONFIRMED),
            REFUSED: shown_order(REFUSED, OrderStatus.CANCELLED, "insufficient_stock"),
            RETURNED: shown_order(RETURNED, OrderStatus.CANCELLED, "requested"),
        },
        products={
            TEA: shown_product(TEA, stock=11, version=5),
            SALT: shown_product(SALT, stock=1, version=3),
        },
        initial={TEA: 10, SALT: 2},
        replenished={TEA: 5, SALT: 0},
        log=Log(records()),
        secrets=frozenset({SECRET}),
    )
    return replace(sound, **changes)  # type: ignore[arg-type]


def without(kept_out: Event) -> Log:
    """Return the log as it would be had an event never been published."""
    value = codec.encode(kept_out)
    return Log([each for each in records() if each.value != value])


def with_more(*events: Event) -> Log:
    """Return the log with further events behind its end."""
    more = [published(event, message_id=f"more-{n}") for n, event in enumerate(events)]
    return Log([*records(), *more])
