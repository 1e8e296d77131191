"""The services run as a role that may read and write rows, and nothing else."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql
from tests.builders.machines import FakeClock
from tests.contracts.store_harness import NOW, StoreHarness, a_delivery, a_message, parked
from tests.contracts.stores import OrdersStore

from adapters.postgres import migrate
from adapters.postgres.orders import OrdersDatabase, OrdersUnitOfWork

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role};
"""
HARNESS = StoreHarness()


@pytest.fixture
def role(postgres_server: str, orders_url: str) -> Iterator[str]:
    name = f"role_{uuid4().hex}"
    role = sql.Identifier(name)
    with psycopg.connect(orders_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        connection.execute(sql.SQL(GRANTS).format(role=role))
        yield name
        connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
        connection.execute(sql.SQL("DROP ROLE {}").format(role))


@pytest.fixture
def url(role: str, orders_url: str) -> str:
    parts = urlsplit(orders_url)
    return urlunsplit(parts._replace(netloc=f"{role}@{parts.hostname}:{parts.port}"))


@pytest.fixture
async def orders(url: str) -> AsyncIterator[OrdersStore[OrdersDatabase]]:
    database = OrdersDatabase(url, FakeClock())
    yield OrdersStore(database, OrdersUnitOfWork)
    await database.close()


async def test_a_service_does_all_its_work_as_such_a_role(
    orders: OrdersStore[OrdersDatabase], url: str
) -> None:
    assert await migrate.problem(url, "orders") is None
    await HARNESS.given(orders, "a")
    async with orders.open_unit() as unit:
        await unit.handled([a_delivery("1")])
        await unit.occupied([parked().lane])
        await unit.load(orders.needs("a"))
        orders.change(unit, "a")
        unit.record(a_delivery("1"), [a_message()])
        unit.park(parked())
        unit.hold(parked().lane)
        await unit.commit()
    await HARNESS.commit(orders, lambda unit: unit.unpark(parked()))
    await HARNESS.commit(orders, lambda unit: unit.release(parked().lane))
    async with orders.outbox.lease(now=NOW, limit=1) as lease:
        await lease.put_off(lease.rows[0].id, until=NOW)
        await lease.delete([row.id for row in lease.rows])
    assert 2 == await HARNESS.version(orders, "a")
    assert 1 == len([story async for story in orders.database.stories()])
    assert [] == list(await orders.database.overdue(NOW, limit=1))


@pytest.mark.parametrize(
    "statement", ["DROP TABLE orders", "CREATE TABLE mine ()", "TRUNCATE inbox"]
)
def test_such_a_role_changes_no_table(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())
