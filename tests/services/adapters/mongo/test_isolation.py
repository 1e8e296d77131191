"""Units of work of several processes, over one server."""

import asyncio
from datetime import timedelta
from itertools import cycle

import pytest
from tests.builders.machines import FakeClock
from tests.builders.products import MUG, TEA, a_product
from tests.contracts.store_harness import CONSUMER, a_delivery, a_message, parked
from tests.services.adapters.mongo.conftest import Connect
from tests.services.adapters.mongo.work import add, commits, do, publish, sell, state_of, stock_of

from adapters.mongo.database import MongoDatabase
from adapters.mongo.products import ProductsUnitOfWork
from tradex_core.errors import StoreConflict
from tradex_core.ids import ProductId
from tradex_core.products.errors import InsufficientStock
from tradex_core.products.ports import PRODUCTS


async def test_the_last_one_in_stock_is_sold_once(connect: Connect) -> None:
    await add(connect(), a_product(TEA, stock=4))
    shops = [connect() for _ in range(3)]
    sold = []

    async def buy(shop: MongoDatabase) -> None:
        while True:
            try:
                await sell(shop)
            except StoreConflict:
                await asyncio.sleep(0.001)
            except InsufficientStock:
                return
            else:
                sold.append(shop)
                return

    await asyncio.gather(*(buy(shop) for shop, _ in zip(cycle(shops), range(9), strict=False)))
    assert 4 == len(sold)
    assert [0, 0, 0] == [await stock_of(shop) for shop in shops]


async def test_processes_that_have_nothing_in_common_do_not_disturb_each_other(
    connect: Connect,
) -> None:
    products = [(connect(), product) for product in (TEA, MUG)]
    for database, product in products:
        await add(database, a_product(product, stock=50))

    async def sell_ten(database: MongoDatabase, product: ProductId) -> None:
        for _ in range(10):
            await sell(database, product_id=product)

    await asyncio.gather(*(sell_ten(*each) for each in products))
    assert [40, 40] == [await stock_of(*each) for each in products]


async def test_a_message_that_two_processes_handle_has_one_effect(connect: Connect) -> None:
    late, first = connect(), connect()
    async with ProductsUnitOfWork(late) as unit:
        assert set() == await unit.handled([a_delivery("1")])
        unit.record(a_delivery("1"), [a_message("late")])
        await do(first, lambda other: other.record(a_delivery("1"), [a_message("first")]))
        with pytest.raises(StoreConflict):
            await unit.commit()
    assert 1 == await first.outbox.count()


async def test_a_lane_that_was_free_must_still_be_so(connect: Connect) -> None:
    late, first = connect(), connect()
    async with ProductsUnitOfWork(late) as unit:
        assert set() == await unit.occupied([parked().lane])
        await do(first, lambda other: other.park(parked()))
        unit.record(a_delivery("1"), [])
        with pytest.raises(StoreConflict):
            await unit.commit()


async def test_what_was_read_half_before_and_half_after_a_commit_is_not_handed_out(
    connect: Connect,
) -> None:
    late, first = connect(), connect()
    await add(first, a_product(TEA), a_product(MUG))
    async with ProductsUnitOfWork(late) as unit:
        await unit.load([(PRODUCTS, TEA)])
        await sell(first, product_id=MUG)
        with pytest.raises(StoreConflict):
            await unit.load([(PRODUCTS, MUG)])


async def test_what_was_only_read_is_told_apart_from_what_changed_meanwhile(
    connect: Connect,
) -> None:
    late, first = connect(), connect()
    await add(first, a_product(TEA))
    async with ProductsUnitOfWork(late) as unit:
        await unit.load([(PRODUCTS, TEA)])
        await sell(first)
        with pytest.raises(StoreConflict):
            await unit.commit()


async def test_what_is_added_unseen_does_not_replace_what_is_there(database: MongoDatabase) -> None:
    await add(database, a_product(TEA, stock=5))
    with pytest.raises(StoreConflict):
        await do(database, lambda unit: unit.products.add(a_product(TEA, stock=9)))
    assert 5 == await stock_of(database)


async def test_parked_messages_of_one_lane_do_not_disturb_each_other(connect: Connect) -> None:
    trying, parking = connect(), connect()
    head, later = parked(0), parked(1)
    await do(trying, lambda unit: unit.park(head))
    async with ProductsUnitOfWork(trying) as unit:
        await unit.load(())
        unit.unpark(head)
        await do(parking, lambda other: other.park(later))
        await unit.commit()
    assert [later] == list(await trying.parking.all_parked(CONSUMER))


async def test_what_is_parked_to_the_microsecond_can_be_unparked(
    database: MongoDatabase, clock: FakeClock
) -> None:
    entry = parked(at=clock.now() + timedelta(microseconds=1_234_567))
    await do(database, lambda unit: unit.park(entry))
    await do(database, lambda unit: unit.unpark(entry))
    assert [] == list(await database.parking.all_parked(CONSUMER))


async def test_a_unit_for_which_the_log_was_stripped_too_far_begins_anew(
    connect: Connect, clock: FakeClock
) -> None:
    late, first = connect(), connect()
    await add(first, a_product(TEA), a_product(MUG))
    async with ProductsUnitOfWork(late) as unit:
        await unit.load([(PRODUCTS, TEA)])
        unit.products.get(TEA).decrease(1, at=clock.now())
        await sell(first, product_id=MUG)
        clock.advance(minutes=2)
        for _ in range(2):
            await sell(first, product_id=MUG)
        with pytest.raises(StoreConflict):
            await unit.commit()
    assert 10 == await stock_of(late)


async def test_a_unit_that_took_longer_than_numbers_are_remembered_begins_anew(
    database: MongoDatabase, clock: FakeClock
) -> None:
    await add(database, a_product(TEA))
    async with ProductsUnitOfWork(database) as unit:
        await unit.load([(PRODUCTS, TEA)])
        unit.products.get(TEA).decrease(1, at=clock.now())
        clock.advance(hours=2)
        with pytest.raises(StoreConflict):
            await unit.commit()


async def test_a_commit_with_nothing_in_it_writes_nothing(database: MongoDatabase) -> None:
    await add(database, a_product(TEA))
    await do(database, lambda unit: unit.products.find(TEA), [(PRODUCTS, TEA)])
    assert 1 == len(await commits(database))


async def test_a_batch_that_is_too_large_is_not_taken_for_an_outage(
    database: MongoDatabase,
) -> None:
    messages = [a_message("x" * 1_000_000) for _ in range(20)]
    with pytest.raises(Exception, match="too large") as caught:
        await publish(database, *messages)
    assert not isinstance(caught.value, StoreConflict)
    await publish(database, messages[0])
    assert 1 == await database.outbox.count()


@pytest.mark.parametrize("product_id", ["tea", "", "65A4F0A00000000000000001", "x" * 24])
async def test_an_id_that_no_product_can_have_is_that_of_none(
    database: MongoDatabase, product_id: ProductId
) -> None:
    await add(database, a_product(TEA))
    assert await state_of(database, product_id) is None
