"""The databases of auth and orders for each test, and what is built on them."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.builders.machines import FakeClock
from tests.contracts.stores import OrdersStore, UsersStore
from tests.services.migrated import Migrated

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.orders import OrdersDatabase, OrdersUnitOfWork
from adapters.postgres.users import UsersUnitOfWork, users_database


@pytest.fixture(scope="session")
def migrated(postgres_server: str) -> Iterator[Migrated]:
    migrated = Migrated(postgres_server)
    yield migrated
    migrated.drop()


@pytest.fixture
async def auth_url(migrated: Migrated) -> str:
    return await migrated.empty("auth")


@pytest.fixture
async def orders_url(migrated: Migrated) -> str:
    return await migrated.empty("orders")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def users(auth_url: str, clock: FakeClock) -> AsyncIterator[UsersStore[PostgresDatabase]]:
    database = users_database(auth_url, clock)
    yield UsersStore(database, UsersUnitOfWork)
    await database.close()


@pytest.fixture
async def orders(orders_url: str, clock: FakeClock) -> AsyncIterator[OrdersStore[OrdersDatabase]]:
    database = OrdersDatabase(orders_url, clock)
    yield OrdersStore(database, OrdersUnitOfWork)
    await database.close()
