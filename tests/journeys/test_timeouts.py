"""An order that hears nothing, and a platform that is asked to stop."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from tests.journeys.conftest import embedded_settings
from tests.journeys.people import People

from apps.platform.platform import Platform
from apps.runtime.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return embedded_settings(pending_timeout=timedelta(milliseconds=200))


async def test_an_order_that_hears_nothing_is_cancelled_and_holds_nothing(
    platform: Platform, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=3)
    catalogue = next(service for service in platform.services if service.name == "catalog")
    async with asyncio.timeout(20):
        await catalogue.consumer.stop()
        placed = await buyer.orders(product, 2)
        ended = await buyer.status_of(placed.json()["orderId"])
    assert ("cancelled", "timed_out") == (ended["status"], ended["reason"])
    assert 3 == (await buyer.get(f"/products/{product['productId']}")).json()["stock"]


async def test_what_was_accepted_before_the_platform_stops_is_handled() -> None:
    platform = Platform.build(embedded_settings())
    async with platform, httpx.AsyncClient(base_url=f"{platform.url}/v1", timeout=40) as api:
        people = People(platform, api)
        product = await (await people.seller()).sells(stock=50)
        buyer = await people.buyer()
        placed = await asyncio.gather(*(buyer.orders(product, Prefer="wait=0") for _ in range(50)))
        order_ids = [answer.json()["resource"].rpartition("/")[2] for answer in placed]
    views = platform.views_database.views
    for order_id in order_ids:
        order = await views.order(order_id)
        assert order is not None
        assert "confirmed" == order.status
