"""Today's code on the tables that a next release has expanded, as in the middle of an upgrade."""

from collections.abc import AsyncIterator
from typing import Any, Final

import psycopg
import pytest
from tests.builders.machines import FakeClock
from tests.contracts.store_harness import StoreHarness, a_delivery, a_message, parked
from tests.contracts.stores import OrdersStore, UsersStore

from adapters.postgres import migrate
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.orders import OrdersDatabase, OrdersUnitOfWork
from adapters.postgres.users import UsersUnitOfWork, users_database

HARNESS = StoreHarness()
EXPAND: Final = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables
                WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN later_a text', name);
        EXECUTE format('ALTER TABLE %I ADD COLUMN later_b int NOT NULL DEFAULT 7', name);
        EXECUTE format('CREATE INDEX ON %I (later_b)', name);
    END LOOP;
END $$;
"""
"""What a migration that only adds may do at its worst."""


async def expanded(url: str, service: str) -> str:
    """Bring an empty database to what this release wants, and then on."""
    _, at = await migrate.upgrade(url, service)
    later = f"{service}_9999_from_{(at or '').split('_')[1]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(EXPAND.encode())
        connection.execute("UPDATE alembic_version SET version_num = %s", [later])
    assert await migrate.problem(url, service) is None
    return url


@pytest.fixture
async def orders(postgres_url: str) -> AsyncIterator[OrdersStore[OrdersDatabase]]:
    database = OrdersDatabase(await expanded(postgres_url, "orders"), FakeClock())
    yield OrdersStore(database, OrdersUnitOfWork)
    await database.close()


@pytest.fixture
async def users(postgres_url: str) -> AsyncIterator[UsersStore[PostgresDatabase]]:
    database = users_database(await expanded(postgres_url, "auth"), FakeClock())
    yield UsersStore(database, UsersUnitOfWork)
    await database.close()


async def test_orders_do_all_their_work_there(orders: OrdersStore[OrdersDatabase]) -> None:
    await work(orders)


async def test_users_do_all_their_work_there(users: UsersStore[PostgresDatabase]) -> None:
    await work(users)


async def work(store: Any) -> None:  # noqa: ANN401 - either of the two
    """Read, change, park and publish."""
    await HARNESS.given(store, "a")
    async with store.open_unit() as unit:
        await unit.handled([a_delivery("1")])
        await unit.occupied([parked().lane])
        await unit.load(store.needs("a"))
        store.change(unit, "a")
        unit.record(a_delivery("1"), [a_message()])
        unit.park(parked())
        await unit.commit()
    async with store.open_unit() as unit:
        assert {a_delivery("1").handled_id} == set(await unit.handled([a_delivery("1")]))
    assert 1 == await store.database.outbox.count()
    assert 1 == await store.database.parking.count()
