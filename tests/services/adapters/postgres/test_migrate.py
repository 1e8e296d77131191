import asyncio

import psycopg
import pytest

from adapters.postgres import migrate
from adapters.postgres.errors import Unprepared
from tradex_core.errors import Outage

HEADS = {"auth": "auth_0001", "orders": "orders_0001", "gateway": "gateway_0002_from_0001"}
SERVICES = sorted(migrate.METADATA)


@pytest.mark.parametrize("service", SERVICES)
async def test_migrations_make_what_the_code_wants(postgres_url: str, service: str) -> None:
    await migrate.upgrade(postgres_url, service)
    assert [] == await migrate.drift(postgres_url, service)
    assert await migrate.problem(postgres_url, service) is None


@pytest.mark.parametrize("service", SERVICES)
async def test_what_was_undone_can_be_done_again(postgres_url: str, service: str) -> None:
    await migrate.upgrade(postgres_url, service)
    await migrate.downgrade(postgres_url, service)
    with psycopg.connect(postgres_url) as connection:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert [("alembic_version",)] == connection.execute(tables).fetchall()
    assert f"tradex db upgrade {service}" in (await migrate.problem(postgres_url, service) or "")
    assert (None, HEADS[service]) == await migrate.upgrade(postgres_url, service)


async def test_an_upgrade_that_has_nothing_to_do_does_nothing(postgres_url: str) -> None:
    await migrate.upgrade(postgres_url, "auth")
    assert ("auth_0001", "auth_0001") == await migrate.upgrade(postgres_url, "auth")


async def test_upgrades_at_once_come_to_the_same(postgres_url: str) -> None:
    await asyncio.gather(*(migrate.upgrade(postgres_url, "orders") for _ in range(4)))
    assert [] == await migrate.drift(postgres_url, "orders")


async def test_a_database_of_a_newer_release_is_told_apart(postgres_url: str) -> None:
    await migrate.upgrade(postgres_url, "auth")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'auth_9999'")
    assert "newer release" in (await migrate.problem(postgres_url, "auth") or "")
    for change in (migrate.upgrade, migrate.downgrade):
        with pytest.raises(Unprepared, match="newer release"):
            await change(postgres_url, "auth")


async def test_a_newer_release_that_serves_this_one_lets_it_start(postgres_url: str) -> None:
    _, at = await migrate.upgrade(postgres_url, "auth")
    later = f"auth_9999_from_{(at or '').split('_')[1]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE users ADD COLUMN later text")
        connection.execute("UPDATE alembic_version SET version_num = %s", [later])
    assert await migrate.problem(postgres_url, "auth") is None
    assert [] == await migrate.drift(postgres_url, "auth")
    with pytest.raises(Unprepared, match="newer release"):
        await migrate.upgrade(postgres_url, "auth")
    assert "not orders's" in (await migrate.problem(postgres_url, "orders") or "")


async def test_a_newer_release_that_needs_newer_code_is_told_apart(postgres_url: str) -> None:
    await migrate.upgrade(postgres_url, "auth")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'auth_9999_from_9998'")
    assert "newer release" in (await migrate.problem(postgres_url, "auth") or "")


async def test_another_services_database_is_left_alone(postgres_url: str) -> None:
    await migrate.upgrade(postgres_url, "auth")
    with pytest.raises(Unprepared, match="not orders's but at revision auth_0001"):
        await migrate.upgrade(postgres_url, "orders")
    assert await migrate.problem(postgres_url, "auth") is None


async def test_a_server_that_is_away_is_named() -> None:
    with pytest.raises(Outage, match=r"PostgreSQL 127\.0\.0\.1:1/nothing"):
        await migrate.problem("postgresql://nobody@127.0.0.1:1/nothing", "auth")
