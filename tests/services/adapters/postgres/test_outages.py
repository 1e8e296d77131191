"""What happens while the server is away, busy or slow: it is said, and nothing is half done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa
from tests.builders.machines import FakeClock
from tests.contracts.store_harness import NOW, StoreHarness, a_delivery, a_message
from tests.contracts.stores import UsersStore

from adapters.postgres.database import PoolSettings, PostgresDatabase
from adapters.postgres.users import UsersUnitOfWork, users_database
from tradex_core.errors import Outage, StoreConflict

Users = UsersStore[PostgresDatabase]
SHORT = timedelta(milliseconds=100)
HARNESS = StoreHarness()


@pytest.fixture
async def impatient(auth_url: str) -> AsyncIterator[Users]:
    pool = PoolSettings(size=2, acquire=SHORT, lock=SHORT, statement=timedelta(seconds=2))
    database = users_database(auth_url, FakeClock(), pool)
    yield UsersStore(database, UsersUnitOfWork)
    await database.close()


def disconnect_everybody(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def shown(store: Users, setting: str) -> str:
    async with store.database.transaction() as connection:
        return str((await connection.exec_driver_sql(f"SHOW {setting}")).scalar_one())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://nobody@127.0.0.1:1/nothing", "refused"),
        ("postgresql://nobody@nowhere.invalid/nothing", "nowhere.invalid"),
    ],
)
async def test_a_server_that_is_away_is_named_with_the_reason(url: str, why: str) -> None:
    database = users_database(url, FakeClock())
    with pytest.raises(Outage, match=f"PostgreSQL .*/nothing: .*{why}"):
        await database.open()
    async with UsersUnitOfWork(database) as unit:
        with pytest.raises(Outage):
            await unit.handled([a_delivery("1")])
    with pytest.raises(Outage):
        async with database.outbox.lease(now=NOW, limit=10):
            pass
    with pytest.raises(Outage):
        await database.parking.next_due("auth")
    await database.close()


async def test_a_database_that_does_not_exist_is_named(auth_url: str) -> None:
    database = users_database(auth_url.replace("test_", "no_"), FakeClock())
    with pytest.raises(Outage, match="does not exist"):
        await database.ping()
    await database.close()


async def test_connections_are_named_and_bounded_in_time(impatient: Users) -> None:
    assert "tradex auth" == await shown(impatient, "application_name")
    assert "100ms" == await shown(impatient, "lock_timeout")
    assert "2s" == await shown(impatient, "statement_timeout")
    assert "1min" == await shown(impatient, "idle_in_transaction_session_timeout")


async def test_a_unit_that_asks_nothing_takes_no_connection(impatient: Users) -> None:
    for _ in range(10):
        async with impatient.open_unit() as unit:
            assert set() == set(await unit.handled([]))
            assert set() == set(await unit.occupied([]))
            await unit.load([])
    assert "Connections in pool: 0" in impatient.database.engine.pool.status()


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
async def test_a_connection_that_breaks_is_an_outage_and_nothing_was_done(
    users: Users, auth_url: str, steps: int
) -> None:
    async def work() -> None:
        async with users.open_unit() as unit:
            for step in range(4):
                if step == steps:
                    disconnect_everybody(auth_url)
                if step == 0:
                    await unit.load(users.needs("first"))
                elif step == 1:
                    await unit.handled([a_delivery("1")])
                elif step == 2:
                    await unit.load(users.needs("a"))
                    users.add(unit, "a")
                    unit.record(a_delivery("1"), [a_message()])
                else:
                    await unit.commit()

    await HARNESS.given(users, "first")
    if steps == 0:  # it was idle: the pool has noticed
        await work()
        return
    with pytest.raises(Outage):
        await work()
    assert await HARNESS.version(users, "a") is None
    assert [] == await HARNESS.waiting(users)
    await work_again(users)


async def work_again(users: Users) -> None:
    await HARNESS.given(users, "b")
    assert 1 == await HARNESS.version(users, "b")


async def test_connections_that_broke_while_idle_are_not_used(users: Users, auth_url: str) -> None:
    async with users.open_unit() as one, users.open_unit() as another:
        await one.load(users.needs("a"))
        await another.load(users.needs("b"))
    disconnect_everybody(auth_url)
    for name in ("a", "b", "c"):
        await HARNESS.given(users, name)


async def test_a_connection_that_breaks_as_soon_as_it_is_made_is_an_outage(
    users: Users, auth_url: str
) -> None:
    engine = users.database.engine.sync_engine
    sa.event.listen(engine, "connect", lambda *_: disconnect_everybody(auth_url))
    with pytest.raises(Outage):
        await users.database.ping()


async def test_connections_that_broke_do_not_use_the_pool_up(
    impatient: Users, auth_url: str
) -> None:
    for is_committed in [True, False] * 3:
        with suppress(Outage):
            async with impatient.open_unit() as unit:
                await unit.load(impatient.needs("a"))
                disconnect_everybody(auth_url)
                if is_committed:
                    await unit.commit()
    await work_again(impatient)


async def test_a_relay_that_loses_its_connection_deletes_nothing(
    users: Users, auth_url: str
) -> None:
    await HARNESS.commit(users, lambda unit: unit.publish([a_message()]))

    async def relay() -> None:
        async with users.outbox.lease(now=NOW, limit=10) as lease:
            disconnect_everybody(auth_url)
            await lease.delete([row.id for row in lease.rows])

    with pytest.raises(Outage):
        await relay()
    assert [a_message()] == await HARNESS.waiting(users)


async def test_who_waits_too_long_for_another_unit_is_in_conflict(impatient: Users) -> None:
    async with impatient.open_unit() as first, impatient.open_unit() as second:
        await first.load(impatient.needs("a"))
        with pytest.raises(StoreConflict):
            await second.load(impatient.needs("a"))


async def test_a_pool_that_is_used_up_is_an_outage(impatient: Users) -> None:
    async with impatient.open_unit() as first, impatient.open_unit() as second:
        await first.load(impatient.needs("a"))
        await second.load(impatient.needs("b"))
        async with impatient.open_unit() as third:
            with pytest.raises(Outage, match="every connection of the pool is taken"):
                await third.load(impatient.needs("c"))
    await work_again(impatient)


async def test_a_cancelled_unit_gives_its_locks_back(users: Users) -> None:
    taken = asyncio.Event()

    async def hang() -> None:
        async with users.open_unit() as unit:
            await unit.load(users.needs("a"))
            taken.set()
            await asyncio.Event().wait()

    hanging = asyncio.create_task(hang())
    await taken.wait()
    waiting = asyncio.create_task(HARNESS.given(users, "a"))
    hanging.cancel()
    await asyncio.wait_for(waiting, timeout=5)


async def test_a_unit_that_is_cancelled_while_it_waits_gives_its_connection_back(
    users: Users,
) -> None:
    async def wait_in_vain() -> None:
        async with users.open_unit() as unit:
            await unit.load(users.needs("a"))

    async with users.open_unit() as holder:
        await holder.load(users.needs("a"))
        for _ in range(12):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(wait_in_vain(), timeout=0.02)
    await work_again(users)
