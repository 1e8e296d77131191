"""A service's database is restored from a backup, and what was handled since is handled again."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.builders.replays import a_replay, backup_of, without_times
from tests.journeys.conftest import embedded_settings
from tests.journeys.people import People, Person

from adapters.memory.database import MemoryDatabase
from apps.demo.log import Log
from apps.operations.replaying import Replayed
from apps.platform.platform import Platform
from apps.runtime.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return embedded_settings(pending_timeout=timedelta(seconds=1))


def kept(database: MemoryDatabase) -> dict[tuple[str, str], Any]:
    """Return what a database holds, but for times."""
    return {
        (collection, key): without_times(state)
        for collection, states in database.states.items()
        for key, state in states.items()
    }


async def replayed(
    platform: Platform, app: str, database: MemoryDatabase, since: datetime
) -> Replayed:
    """Replay onto a database what a service of a platform has handled since a time."""
    parts = platform.container
    means, signatures = parts.means(), parts.signatures()
    replay = a_replay(app, database, broker=platform.broker, means=means, signatures=signatures)
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


@pytest.mark.parametrize("app", ["catalog", "orders"])
async def test_a_restored_database_comes_to_what_it_was(
    platform: Platform, people: People, app: str
) -> None:
    seller = await people.seller()
    buyers = [await people.buyer(f"{name}@example.com") for name in ("ana", "bea", "cleo")]
    await busy(buyers, seller, "MATE-1")
    assert await platform.quiet(10)
    clock = platform.container.clock()
    since = clock.now()
    databases = {"catalog": platform.catalog_database, "orders": platform.orders_database}
    live = databases[app]
    restored = backup_of(live)
    await busy(buyers, seller, "MATE-2")
    assert await platform.quiet(10)
    for service in platform.services:
        await service.consumer.stop()
    assert kept(live) != kept(restored)
    for _ in range(2):
        report = await replayed(platform, app, restored, since - timedelta(seconds=1))
        assert kept(live) == kept(restored)
        assert (0, 0) == (report.published, await restored.outbox.count())
    assert [] == (await Log.read(platform.broker)).contradictions


async def test_orders_that_timed_out_do_so_again(platform: Platform, people: People) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells()
    live, clock = platform.orders_database, platform.container.clock()
    restored, since = backup_of(live), clock.now()
    [catalog] = [each for each in platform.services if each.name == "catalog"]
    await catalog.consumer.stop()
    order_id = (await buyer.orders(product, wait=1)).json()["orderId"]
    await buyer.status_of(order_id, until="cancelled")
    [orders] = [each for each in platform.services if each.name == "orders"]
    await orders.consumer.stop()
    report = await replayed(platform, "orders", restored, since)
    assert (1, 1, 0) == (report.messages, report.timers, report.published)
    assert kept(live) == kept(restored)
