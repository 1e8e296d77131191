"""A platform that is asked to stop."""

import asyncio

import httpx
from tests.journeys.conftest import embedded_settings
from tests.journeys.people import People

from apps.platform.platform import Platform


async def test_what_was_accepted_before_the_platform_stops_is_handled() -> None:
    platform = Platform.build(embedded_settings())
    async with platform, httpx.AsyncClient(base_url=f"{platform.url}/v1", timeout=40) as api:
        people = People(platform, api)
        product = await (await people.seller()).sells(stock=50)
        buyer = await people.buyer()
        placed = await asyncio.gather(*(buyer.orders(product, wait=0) for _ in range(50)))
        order_ids = [answer.json()["resource"].rpartition("/")[2] for answer in placed]
    views = platform.views_database.views
    for order_id in order_ids:
        order = await views.order(order_id)
        assert order is not None
        assert "confirmed" == order.status


async def test_whoever_follows_an_order_hears_all_of_it_and_is_let_go() -> None:
    platform = Platform.build(embedded_settings())
    async with httpx.AsyncClient(timeout=40) as api:
        async with platform:
            api.base_url = httpx.URL(f"{platform.url}/v1")
            people = People(platform, api)
            product = await (await people.seller()).sells()
            buyer = await people.buyer()
            order_id = (await buyer.orders(product)).json()["orderId"]
            await buyer.status_of(order_id)
            opened = buyer.follow(f"/orders/{order_id}/events")
            events = await opened.__aenter__()
        told = [event["status"] async for event in events]
        await opened.__aexit__(None, None, None)
    assert ["pending", "confirmed"] == told
