import asyncio

from tests.builders.products import TEA, a_product
from tests.services.adapters.mongo.conftest import Connect
from tests.services.adapters.mongo.work import add, stock_of

from adapters.mongo.schema import schema_problem, upgrade


async def test_an_upgraded_database_lacks_nothing(mongo_url: str, connect: Connect) -> None:
    assert await schema_problem(mongo_url) is None


async def test_what_is_missing_is_named_with_its_remedy(mongo_url: str) -> None:
    assert (
        "the collection 'products' lacks its index 'sku_1'; run `tradex db upgrade catalog`"
        == await schema_problem(mongo_url)
    )


async def test_what_a_relay_leases_is_missed_by_name(mongo_url: str, connect: Connect) -> None:
    await connect().documents["log_state"].delete_one({"_id": "relay"})
    assert "'log_state' lacks its document 'relay'; run `tradex db upgrade" in (
        await schema_problem(mongo_url) or ""
    )


async def test_an_upgrade_can_be_repeated_and_changes_nothing(
    mongo_url: str, connect: Connect
) -> None:
    database = connect()
    await add(database, a_product(TEA, stock=3))
    await asyncio.gather(*(upgrade(mongo_url) for _ in range(3)))
    assert await schema_problem(mongo_url) is None
    assert 3 == await stock_of(connect())
