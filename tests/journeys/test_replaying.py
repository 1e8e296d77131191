"""A service's database is restored from a backup, and what was handled since is handled again."""

import asyncio
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from dependency_injector import providers
from msgspec import structs
from tests.journeys.conftest import embedded_settings
from tests.journeys.people import People, Person

from adapters.memory.database import MemoryDatabase
from adapters.memory.orders import OrdersDatabase
from adapters.memory.products import products_database
from apps.catalog.container import CatalogContainer
from apps.demo.log import Log
from apps.operations.replaying import LogClock, Replayed, ServiceReplay, StillRunning
from apps.orders.container import OrdersContainer
from apps.platform.platform import Platform
from apps.runtime.settings import Settings
from tradex_core.orders.ports import ORDERS
from tradex_core.products.ports import MOVEMENTS, PRODUCTS

CONTAINERS = {"orders": OrdersContainer, "catalog": CatalogContainer}
COLLECTIONS = {"orders": (ORDERS,), "catalog": (PRODUCTS, MOVEMENTS)}


@pytest.fixture
def settings() -> Settings:
    return embedded_settings(pending_timeout=timedelta(seconds=1))


def kept(database: MemoryDatabase, app: str) -> dict[str, Any]:
    """Return what a database keeps, but for microseconds between a change and its message."""
    return {
        f"{collection} {key}": {
            name: value
            for name, value in structs.asdict(state).items()
            if not isinstance(value, datetime)
        }
        for collection in COLLECTIONS[app]
        for key, state in database.states[collection].items()
    }


def backup_of(database: MemoryDatabase, restored: MemoryDatabase) -> MemoryDatabase:
    """Return a database that holds what another one holds now."""
    for name, value in vars(database).items():
        if name not in {"clock", "collections", "outbox", "parking"}:
            setattr(restored, name, deepcopy(value))
    return restored


async def replayed(
    platform: Platform, app: str, database: MemoryDatabase, since: datetime
) -> Replayed:
    """Replay onto a database what a platform's service has handled since a time."""
    parts, clock = platform.container, LogClock()
    container = CONTAINERS[app](
        settings=replace(platform.settings, pending_timeout=timedelta()),
        broker=parts.broker,
        means=replace(parts.means(), clock=clock),
        signatures=parts.signatures,
    )
    container.database.override(providers.Object(database))
    timer = container.timeouts().time_out if app == "orders" else None
    replay = ServiceReplay(
        service=container.service(),
        broker=platform.broker,
        database=database,
        means=parts.means(),
        clock=clock,
        time_out=timer,
    )
    return await replay.run(since)


async def busy(people: list[Person], seller: Person, sku: str) -> None:
    """Let buyers want more than there is, all at once; then cancel, send and restock some."""
    product = await seller.sells(sku, stock=10)
    answers = await asyncio.gather(*(each.orders(product, 2, wait=1) for each in people * 3))
    ids = [answer.json()["orderId"] for answer in answers if answer.status_code == 201]
    owners = [each for each, a in zip(people * 3, answers, strict=True) if a.status_code == 201]
    shown = await asyncio.gather(*map(Person.status_of, owners, ids))
    confirmed = [
        (owner, order["orderId"])
        for owner, order in zip(owners, shown, strict=True)
        if order["status"] == "confirmed"
    ]
    assert 1 < len(confirmed) < len(ids)
    (owner, cancelled), (_, sent), *_ = confirmed
    await owner.post(f"/orders/{cancelled}/cancel", Prefer="wait=1")
    await seller.post(f"/orders/{sent}/status", {"status": "processing"}, Prefer="wait=1")
    more = {"operation": "increase", "quantity": 3}
    await seller.post(f"/products/{product['productId']}/stock", more, Prefer="wait=1")
    await owner.orders(product, 1, wait=1)


@pytest.mark.parametrize("app", sorted(CONTAINERS))
async def test_a_restored_database_comes_to_what_it_was(
    platform: Platform, people: People, app: str
) -> None:
    seller = await people.seller()
    buyers = [await people.buyer(f"{name}@example.com") for name in ("ana", "bea", "cleo")]
    await busy(buyers, seller, "MATE-1")
    assert await platform.quiet(10)
    clock = platform.container.clock()
    live, since = getattr(platform, f"{app}_database"), clock.now()
    make = OrdersDatabase if app == "orders" else products_database
    restored = backup_of(live, make(clock))
    await busy(buyers, seller, "MATE-2")
    assert await platform.quiet(10)
    assert kept(live, app) != kept(restored, app)

    [service] = [each for each in platform.services if each.name == app]
    with pytest.raises(StillRunning, match=f"1 processes of {app} are running"):
        await replayed(platform, app, restored, since)
    await service.consumer.stop()
    report = await replayed(platform, app, restored, since - timedelta(seconds=1))
    assert kept(live, app) == kept(restored, app)
    assert (0, 0) == (report.published, await restored.outbox.count())
    before = kept(restored, app)
    await replayed(platform, app, restored, since - timedelta(seconds=1))
    assert before == kept(restored, app)
    assert [] == (await Log.read(platform.broker)).contradictions


async def test_orders_that_timed_out_do_so_again(platform: Platform, people: People) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells()
    live, clock = platform.orders_database, platform.container.clock()
    restored, since = backup_of(live, OrdersDatabase(clock)), clock.now()
    [catalog] = [each for each in platform.services if each.name == "catalog"]
    await catalog.consumer.stop()
    order_id = (await buyer.orders(product, wait=1)).json()["orderId"]
    await buyer.status_of(order_id, until="cancelled")
    [orders] = [each for each in platform.services if each.name == "orders"]
    await orders.consumer.stop()
    report = await replayed(platform, "orders", restored, since)
    assert (1, 1, 0) == (report.messages, report.timers, report.published)
    assert kept(live, "orders") == kept(restored, "orders")
