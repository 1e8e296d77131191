"""Each event's and reply's JSON is the original's, and only the contracts add to it."""

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import asdict

from tradex_core.errors import Kind, Undecodable
from tradex_core.events import codec, topics
from tradex_core.events.fields import Event
from tradex_core.events.order import OrderCreated, OrderLine, OrderStatus, OrderUpdated
from tradex_core.events.product import ProductCreated, ProductDocument, ProductUpdated
from tradex_core.events.reply import NO_RESULT, CommandReplied, OutcomeStatus, ReplyError
from tradex_core.events.stock import (
    RejectedLine,
    RejectionReason,
    StockOperation,
    StockRejected,
    StockReserved,
    StockUpdated,
)
from tradex_core.events.user import Role, UserRegistered
from tradex_core.money import Money

AT = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
LATER = datetime(2024, 1, 15, 10, 30, 0, 250_000, tzinfo=UTC)
SHOWN = ProductDocument(
    product_id="65a4f0a00000000000000001",
    name="Té",
    description="Hojas",
    sku="TEA-1",
    price=Money("99.90"),
    stock=100,
    category="Bebidas",
    image_url=None,
    is_active=True,
    seller_id="ana",
    version=3,
    created_at=AT,
    updated_at=LATER,
)
PRODUCT_JSON = (
    '{"productId":"65a4f0a00000000000000001","name":"Té","description":"Hojas","sku":"TEA-1"'
    ',"price":99.90,"stock":100,"category":"Bebidas","imageUrl":null,"isActive":true'
    ',"sellerId":"ana","version":3,"createdAt":"2024-01-15T10:30:00Z"'
    ',"updatedAt":"2024-01-15T10:30:00.250000Z"}'
)

GOLDEN: dict[str, tuple[Event, str, str]] = {
    topics.USER_REGISTERED: (
        UserRegistered(user_id="u1", email="user@example.com", role=Role.SELLER, created_at=AT),
        (
            '{"userId":"u1","email":"user@example.com","role":"seller"'
            ',"createdAt":"2024-01-15T10:30:00Z"}'
        ),
        "u1",
    ),
    topics.ORDER_CREATED: (
        OrderCreated(
            order_id="o1",
            user_id="u1",
            items=(OrderLine(product_id="tea", quantity=2, price=Money("10.5")),),
            total_amount=Money(21),
            status=OrderStatus.PENDING,
            created_at=AT,
        ),
        (
            '{"orderId":"o1","userId":"u1","items":[{"productId":"tea","quantity":2,"price":10.50}]'
            ',"totalAmount":21.00,"status":"pending","createdAt":"2024-01-15T10:30:00Z"}'
        ),
        "o1",
    ),
    topics.ORDER_UPDATED: (
        OrderUpdated(order_id="o1", status=OrderStatus.CONFIRMED, updated_at=AT),
        '{"orderId":"o1","status":"confirmed","updatedAt":"2024-01-15T10:30:00Z"}',
        "o1",
    ),
    topics.STOCK_UPDATED: (
        StockUpdated(
            product_id="p1",
            quantity=2,
            operation=StockOperation.DECREASE,
            updated_at=AT,
            stock=98,
            version=4,
            order_id="o1",
        ),
        (
            '{"productId":"p1","quantity":2,"operation":"decrease"'
            ',"updatedAt":"2024-01-15T10:30:00Z","stock":98,"version":4,"orderId":"o1"}'
        ),
        "p1",
    ),
    topics.STOCK_RESERVED: (
        StockReserved(order_id="o1", reserved_at=AT, sellers=("ana",)),
        '{"orderId":"o1","reservedAt":"2024-01-15T10:30:00Z","sellers":["ana"]}',
        "o1",
    ),
    topics.STOCK_REJECTED: (
        StockRejected(
            order_id="o1",
            reason=RejectionReason.PRICE_CHANGED,
            items=(RejectedLine(product_id="tea", requested=2, available=0, price=Money("1.5")),),
            rejected_at=AT,
        ),
        (
            '{"orderId":"o1","reason":"price_changed","items":[{"productId":"tea","requested":2'
            ',"available":0,"price":1.50}],"rejectedAt":"2024-01-15T10:30:00Z"}'
        ),
        "o1",
    ),
    topics.PRODUCT_CREATED: (
        ProductCreated(**asdict(SHOWN)),
        PRODUCT_JSON,
        "65a4f0a00000000000000001",
    ),
    topics.PRODUCT_UPDATED: (
        ProductUpdated(**asdict(SHOWN)),
        PRODUCT_JSON,
        "65a4f0a00000000000000001",
    ),
    topics.COMMAND_REPLIES: (
        CommandReplied(
            operation_id="op1",
            command="CREATE_ORDER",
            status=OutcomeStatus.SUCCEEDED,
            completed_at=AT,
            result=msgspec.Raw(b'{"orderId":"o1","totalAmount":21.00}'),
            subject="o1",
        ),
        (
            '{"operationId":"op1","command":"CREATE_ORDER","status":"succeeded"'
            ',"completedAt":"2024-01-15T10:30:00Z"'
            ',"result":{"orderId":"o1","totalAmount":21.00},"subject":"o1"}'
        ),
        "op1",
    ),
}

ORIGINAL = {
    topics.USER_REGISTERED: {"userId", "email", "role", "createdAt"},
    topics.ORDER_CREATED: {"orderId", "userId", "items", "totalAmount", "status", "createdAt"},
    topics.ORDER_UPDATED: {"orderId", "status", "updatedAt"},
    topics.STOCK_UPDATED: {"productId", "quantity", "operation", "updatedAt"},
}
ADDED = {
    topics.ORDER_UPDATED: {"reason"},
    topics.STOCK_UPDATED: {"orderId", "stock", "version"},
}


def test_every_event_has_its_golden_json_here() -> None:
    assert {*topics.EVENTS, topics.COMMAND_REPLIES} == set(GOLDEN)


@pytest.mark.parametrize("topic", GOLDEN)
def test_an_event_is_written_as_it_was_agreed(topic: str) -> None:
    event, golden, key = GOLDEN[topic]
    assert golden == codec.encode(event).decode()
    assert (topic, key) == (event.topic, event.key)


@pytest.mark.parametrize("topic", GOLDEN)
def test_an_event_is_read_as_it_was_written_whatever_else_it_holds(topic: str) -> None:
    event, golden, _ = GOLDEN[topic]
    for data in (golden, golden.removesuffix("}") + ',"later":[[],{"x":1e400}]}'):
        read = codec.decode(data.encode(), type(event))
        assert golden == codec.encode(read).decode()
        assert isinstance(event, CommandReplied) or event == read


@pytest.mark.parametrize("topic", ORIGINAL)
def test_only_what_the_contracts_add_stands_beside_the_originals_keys(topic: str) -> None:
    keys = {field.encode_name for field in msgspec.structs.fields(type(GOLDEN[topic][0]))}
    assert keys == ORIGINAL[topic] | ADDED.get(topic, set())


@pytest.mark.parametrize("topic", GOLDEN)
def test_an_event_that_lacks_a_key_names_it(topic: str) -> None:
    event, golden, _ = GOLDEN[topic]
    for field in msgspec.structs.fields(type(event)):
        if field.required:
            lacking = codec.decode(golden.encode(), dict[str, msgspec.Raw])
            del lacking[field.encode_name]
            with pytest.raises(Undecodable, match=f"`{field.encode_name}`"):
                codec.decode(codec.encode(lacking), type(event))


def test_the_reason_of_a_cancelled_order_is_told() -> None:
    event = OrderUpdated(
        order_id="o1", status=OrderStatus.CANCELLED, updated_at=AT, reason="timed_out"
    )
    assert codec.encode(event).endswith(b',"reason":"timed_out"}')


def test_a_refused_commands_reply_says_why_and_has_no_result() -> None:
    reply = CommandReplied(
        operation_id="op1",
        command="CREATE_ORDER",
        status=OutcomeStatus.FAILED,
        completed_at=AT,
        error=ReplyError(kind=Kind.CONFLICT, type="email_taken", title="Taken", detail="Log in."),
    )
    golden = (
        b'{"operationId":"op1","command":"CREATE_ORDER","status":"failed"'
        b',"completedAt":"2024-01-15T10:30:00Z","error":{"kind":"conflict"'
        b',"type":"email_taken","title":"Taken","detail":"Log in."}}'
    )
    assert golden == codec.encode(reply)
    assert reply == codec.decode(golden, CommandReplied)
    assert NO_RESULT == codec.decode(golden, CommandReplied).result


@pytest.mark.parametrize("topic", sorted(set(GOLDEN) - {topics.COMMAND_REPLIES}))
def test_a_time_without_a_zone_is_refused(topic: str) -> None:
    event, golden, _ = GOLDEN[topic]
    with pytest.raises(Undecodable, match=r"timezone.*At`"):
        codec.decode(golden.replace("10:30:00Z", "10:30:00").encode(), type(event))


def test_an_order_goes_through_its_statuses_in_the_order_of_their_ranks() -> None:
    ranks = [status.rank for status in OrderStatus]
    assert sorted(set(ranks)) == ranks
