"""An order that hears nothing."""

import asyncio
from datetime import timedelta

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
