"""Databases are backed up while clients work, lost and restored, and all promises hold."""

import asyncio
from pathlib import Path

import psycopg
from tests.services.faults.campaign import SETTINGS, Campaign
from tests.services.runbooks.drill import Drill
from tests.services.servers.server import temporary_folder
from tests.services.stack import App, Stack

from adapters.mongo.connection import Document, connect

BUSY_SECONDS = 2.0
"""For how long clients order before and after the backup."""

ACCOUNTS = """
SELECT id::text, email, role FROM users
UNION ALL SELECT id, "userId"::text, "currentHash" FROM sessions
"""


def app_of(stack: Stack, kind: str) -> App:
    [app] = stack.apps_of(kind)
    return app


async def back_up(stack: Stack, drill: Drill) -> None:
    """Back up orders, accounts, the gateway's views and the catalogue while they work."""
    await drill.type("export SINCE=")
    await drill.type("pg_dump")
    await drill.type("pg_dump")
    await drill.type("pg_dump")
    await stack.mongo.stop()
    await drill.type("cp -a")
    await stack.mongo.start()


async def lose_and_restore_orders(stack: Stack, drill: Drill) -> None:
    orders = app_of(stack, "orders")
    await orders.stop()
    await drill.type("pg_restore")
    await drill.type("tradex db check orders")
    await drill.type("tradex replay orders")
    await drill.type("tradex replay orders")
    await drill.type("tradex orders verify")
    await orders.start()


def accounts(stack: Stack) -> set[tuple[object, ...]]:
    """Return each account and each session, but for their times."""
    with psycopg.connect(stack.database("auth")) as connection:
        return set(connection.execute(ACCOUNTS))


async def lose_and_restore_accounts(stack: Stack, drill: Drill) -> None:
    auth = app_of(stack, "auth")
    await auth.stop()
    was = accounts(stack)
    await drill.type("pg_restore")
    assert accounts(stack) < was, "somebody came after the backup"
    await drill.type("tradex replay auth")
    assert was <= accounts(stack)
    await auth.start()


async def stock(stack: Stack) -> tuple[list[Document], list[Document]]:
    """Return each product and each movement, but for when it was written and in which commit."""
    database = connect(stack.database("catalog"))
    apart = dict.fromkeys(("at", "commit", "createdAt", "updatedAt"), 0)
    try:
        products = await database["products"].find({}, apart).sort("_id", 1).to_list()
        movements = await database["reservations"].find({}, apart).sort("_id", 1).to_list()
    finally:
        await database.client.close()
    return products, movements


async def lose_and_restore_the_catalogue(stack: Stack, drill: Drill) -> None:
    catalog = app_of(stack, "catalog")
    await catalog.stop()
    was = await stock(stack)
    await stack.mongo.stop()
    await drill.type("rm -r")
    await drill.type("cp -a")
    await stack.mongo.start()
    assert await stock(stack) != was, "somebody ordered after the backup"
    await drill.type("tradex db check catalog")
    await drill.type("tradex replay catalog")
    await drill.type("tradex replay catalog")
    await drill.type("tradex stock verify")
    assert await stock(stack) == was
    await catalog.start()


async def lose_and_restore_the_views(stack: Stack, drill: Drill) -> None:
    projector = app_of(stack, "projector")
    await projector.stop()
    await drill.type("pg_restore")
    await drill.type("tradex views rebuild")
    await projector.start()


async def test_restored_databases_come_to_what_they_were(tmp_path: Path) -> None:
    with temporary_folder() as folder:
        async with Stack(folder, settings=SETTINGS) as stack, Campaign(stack, seed=7) as campaign:
            drill = Drill("restore-a-backup", stack, tmp_path)
            await asyncio.sleep(BUSY_SECONDS)
            await back_up(stack, drill)
            await asyncio.sleep(BUSY_SECONDS)
            await campaign.end()
            await lose_and_restore_orders(stack, drill)
            await lose_and_restore_accounts(stack, drill)
            await lose_and_restore_the_catalogue(stack, drill)
            await lose_and_restore_the_views(stack, drill)
            drill.end()
            assert [] == await campaign.verdict()
