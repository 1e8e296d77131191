import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
from tests.builders.machines import NOW, FakeClock
from tests.builders.products import TEA, a_product
from tests.contracts.store_harness import CONSUMER
from tests.services.adapters.mongo.conftest import Connect
from tests.services.adapters.mongo.work import add, sell, stock_of
from tests.services.proxy import Proxy
from tests.services.servers.process import free_port

from adapters.mongo.database import MongoDatabase
from adapters.mongo.products import products_database
from tradex_core.errors import Outage

NOWHERE = "mongodb://127.0.0.1:1/catalog"
SHORT = timedelta(seconds=1)


@pytest.fixture
async def proxy(mongo_url: str) -> AsyncIterator[Proxy]:
    async with Proxy(free_port(), urlsplit(mongo_url).port or 27017) as proxy:
        yield proxy


@pytest.fixture
async def behind_the_proxy(
    mongo_url: str, proxy: Proxy, clock: FakeClock
) -> AsyncIterator[MongoDatabase]:
    parts = urlsplit(mongo_url)._replace(netloc=f"127.0.0.1:{proxy.port}")
    database = products_database(urlunsplit(parts), clock, timeout=SHORT)
    yield database
    await database.close()


@pytest.fixture
async def nowhere(clock: FakeClock) -> AsyncIterator[MongoDatabase]:
    database = products_database(NOWHERE, clock, timeout=SHORT)
    yield database
    await database.close()


async def test_a_server_that_is_away_is_an_outage_and_is_named(nowhere: MongoDatabase) -> None:
    with pytest.raises(Outage, match=r"^MongoDB did not answer: 127\.0\.0\.1:1: \[Errno 111\]"):
        await nowhere.open()


async def to_publish(database: MongoDatabase) -> None:
    async with database.outbox.lease(now=NOW, limit=1):
        pass


async def test_whatever_is_asked_of_a_server_that_is_away_is_an_outage(
    nowhere: MongoDatabase,
) -> None:
    asked = await asyncio.gather(
        add(nowhere, a_product(TEA)),
        to_publish(nowhere),
        nowhere.outbox.count(),
        nowhere.parking.due(CONSUMER, now=NOW, limit=1),
        return_exceptions=True,
    )
    assert [Outage] * 4 == [type(answer) for answer in asked]


def test_nothing_connects_before_it_is_opened(clock: FakeClock) -> None:
    assert products_database(NOWHERE, clock).outbox is not None


def test_a_url_without_a_database_is_refused(clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="names no database"):
        products_database("mongodb://127.0.0.1:1", clock)


async def test_who_asks_after_the_end_meets_an_outage(connect: Connect) -> None:
    database = connect()
    await database.open()
    await database.close()
    with pytest.raises(Outage, match="closed"):
        await database.ping()


async def test_what_was_cut_off_goes_on_where_it_was(
    connect: Connect, proxy: Proxy, behind_the_proxy: MongoDatabase
) -> None:
    await add(connect(), a_product(TEA, stock=10))
    await sell(behind_the_proxy)
    proxy.cut()
    with pytest.raises(Outage):
        await sell(behind_the_proxy)
    await sell(connect())
    proxy.mend()
    await sell(behind_the_proxy)
    assert [7, 7] == [await stock_of(each) for each in (connect(), behind_the_proxy)]
