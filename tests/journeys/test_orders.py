"""An order's life, from the outside."""

import asyncio
from typing import Any

import httpx
from tests.journeys.people import People, a_line

from apps.platform.platform import Platform

PRICE_SEEN = 12.50


async def test_an_order_is_accepted_confirmed_and_taken_to_its_buyer(
    platform: Platform, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=3)
    order = (await buyer.orders(product, 2)).json()
    assert ("pending", 25.0) == (order["status"], order["totalAmount"])
    assert "confirmed" == (await buyer.status_of(order["orderId"]))["status"]
    for status in ("processing", "shipped", "delivered"):
        step = await seller.post(f"/orders/{order['orderId']}/status", {"status": status})
        assert (200, status) == (step.status_code, step.json()["status"])
    assert await platform.quiet(20)
    shown = (await buyer.get(f"/products/{product['productId']}")).json()
    assert 1 == shown["stock"]


async def test_what_is_not_in_stock_is_not_sold(people: People) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=3)
    order = (await buyer.orders(product, 4)).json()
    ended = await buyer.status_of(order["orderId"])
    assert ("cancelled", "insufficient_stock") == (ended["status"], ended["reason"])
    assert 3 == (await buyer.get(f"/products/{product['productId']}")).json()["stock"]


async def test_an_order_of_several_products_holds_all_of_them_or_none(people: People) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    plenty, scarce = await seller.sells("PLENTY", stock=10), await seller.sells("SCARCE", stock=1)
    lines = [a_line(plenty, 2), a_line(scarce, 2)]
    placed = await buyer.post("/orders", {"items": lines})
    ended = await buyer.status_of(placed.json()["orderId"])
    assert "insufficient_stock" == ended["reason"]
    assert 10 == (await buyer.get(f"/products/{plenty['productId']}")).json()["stock"]


async def test_of_many_who_race_for_the_last_units_only_so_many_win(
    platform: Platform, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=5)
    placed = await asyncio.gather(*(buyer.orders(product) for _ in range(20)))
    assert await platform.quiet(20)
    orders = [await buyer.get(f"/orders/{answer.json()['orderId']}") for answer in placed]
    statuses = [order.json()["status"] for order in orders]
    assert (5, 15) == (statuses.count("confirmed"), statuses.count("cancelled"))
    assert 0 == (await buyer.get(f"/products/{product['productId']}")).json()["stock"]


async def test_cancelling_a_confirmed_order_gives_its_stock_back_once(
    platform: Platform, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=3)
    order_id = (await buyer.orders(product, 2)).json()["orderId"]
    await buyer.status_of(order_id)
    cancelled = await buyer.post(f"/orders/{order_id}/cancel")
    again = await buyer.post(f"/orders/{order_id}/cancel")
    assert (200, "requested") == (cancelled.status_code, cancelled.json()["reason"])
    assert (409, "illegal_transition") == (again.status_code, again.json()["type"])
    assert await platform.quiet(20)
    assert 3 == (await buyer.get(f"/products/{product['productId']}")).json()["stock"]


async def test_an_order_cancelled_while_pending_holds_nothing_in_the_end(
    platform: Platform, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=3)
    accepted = await buyer.orders(product, 2, wait=0)
    path = accepted.json()["resource"].removeprefix("/v1")
    cancelled = await buyer.post(f"{path}/cancel")
    assert 200 == cancelled.status_code
    assert await platform.quiet(20)
    assert "cancelled" == (await buyer.get(path)).json()["status"]
    assert 3 == (await buyer.get(f"/products/{product['productId']}")).json()["stock"]


async def test_no_price_but_the_catalogues_buys_anything(people: People) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells()
    cheap = await buyer.orders(product | {"price": 0.01})
    assert (409, "price_changed") == (cheap.status_code, cheap.json()["type"])
    path = f"/products/{product['productId']}"
    assert 200 == (await seller.patch(path, {"price": 13.00})).status_code
    stale = await buyer.orders(product)
    assert (409, "price_changed") == (stale.status_code, stale.json()["type"])


async def test_an_order_without_prices_is_placed_at_the_catalogues(people: People) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells()
    line = {"productId": product["productId"], "quantity": 2}
    order = (await buyer.post("/orders", {"items": [line]})).json()
    assert PRICE_SEEN == order["items"][0]["price"]


async def test_the_same_key_and_body_order_once(platform: Platform, people: People) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=9)
    key = "one-order"
    answers = await asyncio.gather(*(buyer.orders(product, key=key) for _ in range(5)))
    assert 1 == len({answer.json()["orderId"] for answer in answers})
    assert ["true"] * 4 == [
        answer.headers["Idempotent-Replayed"]
        for answer in answers
        if "Idempotent-Replayed" in answer.headers
    ]
    assert await platform.quiet(20)
    assert 1 == len((await buyer.get("/orders")).json()["items"])
    other = await buyer.orders(product, 2, key=key)
    assert (422, "idempotency_key_reused") == (other.status_code, other.json()["type"])


async def test_a_repeat_is_the_same_order_though_the_price_has_changed_since(
    people: People,
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=9)
    key = "one-order"
    placed = await buyer.orders(product, key=key)
    await seller.patch(f"/products/{product['productId']}", {"price": 13.00})
    again = await buyer.orders(product, wait=0, key=key)
    assert 202 == again.status_code
    assert placed.json()["orderId"] in again.json()["resource"]


async def test_a_refused_order_is_refused_again_under_its_key(people: People) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=9)
    path = f"/products/{product['productId']}"
    await seller.patch(path, {"price": 13.00})
    assert 409 == (await buyer.orders(product, key="stale")).status_code
    await seller.patch(path, {"price": product["price"]})
    assert 409 == (await buyer.orders(product, key="stale")).status_code
    assert 201 == (await buyer.orders(product, key="anew")).status_code


async def test_everyone_sees_the_orders_that_are_theirs_to_see(
    platform: Platform, people: People
) -> None:
    seller, buyer, admin = await people.seller(), await people.buyer(), await people.admin()
    other_buyer = await people.buyer("otto@example.com")
    other_seller = await people.seller("olga@example.com")
    product = await seller.sells()
    order_id = (await buyer.orders(product)).json()["orderId"]
    await buyer.status_of(order_id)
    assert await platform.quiet(20)
    for person in (buyer, seller, admin):
        assert 200 == (await person.get(f"/orders/{order_id}")).status_code
        assert [order_id] == ids_in(await person.get("/orders"))
    for person in (other_buyer, other_seller):
        for path in (f"/orders/{order_id}", f"/orders/{order_id}/events"):
            assert 404 == (await person.get(path)).status_code
        assert [] == ids_in(await person.get("/orders"))
    for person, refused in ((other_buyer, 404), (other_seller, 403)):
        cancelled = await person.post(f"/orders/{order_id}/cancel")
        assert refused == cancelled.status_code


async def test_an_order_that_hears_nothing_stays_in_nobodys_way(people: People) -> None:
    buyer = await people.buyer()
    line = {"productId": "0" * 24, "quantity": 1, "price": 1.00}
    placed = await buyer.post("/orders", {"items": [line]})
    ended = await buyer.status_of(placed.json()["orderId"])
    assert ("cancelled", "unknown_product") == (ended["status"], ended["reason"])


async def test_a_stream_resumes_behind_the_last_event_that_was_seen(people: People) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells()
    order_id = (await buyer.orders(product)).json()["orderId"]
    await buyer.status_of(order_id)
    await buyer.post(f"/orders/{order_id}/cancel")
    headers = {"Last-Event-ID": "1"}
    async with buyer.follow(f"/orders/{order_id}/events", **headers) as events:
        statuses = [event["status"] async for event in events]
    assert ["confirmed", "cancelled"] == statuses


def ids_in(answer: httpx.Response) -> list[Any]:
    """Return the ids of the orders in a list."""
    return [order["orderId"] for order in answer.json()["items"]]
