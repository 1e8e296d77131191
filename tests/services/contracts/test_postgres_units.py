from collections.abc import AsyncIterator

import pytest
from tests.builders.machines import FakeClock
from tests.contracts.outbox import OutboxContract
from tests.contracts.parking import ParkingContract
from tests.contracts.store_harness import Store
from tests.contracts.stores import OrdersStore, UsersStore
from tests.contracts.unit_of_work import UnitOfWorkContract

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.orders import OrdersDatabase, OrdersUnitOfWork
from adapters.postgres.users import UsersUnitOfWork, users_database


@pytest.fixture
async def users(auth_url: str) -> AsyncIterator[Store]:
    database = users_database(auth_url, FakeClock())
    yield UsersStore[PostgresDatabase](database, UsersUnitOfWork)
    await database.close()


@pytest.fixture
async def orders(orders_url: str) -> AsyncIterator[Store]:
    database = OrdersDatabase(orders_url, FakeClock())
    yield OrdersStore[OrdersDatabase](database, OrdersUnitOfWork)
    await database.close()


class TestPostgresUsers(UnitOfWorkContract):
    @pytest.fixture
    async def store(self, users: Store) -> Store:
        return users


class TestPostgresOrders(UnitOfWorkContract):
    has_unique_keys = False

    @pytest.fixture
    async def store(self, orders: Store) -> Store:
        return orders


class TestPostgresOutbox(OutboxContract):
    @pytest.fixture
    async def store(self, users: Store) -> Store:
        return users


class TestPostgresParking(ParkingContract):
    @pytest.fixture
    async def store(self, users: Store) -> Store:
        return users
