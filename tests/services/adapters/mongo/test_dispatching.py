"""The catalogue's own handlers, in several processes over one server."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from msgspec.structs import replace
from tests.builders.machines import FakeClock, SeededEntropy, means
from tests.builders.messages import SIGNATURES, an_event, lying, signed
from tests.builders.products import (
    SELLER,
    TEA,
    a_line,
    a_product,
    create_product_command,
    order_created,
    order_updated,
)
from tests.contracts.stores import uuid_of
from tests.services.adapters.mongo.conftest import Connect
from tests.services.adapters.mongo.work import add, stock_of

from adapters.mongo.database import MongoDatabase
from adapters.mongo.products import ProductsUnitOfWork
from adapters.mongo.stock_ledger import StockLedger
from apps.catalog.handlers import CatalogHandlers, CatalogUnit
from tradex_core.errors import StoreConflict
from tradex_core.events import topics
from tradex_core.messaging.broker import Message
from tradex_core.messaging.dispatch import Dispatcher
from tradex_core.messaging.opening import Opener


def dispatcher(
    database: MongoDatabase, clock: FakeClock, *, seed: int = 0
) -> Dispatcher[CatalogUnit]:
    routes = CatalogHandlers(clock=clock).routes()
    return Dispatcher(
        "catalog",
        Opener("catalog", routes, signatures=SIGNATURES, unsigned_accepted=True),
        lambda: ProductsUnitOfWork(database),
        database.parking,
        means(clock, entropy=SeededEntropy(seed)),
        hold=routes.hold,
    )


async def handle(dispatcher: Dispatcher[CatalogUnit], *messages: Message) -> None:
    """Hand messages in until they are handled, as a consumer does."""
    records = [lying(message, offset=offset) for offset, message in enumerate(messages)]
    while True:
        try:
            return await dispatcher.handle(records)
        except StoreConflict:
            await asyncio.sleep(0.001)


def order(name: str, quantity: int = 1) -> Message:
    event = order_created(a_line(TEA, quantity=quantity), order_id=uuid_of(name))
    return an_event(event, uuid_of(f"message of {name}"))


def cancellation(name: str) -> Message:
    return an_event(order_updated(order_id=uuid_of(name)), uuid_of(f"end of {name}"))


async def told(database: MongoDatabase, clock: FakeClock) -> Counter[str]:
    """Return how many messages wait to be published, by topic."""
    rows: Counter[str] = Counter()
    async with database.outbox.lease(now=clock.now(), limit=10_000) as lease:
        rows.update(row.message.topic for row in lease.rows)
    return rows


async def imbalance(database: MongoDatabase) -> Sequence[int]:
    return [a.stock - a.derived async for a in StockLedger(database).accounts()]


async def test_a_product_is_created_and_sold_in_one_batch(
    database: MongoDatabase, clock: FakeClock
) -> None:
    command = replace(create_product_command(stock=3), product_id=TEA)
    creation = signed(command, uuid_of("creation"), actor=SELLER)
    for _ in range(2):
        await handle(dispatcher(database, clock), creation, order("first"), creation)
    assert {
        topics.PRODUCT_CREATED: 1,
        topics.COMMAND_REPLIES: 1,
        topics.STOCK_UPDATED: 1,
        topics.STOCK_RESERVED: 1,
    } == await told(database, clock)
    assert 2 == await stock_of(database)
    assert [0] == await imbalance(database)


@pytest.mark.parametrize("seed", range(2))
async def test_two_processes_never_sell_more_than_there_is(
    connect: Connect, clock: FakeClock, seed: int
) -> None:
    await add(connect(), a_product(TEA, stock=10))
    names = [f"order-{number}" for number in range(16)]
    processes = [dispatcher(connect(), clock, seed=number) for number in range(2)]
    chance = Random(seed)

    async def consume(process: Dispatcher[CatalogUnit]) -> None:
        messages = [order(name) for name in names] + [cancellation(name) for name in names[:4]]
        chance.shuffle(messages)
        for start in range(0, len(messages), 4):
            await handle(process, *messages[start : start + 4])

    await asyncio.gather(*(consume(process) for process in processes))
    database = connect()
    outcomes = await told(database, clock)
    movements = await database.documents["reservations"].find().to_list()
    held = sum(movement["status"] == "held" for movement in movements)
    assert 16 == len(movements)
    assert [0] == await imbalance(database)
    assert 10 - held == await stock_of(database)
    assert 0 <= 10 - held
    assert outcomes[topics.STOCK_RESERVED] + outcomes[topics.STOCK_REJECTED] <= 16


async def test_what_fails_is_parked_and_done_when_its_time_comes(
    database: MongoDatabase, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(database, a_product(TEA, stock=3))
    process = dispatcher(database, clock)
    with monkeypatch.context() as broken:
        broken.setattr(ProductsUnitOfWork, "add", lambda *_: 1 / 0)
        await handle(process, order("first"))
    await handle(process, cancellation("first"), order("second"))
    assert 1 == await database.parking.count()
    clock.advance(minutes=1)
    assert 1 == await process.retry_due()
    assert 0 == await database.parking.count()
    assert [0] == await imbalance(database)
    assert 2 == await stock_of(database)
