"""Products stand in MongoDB as the original had them, and what it wrote is read."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from beanie import init_beanie
from bson import Decimal128, ObjectId
from tests.builders.products import TEA, create_product_command, update_command
from tests.contracts.store_harness import NOW
from tests.services.adapters.mongo.conftest import Connect
from tests.services.adapters.mongo.work import a_movement, add, do, needs_of, state_of

from adapters.mongo.connection import Document
from adapters.mongo.database import MongoDatabase
from adapters.mongo.documents import MovementInMongo, ProductInMongo
from adapters.mongo.products import PRODUCT_KINDS
from tradex_core.ids import UserId
from tradex_core.money import Money
from tradex_core.products.movement import MovementStatus
from tradex_core.products.ports import MOVEMENTS, PRODUCTS, PRODUCTS_BY_SKU
from tradex_core.products.product import Product, ProductState

SELLER_ID = UserId("018d0c1e-8a00-7000-8000-0000000000c1")
ORIGINALS_OWN = {
    "_id": ObjectId(TEA),
    "name": "Producto X",
    "description": "Descripción del producto",
    "sku": "SKU-001",
    "price": 99.99,
    "stock": 100,
    "category": "Categoría",
    "imageUrl": "https://example.com/x.jpg",
    "isActive": True,
    "createdAt": datetime(2024, 1, 15, 10, 0, tzinfo=UTC),
    "updatedAt": datetime(2024, 1, 15, 10, 0, tzinfo=UTC),
}


@pytest.fixture
async def beanie(database: MongoDatabase) -> None:
    """Bind the documents to this test's database."""
    await init_beanie(
        database=database.documents, document_models=[ProductInMongo, MovementInMongo]
    )


async def read(database: MongoDatabase) -> Document:
    document = await database.documents["products"].find_one({"_id": ObjectId(TEA)})
    assert document is not None
    return document


def product() -> Product:
    return Product.create(
        create_product_command(sku="SKU-001", price="99.99", stock=100),
        product_id=TEA,
        seller_id=SELLER_ID,
        at=NOW,
    )


async def test_a_product_is_the_original_s_document_and_a_little_more(
    database: MongoDatabase,
) -> None:
    await add(database, product())
    assert {
        "_id": ObjectId(TEA),
        "name": "Tea",
        "description": "Leaves, loose",
        "sku": "SKU-001",
        "price": Decimal128("99.99"),
        "stock": 100,
        "category": "Beverages",
        "imageUrl": "https://example.com/tea.jpg",
        "isActive": True,
        "createdAt": NOW,
        "updatedAt": NOW,
        "sellerId": SELLER_ID,
        "version": 1,
        "initialStock": 100,
        "commit": 1,
    } == await read(database)


async def test_products_have_the_original_s_indexes(database: MongoDatabase) -> None:
    indexes = await database.documents["products"].index_information()
    keys = {tuple(index["key"]): index.get("unique", False) for index in indexes.values()}
    assert {
        (("_id", 1),): False,
        (("sku", 1),): True,
        (("category", 1),): False,
        (("isActive", 1),): False,
    } == keys


@pytest.mark.usefixtures("beanie")
async def test_anybody_may_read_products_and_movements_with_beanie(
    database: MongoDatabase,
) -> None:
    await add(database, product())
    movement = a_movement("order-1", (TEA, -2))
    await do(database, lambda unit: unit.movements.add(movement), needs_of([movement]))
    [found] = await ProductInMongo.find(ProductInMongo.sku == "SKU-001").to_list()
    assert (ObjectId(TEA), Decimal("99.99"), "Tea") == (found.id, found.price, found.name)
    held = await MovementInMongo.get("order-1")
    assert held is not None
    assert ("held", [(TEA, -2)]) == (held.status, [(m.product_id, m.quantity) for m in held.lines])


async def test_a_product_of_the_original_s_is_read_and_sold(connect: Connect) -> None:
    database = connect()
    await database.documents["products"].insert_one(ORIGINALS_OWN)
    assert ProductState(
        product_id=TEA,
        name="Producto X",
        description="Descripción del producto",
        sku="SKU-001",
        price=Money("99.99"),
        stock=100,
        category="Categoría",
        image_url="https://example.com/x.jpg",
        is_active=True,
        seller_id=None,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    ) == await state_of(database)

    await do(
        database,
        lambda unit: unit.products.get(TEA).update(update_command(name="Tea"), at=NOW),
        [(PRODUCTS_BY_SKU, "SKU-001"), (PRODUCTS, TEA)],
    )
    changed = {**ORIGINALS_OWN, "name": "Tea", "price": Decimal128("99.99")}
    assert changed.items() <= (await read(database)).items()
    assert 2 == (await read(database))["version"]


async def test_a_product_that_the_original_wrote_in_short_is_read(database: MongoDatabase) -> None:
    await database.documents["products"].insert_one(
        {"_id": ObjectId(TEA), "name": "Tea", "sku": "T", "price": 3, "stock": 2.0, "__v": 0}
    )
    state = await state_of(database)
    assert state is not None
    assert (Money("3.00"), 2, "", True) == (
        state.price,
        state.stock,
        state.category,
        state.is_active,
    )
    assert ObjectId(TEA).generation_time == state.created_at == state.updated_at


async def test_what_somebody_else_added_to_a_product_stays(database: MongoDatabase) -> None:
    await database.documents["products"].insert_one({**ORIGINALS_OWN, "__v": 3})
    await do(
        database,
        lambda unit: unit.products.get(TEA).decrease(1, at=NOW),
        [(PRODUCTS, TEA)],
    )
    assert (3, 99) == ((await read(database))["__v"], (await read(database))["stock"])


@pytest.mark.parametrize("status", MovementStatus)
async def test_a_movement_is_read_as_it_was_written(
    database: MongoDatabase, status: MovementStatus
) -> None:
    movement = a_movement("order-1", (TEA, -2), status=status)
    await do(database, lambda unit: unit.movements.add(movement), needs_of([movement]))
    document = await database.documents["reservations"].find_one({"_id": "order-1"})
    assert document is not None
    assert movement.state == PRODUCT_KINDS[MOVEMENTS].to_state(document)
