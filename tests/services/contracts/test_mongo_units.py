from collections.abc import AsyncIterator

import pytest
from pymongo import AsyncMongoClient
from tests.builders.machines import FakeClock
from tests.contracts.outbox import OutboxContract
from tests.contracts.parking import ParkingContract
from tests.contracts.store_harness import Store
from tests.contracts.stores import ProductsStore
from tests.contracts.unit_of_work import UnitOfWorkContract

from adapters.mongo.connection import Document
from adapters.mongo.database import MongoDatabase
from adapters.mongo.products import ProductsUnitOfWork, products_database
from adapters.mongo.schema import upgrade


@pytest.fixture
async def products(mongo_url: str) -> AsyncIterator[Store]:
    await upgrade(mongo_url)
    database = products_database(mongo_url, FakeClock())
    yield ProductsStore[MongoDatabase](database, ProductsUnitOfWork)
    await database.close()
    async with AsyncMongoClient[Document](mongo_url) as client:
        await client.drop_database(client.get_default_database())


class TestMongoProducts(UnitOfWorkContract):
    @pytest.fixture
    async def store(self, products: Store) -> Store:
        return products


class TestMongoOutbox(OutboxContract):
    @pytest.fixture
    async def store(self, products: Store) -> Store:
        return products


class TestMongoParking(ParkingContract):
    @pytest.fixture
    async def store(self, products: Store) -> Store:
        return products
