"""What a replay handles: in which order, at what time, and what it publishes of it."""

from datetime import datetime, timedelta

import pytest
from tests.builders.machines import NOW, FakeClock, means
from tests.builders.messages import (
    OPERATION_ID,
    ORDER_ID,
    SIGNATURES,
    an_event,
    create_order,
    signed,
)
from tests.builders.products import TEA, a_line, a_product, order_created
from tests.builders.replays import a_replay

from adapters.memory.broker import MemoryBroker
from adapters.memory.database import MemoryDatabase
from adapters.memory.orders import OrdersDatabase
from adapters.memory.products import products_database
from apps.operations.replaying import Replayed, StillRunning
from tradex_core.clock import epoch_ms
from tradex_core.errors import Kind
from tradex_core.events import topics
from tradex_core.events.fields import Event
from tradex_core.events.order import OrderCreated, OrderStatus
from tradex_core.events.reply import CommandReplied, OutcomeStatus, ReplyError
from tradex_core.events.stock import RejectionReason, StockRejected, StockReserved
from tradex_core.ids import MessageId
from tradex_core.messaging.dead_letters import dead_letter
from tradex_core.messaging.outgoing import Cause, messages_of
from tradex_core.orders.ports import ORDERS
from tradex_core.products.movement import MovementStatus
from tradex_core.products.ports import MOVEMENTS, PRODUCTS

OTHER_ORDER_ID = "018d0c1e-8a00-7000-8000-00000000000d"


class Log:
    """A broker that holds what was sent before a service's database was lost."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.broker = MemoryBroker(self.clock)

    async def answers(self, cause: str, *events: Event, source: str, at: datetime) -> None:
        """Publish what a service once made of a message."""
        told = Cause(MessageId(cause), "a story")
        await self.broker.publish(messages_of(events, cause=told, source=source, at=at))

    async def replay(self, app: str, database: MemoryDatabase) -> Replayed:
        """Replay an hour later."""
        replay = a_replay(
            app,
            database,
            broker=self.broker,
            means=means(FakeClock(NOW + timedelta(hours=1))),
            signatures=SIGNATURES,
        )
        return await replay.run(NOW)

    async def count(self, topic: str) -> int:
        return sum(end for _, end in (await self.broker.offsets(topic)).values())


@pytest.fixture
async def log() -> Log:
    log = Log()
    await log.broker.apply(topics.all_topics())
    return log


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def test_who_had_the_last_piece_has_it_again(log: Log) -> None:
    first, second = (
        order_created(a_line(quantity=1), order_id=each) for each in (ORDER_ID, OTHER_ORDER_ID)
    )
    await log.broker.publish([an_event(first, "first")])
    log.clock.advance(seconds=1)
    await log.broker.publish([an_event(second, "second")])
    await log.answers("second", StockReserved(OTHER_ORDER_ID, at(2)), source="catalog", at=at(2))
    late = StockRejected(ORDER_ID, RejectionReason.INSUFFICIENT_STOCK, (), at(3))
    await log.answers("first", late, source="catalog", at=at(3))

    database = products_database(log.clock)
    database.write(PRODUCTS, a_product(stock=1).state)
    report = await log.replay("catalog", database)

    reserved, rejected = (database.read(MOVEMENTS, each) for each in (OTHER_ORDER_ID, ORDER_ID))
    assert (MovementStatus.HELD, at(2)) == (reserved.status, reserved.at)
    assert (MovementStatus.REJECTED, at(3)) == (rejected.status, rejected.at)
    assert 0 == database.read(PRODUCTS, TEA).stock
    assert 2 == report.messages


async def test_what_somebody_waited_for_is_handled_though_nobody_waits_any_more(log: Log) -> None:
    await log.broker.publish([signed(create_order(), deadline_ms=epoch_ms(at(1)))])
    placed = OrderCreated(ORDER_ID, "b", (), a_line().price, OrderStatus.PENDING, at(0.5))
    await log.answers(OPERATION_ID, placed, source="orders", at=at(0.5))
    database = OrdersDatabase(log.clock)
    await log.replay("orders", database)
    order = database.read(ORDERS, ORDER_ID)
    assert (OrderStatus.PENDING, at(0.5)) == (order.status, order.created_at)


async def test_only_what_the_topics_lack_is_published(log: Log) -> None:
    await log.broker.publish([signed(create_order(), OPERATION_ID)])
    placed = OrderCreated(ORDER_ID, "b", (), a_line().price, OrderStatus.PENDING, at(0.5))
    await log.answers(OPERATION_ID, placed, source="orders", at=at(0.5))
    report = await log.replay("orders", OrdersDatabase(log.clock))
    assert 1 == report.published, "the reply"
    assert (1, 1) == (await log.count(placed.topic), await log.count(topics.COMMAND_REPLIES))


async def test_what_the_service_refused_it_refuses_again(log: Log) -> None:
    await log.broker.publish([signed(create_order(), deadline_ms=epoch_ms(at(1)))])
    error = ReplyError(Kind.EXPIRED, "deadline_exceeded", "The deadline had passed", "")
    refused = CommandReplied(OPERATION_ID, "CREATE_ORDER", OutcomeStatus.FAILED, at(2), error=error)
    await log.answers(OPERATION_ID, refused, source="orders", at=at(2))
    database = OrdersDatabase(log.clock)
    await log.replay("orders", database)
    assert database.read(ORDERS, ORDER_ID) is None


async def test_what_was_given_up_stays_given_up(log: Log) -> None:
    await log.broker.publish([signed(create_order(), OPERATION_ID)])
    [record] = [
        record
        for partition in await log.broker.offsets(topics.ORDER_COMMANDS)
        for record in await log.broker.read(topics.ORDER_COMMANDS, partition, start=0, limit=9)
    ]
    letter = dead_letter(
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
    await log.broker.publish([letter])
    report = await log.replay("orders", OrdersDatabase(log.clock))
    assert (0, 0) == (report.messages, report.published)


async def test_what_was_sent_before_is_not_read_and_a_dry_run_does_nothing(log: Log) -> None:
    log.clock.at = NOW - timedelta(seconds=1)
    await log.broker.publish([signed(create_order(order_id=OTHER_ORDER_ID), "before")])
    log.clock.at = NOW
    await log.broker.publish([signed(create_order(), OPERATION_ID)])
    database = OrdersDatabase(log.clock)
    replay = a_replay(
        "orders", database, broker=log.broker, means=means(log.clock), signatures=SIGNATURES
    )
    report = await replay.run(NOW, dry_run=True)
    assert (1, True) == (report.messages, report.dry_run)
    assert {} == database.states[ORDERS]
    await replay.run(NOW)
    assert [ORDER_ID] == list(database.states[ORDERS])


async def test_it_waits_for_the_service_to_be_stopped(log: Log) -> None:
    member = await log.broker.subscribe("orders", [topics.ORDER_COMMANDS])
    with pytest.raises(StillRunning, match="1 processes of orders are running"):
        await log.replay("orders", OrdersDatabase(log.clock))
    await member.close()
    assert 0 == (await log.replay("orders", OrdersDatabase(log.clock))).messages
