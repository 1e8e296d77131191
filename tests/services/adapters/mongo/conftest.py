"""An upgraded database on the MongoDB-wire server, and as many ways to it as a test wants."""

from collections.abc import AsyncIterator, Callable

import pytest
from pymongo import AsyncMongoClient
from tests.builders.machines import FakeClock

from adapters.mongo.connection import Document
from adapters.mongo.database import MongoDatabase
from adapters.mongo.products import products_database
from adapters.mongo.schema import upgrade

Connect = Callable[[], MongoDatabase]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def connect(mongo_url: str, clock: FakeClock) -> AsyncIterator[Connect]:
    """Each call is what another process would have: a database object and a pool of its own."""
    await upgrade(mongo_url)
    opened: list[MongoDatabase] = []

    def connect() -> MongoDatabase:
        opened.append(products_database(mongo_url, clock))
        return opened[-1]

    yield connect
    for database in opened:
        await database.close()
    async with AsyncMongoClient[Document](mongo_url) as client:
        await client.drop_database(client.get_default_database())


@pytest.fixture
def database(connect: Connect) -> MongoDatabase:
    return connect()
