"""One of everything that is published or kept as it happened, as production lays it out."""

from collections.abc import Iterator

import msgspec
from tests.builders.machines import NOW
from tests.builders.messages import BUYER, ORDER_ID, SIGNATURES, bare, lying, signed

from tradex_core.errors import Kind
from tradex_core.events import codec, topics
from tradex_core.events.envelope import Actor
from tradex_core.events.fields import Command, Event
from tradex_core.events.order import (
    AdvanceOrder,
    CancelOrder,
    CreateOrder,
    OrderCreated,
    OrderLine,
    OrderStatus,
    OrderUpdated,
)
from tradex_core.events.product import (
    AdjustStock,
    CreateProduct,
    GetProduct,
    ProductCreated,
    ProductUpdated,
    UpdateProduct,
)
from tradex_core.events.reply import CommandReplied, OutcomeStatus, ReplyError
from tradex_core.events.stock import (
    RejectedLine,
    RejectionReason,
    StockOperation,
    StockRejected,
    StockReserved,
    StockUpdated,
)
from tradex_core.events.user import (
    DeactivateUser,
    EndSession,
    LoginUser,
    RefreshSession,
    RegisterUser,
    Role,
    SealedPassword,
    UserRegistered,
)
from tradex_core.ids import MessageId, OrderId, UserId
from tradex_core.messaging.broker import Message
from tradex_core.messaging.dead_letters import Decision, Resolution, dead_letter
from tradex_core.messaging.outgoing import Cause, messages_of
from tradex_core.money import Money
from tradex_core.orders.order import Advanced, Cancelled, Confirmed, OrderFact, Placed, Reason

PRODUCT_ID = "65a4f0a00000000000000001"
SESSION_ID = "018d0c1e-8a00-7000-8000-0000000000a1"
SEALED = SealedPassword(sealed="c2VhbGVk", kid="2024-01")
LINE = OrderLine(product_id=PRODUCT_ID, quantity=2, price=Money("9.99"))
SELLERS = ("018d0c1e-8a00-7000-8000-0000000000c1",)
ADMIN = Actor(user_id="018d0c1e-8a00-7000-8000-0000000000e1", role=Role.ADMIN)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

COMMANDS: tuple[Command, ...] = (
    RegisterUser("ana@example.com", SEALED, "Ana", Role.SELLER, BUYER.user_id),
    LoginUser("ana@example.com", SEALED, SESSION_ID, "ab" * 32),
    RefreshSession(SESSION_ID, "ab" * 32, "cd" * 32),
    EndSession(SESSION_ID, "cd" * 32),
    DeactivateUser(BUYER.user_id),
    CreateProduct(
        *("Mate", "Leaves", "MATE-1", Money("4.50"), 20, "Drinks"),
        image_url="https://example.com/mate.png",
        product_id=PRODUCT_ID,
        seller_id=SELLERS[0],
    ),
    UpdateProduct(PRODUCT_ID, price=Money(5)),
    UpdateProduct(PRODUCT_ID, "Maté", "More", Money("5.25"), "Tea", None, is_active=False),
    AdjustStock(PRODUCT_ID, StockOperation.INCREASE, 5),
    GetProduct(product_id=PRODUCT_ID),
    GetProduct(sku="MATE-1"),
    CreateOrder(BUYER.user_id, (LINE,), ORDER_ID),
    CancelOrder(ORDER_ID),
    *(AdvanceOrder(ORDER_ID, status) for status in list(OrderStatus)[2:5]),
)
"""Commands as the gateway sends them."""

BARE: tuple[Command, ...] = (
    RegisterUser("ana@example.com", "a password of old", "Ana"),
    LoginUser("ana@example.com", "a password of old"),
    CreateProduct("Mate", "Leaves", "MATE-1", Money("4.50"), 20, "Drinks"),
    CreateOrder(BUYER.user_id, (LINE,)),
)
"""Commands as the original's clients send them."""

_PRODUCT = (
    *(PRODUCT_ID, "Mate", "Leaves", "MATE-1", Money("4.50"), 20, "Drinks"),
    *("https://example.com/mate.png", True, SELLERS[0], 1, NOW, NOW),
)
_REJECTED = (RejectedLine(PRODUCT_ID, 2, 1, Money("9.99")), RejectedLine("gone", 1, 0, None))
_STEPS = [status for status in OrderStatus if status is not OrderStatus.PENDING]

EVENTS: tuple[Event, ...] = (
    *(UserRegistered(BUYER.user_id, "ana@example.com", role, NOW) for role in Role),
    ProductCreated(*_PRODUCT),
    ProductUpdated(*_PRODUCT),
    OrderCreated(ORDER_ID, BUYER.user_id, (LINE,), LINE.price * 2, OrderStatus.PENDING, NOW),
    *(OrderUpdated(ORDER_ID, status, NOW) for status in _STEPS),
    *(OrderUpdated(ORDER_ID, OrderStatus.CANCELLED, NOW, reason.value) for reason in Reason),
    *(StockUpdated(PRODUCT_ID, 2, way, NOW, 18, 2, ORDER_ID) for way in StockOperation),
    StockUpdated(PRODUCT_ID, 5, StockOperation.INCREASE, NOW, 23, 3),
    StockReserved(ORDER_ID, NOW, SELLERS),
    StockReserved(ORDER_ID, NOW),
    *(StockRejected(ORDER_ID, why, _REJECTED, NOW, SELLERS) for why in RejectionReason),
    CommandReplied("op", "CANCEL_ORDER", OutcomeStatus.SUCCEEDED, NOW),
    CommandReplied(
        *("op", "CREATE_ORDER", OutcomeStatus.SUCCEEDED, NOW),
        result=msgspec.Raw(b'{"orderId":"%s"}' % ORDER_ID.encode()),
        subject=ORDER_ID,
    ),
    *(
        CommandReplied(
            *("op", "CREATE_ORDER", OutcomeStatus.FAILED, NOW),
            error=ReplyError(kind, "a_slug", "A title", "What to do"),
        )
        for kind in Kind
    ),
)
"""Events and replies as the services tell them."""

FACTS: tuple[OrderFact, ...] = (
    Placed(OrderId(ORDER_ID), UserId(BUYER.user_id), (LINE,), LINE.price * 2, NOW),
    Confirmed(SELLERS, NOW),
    *(Advanced(status, NOW) for status in list(OrderStatus)[2:5]),
    *(Cancelled(reason, NOW) for reason in Reason),
)
"""What the orders service keeps of an order."""


def messages() -> Iterator[Message]:
    """Return a message of every kind, with the headers that it is published with."""
    for command in COMMANDS:
        yield signed(command, actor=ADMIN if isinstance(command, DeactivateUser) else BUYER)
    yield signed(CancelOrder(ORDER_ID), deadline_ms=1_705_312_800_000)
    yield from map(bare, BARE)
    cause = Cause(MessageId("op"), "a story", TRACE, "vendor=1")
    yield from messages_of(EVENTS, cause=cause, source="a service", at=NOW)
    yield from _given_up()


def _given_up() -> Iterator[Message]:
    """Return a dead letter, and the same message as an operator sends it again."""
    record = lying(signed(CancelOrder(ORDER_ID)), partition=3, offset=7)
    yield dead_letter(
        record,
        consumer="orders",
        origin=record.position,
        replays=0,
        reason="exhausted",
        error="ValueError: it is broken",
        attempts=10,
        first_failed_at=NOW,
        failed_at=NOW,
    )
    decision = Decision("orders", record.position, 1, Resolution.REDRIVEN)
    headers = (*record.headers, *decision.headers(record, SIGNATURES))
    yield Message(topics.ORDER_COMMANDS, record.key, record.value, headers)


def facts() -> Iterator[bytes]:
    """Return every fact as it is kept."""
    yield from map(codec.encode, FACTS)
