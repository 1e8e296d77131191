from random import Random

import pytest
from bson import ObjectId
from tests.builders.products import MUG, TEA, a_product
from tests.contracts.store_harness import NOW
from tests.services.adapters.mongo.conftest import Connect
from tests.services.adapters.mongo.work import a_movement, add, do, needs_of

from adapters.mongo.database import MongoDatabase
from adapters.mongo.products import ProductsUnitOfWork
from adapters.mongo.stock_ledger import StockAccount, StockLedger
from tradex_core.ids import ProductId
from tradex_core.products.movement import Movement, MovementStatus, derived_stock
from tradex_core.products.ports import MOVEMENTS


async def accounts(database: MongoDatabase) -> dict[str, StockAccount]:
    return {each.product_id: each async for each in StockLedger(database).accounts()}


async def hold(
    database: MongoDatabase, movement: Movement, *, adding: ProductId | None = None
) -> None:
    """Hold what a movement takes, of a product that is added in the same unit where told so."""

    def work(unit: ProductsUnitOfWork) -> None:
        if adding is not None:
            unit.products.add(a_product(adding, stock=10))
        for line in movement.state.lines:
            unit.products.get(line.product_id).decrease(-line.quantity, at=NOW)
        unit.movements.add(movement)

    await do(database, work, needs_of([movement]))


async def release(database: MongoDatabase, movement: Movement) -> None:
    def work(unit: ProductsUnitOfWork) -> None:
        found = unit.movements.find(movement.state.movement_id)
        assert found is not None
        for line in found.state.lines:
            unit.products.get(line.product_id).increase(-line.quantity, at=NOW)
        found.release(at=NOW)

    await do(database, work, [(MOVEMENTS, movement.state.movement_id)])


async def test_stock_is_what_it_began_with_and_what_was_moved_since(
    database: MongoDatabase,
) -> None:
    await add(database, a_product(TEA, stock=10), a_product(MUG, stock=5))
    await hold(database, a_movement("order-1", (TEA, -2), (MUG, -1)))
    await hold(database, a_movement("order-2", (TEA, -3)))
    await release(database, a_movement("order-2", (TEA, -3)))
    found = await accounts(database)
    assert [(10, -2, 8), (5, -1, 4)] == [
        (found[each].initial, found[each].derived - found[each].initial, found[each].stock)
        for each in (TEA, MUG)
    ]


async def test_what_is_sold_in_the_unit_that_adds_it_was_there_before(
    database: MongoDatabase,
) -> None:
    await hold(database, a_movement("order-1", (TEA, -4)), adding=TEA)
    assert (10, -4, 6) == (
        (await accounts(database))[TEA].initial,
        (await accounts(database))[TEA].moved,
        (await accounts(database))[TEA].stock,
    )


async def test_a_product_of_the_original_s_began_with_what_was_found_of_it(
    database: MongoDatabase,
) -> None:
    products = database.documents["products"]
    await products.insert_one(
        {"_id": ObjectId(TEA), "name": "Tea", "sku": "T", "price": 3, "stock": 7}
    )
    assert 7 == (await accounts(database))[TEA].derived
    await hold(database, a_movement("order-1", (TEA, -4)))
    assert (7, -4, 3) == (
        (await accounts(database))[TEA].initial,
        (await accounts(database))[TEA].moved,
        (await accounts(database))[TEA].stock,
    )


async def test_what_does_not_add_up_is_seen(database: MongoDatabase) -> None:
    await add(database, a_product(TEA, stock=10), a_product(MUG, stock=5))
    await database.documents["products"].update_one({"_id": ObjectId(TEA)}, {"$inc": {"stock": 1}})
    found = await accounts(database)
    assert [(10, 11), (5, 5)] == [(found[each].derived, found[each].stock) for each in (TEA, MUG)]


async def test_it_adds_up_while_things_are_sold(connect: Connect) -> None:
    seller, reader = connect(), connect()
    await add(seller, a_product(TEA, stock=30))
    for number in range(15):
        await hold(seller, a_movement(f"order-{number}", (TEA, -1)))
        [account] = (await accounts(reader)).values()
        assert account.derived == account.stock == 29 - number


@pytest.mark.parametrize("seed", range(3))
async def test_it_counts_as_the_core_does(database: MongoDatabase, seed: int) -> None:
    chance = Random(seed)
    await add(database, a_product(TEA, stock=10), a_product(MUG, stock=5))
    movements = [
        a_movement(
            f"order-{number}",
            *[(each, chance.randint(-9, 9)) for each in (TEA, MUG)],
            status=chance.choice(list(MovementStatus)),
        )
        for number in range(40)
    ]

    def add_all(unit: ProductsUnitOfWork) -> None:
        for movement in movements:
            unit.movements.add(movement)

    await do(database, add_all, needs_of(movements))
    found = await accounts(database)
    states = [movement.state for movement in movements]
    for product_id, initial in ((TEA, 10), (MUG, 5)):
        wanted = derived_stock(product_id, initial=initial, movements=states)
        assert wanted == found[product_id].derived


async def test_there_may_be_more_products_than_a_page_holds(database: MongoDatabase) -> None:
    ids = [ProductId(f"65a4f0a0000000000000{number:04x}") for number in range(450)]
    await add(database, *[a_product(each) for each in ids])
    assert ids == list(await accounts(database))
