"""A process may die or stall anywhere between a commit and the documents that follow from it."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from tests.builders.products import MUG, TEA, a_product
from tests.contracts.store_harness import CONSUMER, parked
from tests.services.adapters.mongo.conftest import Connect
from tests.services.adapters.mongo.work import (
    a_movement,
    add,
    commits,
    do,
    needs_of,
    sell,
    stock_of,
)

from adapters.mongo import follower
from adapters.mongo.connection import Document
from adapters.mongo.database import MongoDatabase
from adapters.mongo.products import ProductsUnitOfWork
from adapters.mongo.roll_forward import roll_forward
from tradex_core.errors import Outage
from tradex_core.products.movement import MovementId
from tradex_core.products.ports import MOVEMENTS

RollForward = Callable[[AsyncDatabase[Document], Document], Coroutine[Any, Any, None]]
Dying = Callable[[RollForward], None]


async def die_at_once(_database: AsyncDatabase[Document], _commit: Document) -> None:
    msg = "the process is gone"
    raise Outage(msg)


async def die_half_way(database: AsyncDatabase[Document], commit: Document) -> None:
    await roll_forward(database, {**commit, "ops": commit["ops"][:1]})
    await die_at_once(database, commit)


async def reserve(database: MongoDatabase) -> None:
    """Hold two of TEA and one of MUG: documents of two collections."""
    movement = a_movement("order-1", (TEA, -2), (MUG, -1))

    def hold(unit: ProductsUnitOfWork) -> None:
        for line in movement.state.lines:
            unit.products.get(line.product_id).decrease(-line.quantity, at=movement.state.at)
        unit.movements.add(movement)

    await do(database, hold, needs_of([movement]))


@pytest.mark.parametrize("death", [die_at_once, die_half_way])
async def test_what_one_process_committed_and_did_not_write_down_the_next_one_does(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, death: RollForward
) -> None:
    await add(connect(), a_product(TEA), a_product(MUG))
    with monkeypatch.context() as dying:
        dying.setattr(follower, "roll_forward", death)
        await reserve(connect())
    another = connect()
    assert [8, 9] == [await stock_of(another, product) for product in (TEA, MUG)]
    async with ProductsUnitOfWork(another) as unit:
        await unit.load([(MOVEMENTS, "order-1")])
        assert unit.movements.find(MovementId("order-1")) is not None


async def test_what_a_process_did_not_write_down_it_does_before_it_reads_again(
    database: MongoDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(database, a_product(TEA), a_product(MUG))
    with monkeypatch.context() as dying:
        dying.setattr(follower, "roll_forward", die_at_once)
        await reserve(database)
    assert 8 == await stock_of(database)
    await sell(database, 3)
    assert 5 == await stock_of(database)


async def test_what_was_written_down_and_not_noted_is_written_down_again(connect: Connect) -> None:
    database = connect()
    await add(database, a_product(TEA, stock=10))
    for _ in range(3):
        await sell(database)
    await database.documents["log_state"].update_one({}, {"$set": {"number": 1}})
    another = connect()
    assert 7 == await stock_of(another)
    await sell(another)
    assert [6, 6] == [await stock_of(each) for each in (another, database)]


async def test_where_nothing_is_noted_the_log_is_followed_from_its_start(connect: Connect) -> None:
    database = connect()
    await add(database, a_product(TEA, stock=10))
    await sell(database)
    await database.documents["log_state"].delete_many({})
    await database.documents["products"].delete_many({})
    assert 9 == await stock_of(connect())


async def test_who_stalls_and_writes_down_late_changes_nothing(connect: Connect) -> None:
    database = connect()
    await add(database, a_product(TEA, stock=10))
    await sell(database)
    stalled = await commits(database)
    await sell(connect())
    for commit in stalled:
        await roll_forward(database.documents, commit)
    assert 8 == await stock_of(connect())


async def test_however_many_write_down_in_whatever_order_the_last_commit_stays(
    connect: Connect,
) -> None:
    database = connect()
    await add(database, a_product(TEA, stock=50))
    for _ in range(6):
        await sell(database)
    await database.documents["products"].delete_many({})
    [created, *sales] = await commits(database)
    await roll_forward(database.documents, created)
    racing = [sale for sale in sales for _ in range(3)]
    Random(7).shuffle(racing)
    await asyncio.gather(*(roll_forward(database.documents, commit) for commit in racing))
    assert 44 == await stock_of(database)


async def test_those_who_write_new_documents_down_side_by_side_write_the_latest(
    connect: Connect,
) -> None:
    database = connect()
    await do(database, lambda unit: unit.hold(parked().lane))
    await do(database, lambda unit: unit.release(parked().lane))
    await do(database, lambda unit: unit.hold(parked().lane))
    for _ in range(5):
        await database.documents["held_lanes"].delete_many({})
        racing = await commits(database) * 3
        await asyncio.gather(*(roll_forward(connect().documents, commit) for commit in racing))
        assert {parked().lane} == await database.parking.occupied([parked().lane])


async def test_what_was_deleted_is_not_brought_back_by_who_stalled(connect: Connect) -> None:
    database, entry = connect(), parked()
    await do(database, lambda unit: unit.park(entry))
    await do(database, lambda unit: unit.hold(entry.lane))
    stalled = await commits(database)
    await do(database, lambda unit: unit.unpark(entry))
    await do(database, lambda unit: unit.release(entry.lane))
    for commit in stalled:
        await roll_forward(database.documents, commit)
    assert [] == list(await database.parking.all_parked(CONSUMER))
    assert set() == await database.parking.occupied([entry.lane])
    assert 0 == await database.parking.count()


async def test_what_was_deleted_can_be_parked_once_more(database: MongoDatabase) -> None:
    entry = parked()
    for _ in range(2):
        await do(database, lambda unit: unit.park(entry))
        await do(database, lambda unit: unit.unpark(entry))
    await do(database, lambda unit: unit.park(entry))
    assert [entry] == list(await database.parking.all_parked(CONSUMER))


async def test_a_document_written_past_the_log_does_not_stop_it(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    database, theirs = connect(), a_product(MUG).state
    product = a_product(TEA)
    async with ProductsUnitOfWork(database) as unit:
        await unit.load([("products", TEA), ("products_by_sku", product.state.sku)])
        unit.products.add(product)
        await database.documents["products"].insert_one(
            {"_id": "theirs", "name": theirs.name, "sku": product.state.sku, "price": 1}
        )
        await unit.commit()
    assert "written past the log" in caplog.text
    await add(database, a_product(MUG))
    assert 10 == await stock_of(database, MUG)
