"""Databases are backed up while clients order, lost and restored, and all promises hold."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from tests.services.faults.campaign import SETTINGS, Campaign
from tests.services.runbooks.drill import Drill
from tests.services.servers.server import temporary_folder
from tests.services.stack import App, Stack

pytestmark = pytest.mark.xdist_group("runbooks")

BUSY_SECONDS = 2.0
"""For how long clients order before and after the backup."""


class MongoBackup:
    """What `mongodump` and `mongorestore --drop` do, which are not installed everywhere."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._kept: dict[str, list[Any]] = {}

    def dump(self) -> None:
        """Copy every document."""
        with MongoClient[dict[str, Any]](self._url) as client:
            database = client.get_default_database()
            names = database.list_collection_names()
            self._kept = {name: list(database[name].find()) for name in names}

    def restore(self) -> None:
        """Put them in the place of those that are there."""
        with MongoClient[dict[str, Any]](self._url) as client:
            database = client.get_default_database()
            for name in database.list_collection_names():
                database[name].delete_many({})
            for name, documents in self._kept.items():
                if documents:
                    database[name].insert_many(documents)


def app_of(stack: Stack, kind: str) -> App:
    [app] = stack.apps_of(kind)
    return app


async def back_up(stack: Stack, drill: Drill) -> MongoBackup:
    """Back up orders and the gateway's views while they work, and the catalogue stopped."""
    await drill.type("export SINCE=")
    await drill.type("pg_dump")
    await drill.type("pg_dump")
    catalog = app_of(stack, "catalog")
    mongo = MongoBackup(stack.operator_environment()["TRADEX_CATALOG_DATABASE_URL"])
    await catalog.stop()
    await asyncio.to_thread(mongo.dump)
    await catalog.start()
    return mongo


async def lose_and_restore_orders(stack: Stack, drill: Drill) -> None:
    orders = app_of(stack, "orders")
    await orders.stop()
    await drill.type("pg_restore")
    await drill.type("tradex db check orders")
    await drill.type("tradex replay orders")
    await drill.type("tradex replay orders")
    await drill.type("tradex orders verify")
    await orders.start()


async def lose_and_restore_the_catalogue(stack: Stack, drill: Drill, backup: MongoBackup) -> None:
    catalog = app_of(stack, "catalog")
    await catalog.stop()
    await asyncio.to_thread(backup.restore)
    await drill.type("tradex replay catalog")
    await drill.type("tradex stock verify")
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
            backup = await back_up(stack, drill)
            await asyncio.sleep(BUSY_SECONDS)
            await campaign.end()
            await lose_and_restore_orders(stack, drill)
            await lose_and_restore_the_catalogue(stack, drill, backup)
            await lose_and_restore_the_views(stack, drill)
            drill.end()
            assert [] == await campaign.verdict()
