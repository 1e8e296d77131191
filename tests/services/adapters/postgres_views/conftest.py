"""A gateway's database for each test, and what the projector makes of a log in it."""

from collections.abc import AsyncIterator

import pytest
from tests.builders.machines import FakeClock

from adapters.memory.broker import MemoryBroker
from adapters.postgres import migrate
from adapters.postgres.view_unit import ViewsDatabase
from tradex_core.events.topics import all_topics


@pytest.fixture
async def gateway_url(postgres_url: str) -> str:
    await migrate.upgrade(postgres_url, "gateway")
    return postgres_url


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def database(gateway_url: str, clock: FakeClock) -> AsyncIterator[ViewsDatabase]:
    database = ViewsDatabase(gateway_url, clock)
    yield database
    await database.close()


@pytest.fixture
async def broker(clock: FakeClock) -> AsyncIterator[MemoryBroker]:
    broker = MemoryBroker(clock)
    await broker.apply(all_topics())
    yield broker
    await broker.close()
