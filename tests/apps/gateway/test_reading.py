"""What clients read: lists and their pages, single things, themselves, and today's prices."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from msgspec.structs import replace
from tests.apps.gateway.world import World
from tests.builders.views import (
    BUYER_ID,
    OTHER_BUYER_ID,
    OTHER_SELLER_ID,
    PRODUCT_ID,
    SELLER_ID,
    a_product_id,
    a_product_stub,
    a_product_view,
    a_user_view,
    an_order_id,
    an_order_stub,
    an_order_view,
    later,
)

from tradex_core.events.order import OrderStatus
from tradex_core.views.cursor import encode_cursor
from tradex_core.views.listing import Position, ProductSort
from tradex_core.views.user_view import UserView

CURSOR = encode_cursor(Position(1, a_product_id(1)), sort=ProductSort.NEWEST)


def shelf(world: World) -> None:
    """Let the views show a few products, the last one the newest."""
    for view in (
        a_product_view(1, name="Chai", price="18.00", created_at=later(1)),
        a_product_view(2, name="Café", price="4.50", description="Dark.", created_at=later(2)),
        a_product_view(3, name="Ikura", price="31.00", category="Seafood", created_at=later(3)),
        a_product_view(4, name="Tofu", seller_id=OTHER_SELLER_ID, created_at=later(4)),
        a_product_view(5, name="Konbu", is_active=False, created_at=later(5)),
    ):
        world.show(view)


async def names(client: httpx.AsyncClient, query: str = "") -> list[str]:
    """Return the names of the products that a list shows."""
    answer = await client.get(f"/v1/products?{query}")
    assert 200 == answer.status_code
    return [item["name"] for item in answer.json()["items"]]


async def pages(client: httpx.AsyncClient, path: str) -> list[httpx.Response]:
    """Return each page of a list, as its links lead from one to the next."""
    found = [await client.get(path)]
    while (link := found[-1].links.get("next")) is not None:
        found.append(await client.get(link["url"]))
    return found


async def refused(client: httpx.AsyncClient, path: str) -> list[str]:
    """Return the parameters that a list refuses."""
    answer = await client.get(path)
    assert (400, "invalid_query") == (answer.status_code, answer.json()["type"])
    assert "application/problem+json" == answer.headers["content-type"]
    return [error["pointer"] for error in answer.json()["errors"]]


class TestProducts:
    async def test_are_listed_newest_first_without_those_that_are_not_active(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        shelf(running)
        running.show(a_product_stub(6))
        assert ["Tofu", "Ikura", "Café", "Chai"] == await names(anyone)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("category=Seafood", ["Ikura"]),
            ("category=seafood", []),
            ("category=", ["Tofu", "Ikura", "Café", "Chai"]),
            ("q=CAFE", ["Café"]),
            ("q=caf%C3%A9", ["Café"]),
            ("q=dark", ["Café"]),
            ("q=sku-3", ["Ikura"]),
            ("q=%25", []),
            (f"seller={OTHER_SELLER_ID}", ["Tofu"]),
            ("seller=nobody", []),
            ("sort=newest", ["Tofu", "Ikura", "Café", "Chai"]),
            ("sort=price", ["Café", "Chai", "Tofu", "Ikura"]),
            ("sort=-price", ["Ikura", "Tofu", "Chai", "Café"]),
            ("sort=name", ["Café", "Chai", "Ikura", "Tofu"]),
            (f"category=Beverages&q=a&seller={SELLER_ID}&sort=price", ["Café", "Chai"]),
            ("colour=red&colour=blue", ["Tofu", "Ikura", "Café", "Chai"]),
        ],
    )
    async def test_are_filtered_and_sorted(
        self, running: World, anyone: httpx.AsyncClient, query: str, expected: list[str]
    ) -> None:
        shelf(running)
        assert expected == await names(anyone, query)

    async def test_that_are_not_active_are_listed_to_their_seller_and_to_admins(
        self,
        *,
        running: World,
        seller: httpx.AsyncClient,
        other_seller: httpx.AsyncClient,
        buyer: httpx.AsyncClient,
        admin: httpx.AsyncClient,
    ) -> None:
        shelf(running)
        own = f"seller={SELLER_ID}"
        assert "Konbu" in await names(seller, own)
        assert "Konbu" not in await names(seller)
        assert "Konbu" not in await names(other_seller, own)
        assert "Konbu" not in await names(buyer, own)
        assert "Konbu" in await names(admin)

    @pytest.mark.parametrize("sort", list(ProductSort))
    async def test_come_in_pages_that_together_are_the_list(
        self, running: World, anyone: httpx.AsyncClient, sort: ProductSort
    ) -> None:
        for number in range(1, 8):
            running.show(a_product_view(number, name=f"Tea {number % 3}"))
        whole = (await anyone.get(f"/v1/products?sort={sort}")).json()["items"]
        answers = await pages(anyone, f"/v1/products?sort={sort}&limit=3")
        bodies = [answer.json() for answer in answers]

        assert [3, 3, 1] == [len(body["items"]) for body in bodies]
        assert whole == [item for body in bodies for item in body["items"]]
        assert [False, False, True] == [body["nextCursor"] is None for body in bodies]
        assert "link" not in answers[-1].headers

    async def test_that_fill_the_last_page_have_no_next_one(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        shelf(running)
        answer = await anyone.get("/v1/products?limit=4")
        assert 4 == len(answer.json()["items"])
        assert answer.json()["nextCursor"] is None

    async def test_of_the_next_page_are_filtered_alike(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        for number in (1, 2, 3):
            running.show(a_product_view(number, name="Té & más", category="Hot drinks"))
        query = {"category": "Hot drinks", "q": "té & m", "seller": SELLER_ID, "sort": "price"}
        answer = await anyone.get("/v1/products", params={**query, "limit": 2, "utm": "x"})
        url = answer.links["next"]["url"]

        assert "/v1/products" == urlsplit(url).path
        kept = {**query, "limit": "2", "cursor": answer.json()["nextCursor"]}
        assert {name: [value] for name, value in kept.items()} == parse_qs(urlsplit(url).query)
        [last] = (await anyone.get(url)).json()["items"]
        assert a_product_id(3) == last["productId"]

    async def test_are_twenty_a_page_unless_asked_otherwise(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        for number in range(101):
            running.show(a_product_view(number))
        for query, count in (("", 20), ("limit=1", 1), ("limit=100", 100)):
            assert count == len(await names(anyone, query))

    @pytest.mark.parametrize(
        ("query", "wrong"),
        [
            ("limit=0", ["/limit"]),
            ("limit=101", ["/limit"]),
            ("limit=-1", ["/limit"]),
            ("limit=1.5", ["/limit"]),
            ("limit=", ["/limit"]),
            ("limit=ten", ["/limit"]),
            ("limit=%C2%B2", ["/limit"]),
            ("limit=9999999999999999999999", ["/limit"]),
            ("cursor=", ["/cursor"]),
            ("cursor=nonsense", ["/cursor"]),
            ("cursor=%00", ["/cursor"]),
            ("cursor=%C3%A9", ["/cursor"]),
            (f"cursor={CURSOR}=", ["/cursor"]),
            (f"cursor={CURSOR}&sort=price", ["/cursor"]),
            (f"cursor={CURSOR}&sort=name", ["/cursor"]),
            ("sort=", ["/sort"]),
            ("sort=PRICE", ["/sort"]),
            ("q=%00", ["/q"]),
            (f"category={'x' * 256}", ["/category"]),
            ("q=a&q=b", ["/q"]),
            ("limit=0&cursor=nonsense&sort=colour", ["/sort", "/cursor", "/limit"]),
        ],
    )
    async def test_are_not_listed_where_the_query_is_not_valid(
        self, anyone: httpx.AsyncClient, query: str, wrong: list[str]
    ) -> None:
        assert wrong == await refused(anyone, f"/v1/products?{query}")


class TestAProduct:
    async def test_is_shown_with_its_price_to_two_places(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        running.show(a_product_view(1, price="18.00"))
        answer = await anyone.get(f"/v1/products/{a_product_id(1)}")
        assert 200 == answer.status_code
        assert '"price":18.00,' in answer.text
        assert {
            "productId": a_product_id(1),
            "name": "Chai",
            "description": "",
            "sku": "SKU-1",
            "price": 18.0,
            "stock": 10,
            "category": "Beverages",
            "imageUrl": None,
            "isActive": True,
            "sellerId": SELLER_ID,
            "version": 1,
            "createdAt": "2024-01-15T10:00:00Z",
            "updatedAt": "2024-01-15T10:00:00Z",
        } == answer.json()

    async def test_that_is_not_active_is_shown_to_who_knows_its_id(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        running.show(a_product_view(1, is_active=False))
        answer = await anyone.get(f"/v1/products/{a_product_id(1)}")
        assert (200, False) == (answer.status_code, answer.json()["isActive"])

    async def test_that_is_unknown_or_a_stub_is_not_found(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        running.show(a_product_stub(1))
        for number in (1, 2):
            answer = await anyone.get(f"/v1/products/{a_product_id(number)}")
            assert (404, "product_not_found") == (answer.status_code, answer.json()["type"])

    async def test_is_to_be_asked_for_again_where_the_views_are_away(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        running.views.away = True
        answer = await anyone.get(f"/v1/products/{a_product_id(1)}")
        assert (503, "unavailable") == (answer.status_code, answer.json()["type"])
        assert "1" == answer.headers["retry-after"]
        assert "away" not in answer.text


async def numbers(client: httpx.AsyncClient, query: str = "") -> list[int]:
    """Return the numbers of the orders that a list shows."""
    answer = await client.get(f"/v1/orders?{query}")
    assert 200 == answer.status_code
    return [int(item["orderId"][-2:], 16) for item in answer.json()["items"]]


class TestOrders:
    @pytest.fixture
    def orders(self, running: World) -> None:
        """Let the views show a few orders, the last one the newest."""
        cancelled = OrderStatus.CANCELLED
        both = (SELLER_ID, OTHER_SELLER_ID)
        for view in (
            an_order_view(1, created_at=later(1)),
            an_order_view(2, cancelled, sellers=both, created_at=later(2)),
            an_order_view(3, buyer=OTHER_BUYER_ID, created_at=later(3)),
            an_order_view(4, buyer=OTHER_BUYER_ID, sellers=(), created_at=later(4)),
            an_order_stub(5),
        ):
            running.show(view)

    @pytest.mark.usefixtures("orders")
    async def test_are_listed_newest_first_to_those_whose_they_are(
        self,
        *,
        buyer: httpx.AsyncClient,
        other_buyer: httpx.AsyncClient,
        seller: httpx.AsyncClient,
        other_seller: httpx.AsyncClient,
        admin: httpx.AsyncClient,
    ) -> None:
        assert [2, 1] == await numbers(buyer)
        assert [4, 3] == await numbers(other_buyer)
        assert [3, 2, 1] == await numbers(seller)
        assert [2] == await numbers(other_seller)
        assert [4, 3, 2, 1] == await numbers(admin)

    @pytest.mark.usefixtures("orders")
    async def test_are_filtered_by_status(
        self, buyer: httpx.AsyncClient, seller: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        assert [2] == await numbers(buyer, "status=cancelled")
        assert [1] == await numbers(buyer, "status=pending")
        assert [] == await numbers(buyer, "status=shipped")
        assert [3, 1] == await numbers(seller, "status=pending")
        assert [4, 3, 1] == await numbers(admin, "status=pending")

    @pytest.mark.usefixtures("orders")
    async def test_are_not_listed_to_others_by_a_filter(self, buyer: httpx.AsyncClient) -> None:
        assert [2, 1] == await numbers(buyer, f"buyer={OTHER_BUYER_ID}&seller={SELLER_ID}")

    @pytest.mark.usefixtures("orders")
    async def test_come_in_pages_that_keep_the_filter(self, admin: httpx.AsyncClient) -> None:
        answers = await pages(admin, "/v1/orders?status=pending&limit=1")
        found = [item["orderId"] for answer in answers for item in answer.json()["items"]]
        assert [an_order_id(4), an_order_id(3), an_order_id(1)] == found
        assert [False, False, True] == [each.json()["nextCursor"] is None for each in answers]

    @pytest.mark.usefixtures("orders")
    async def test_behind_somebody_elses_cursor_are_still_ones_own(
        self, admin: httpx.AsyncClient, buyer: httpx.AsyncClient
    ) -> None:
        cursor = (await admin.get("/v1/orders?limit=2")).json()["nextCursor"]
        assert [2, 1] == await numbers(buyer, f"cursor={cursor}")

    @pytest.mark.parametrize(
        ("query", "wrong"),
        [
            ("status=lost", ["/status"]),
            ("status=", ["/status"]),
            ("limit=0", ["/limit"]),
            (f"cursor={CURSOR}", ["/cursor"]),
            ("status=pending&status=shipped", ["/status"]),
        ],
    )
    async def test_are_not_listed_where_the_query_is_not_valid(
        self, buyer: httpx.AsyncClient, query: str, wrong: list[str]
    ) -> None:
        assert wrong == await refused(buyer, f"/v1/orders?{query}")

    async def test_are_listed_to_nobody_who_is_not_signed_in(
        self, anyone: httpx.AsyncClient
    ) -> None:
        assert 401 == (await anyone.get("/v1/orders")).status_code


class TestAnOrder:
    async def test_is_shown_to_its_buyer_its_sellers_and_admins_only(
        self,
        *,
        running: World,
        buyer: httpx.AsyncClient,
        other_buyer: httpx.AsyncClient,
        seller: httpx.AsyncClient,
        other_seller: httpx.AsyncClient,
        admin: httpx.AsyncClient,
    ) -> None:
        running.show(an_order_view(1))
        path = f"/v1/orders/{an_order_id(1)}"
        for reader in (buyer, seller, admin):
            answer = await reader.get(path)
            assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
            assert '"totalAmount":36.00,' in answer.text
        for stranger in (other_buyer, other_seller):
            answer = await stranger.get(path)
            assert (404, "order_not_found") == (answer.status_code, answer.json()["type"])

    async def test_that_is_unknown_or_a_stub_is_not_found(
        self, running: World, admin: httpx.AsyncClient
    ) -> None:
        running.show(an_order_stub(1))
        for number in (1, 2):
            assert 404 == (await admin.get(f"/v1/orders/{an_order_id(number)}")).status_code


class TestMe:
    async def test_is_who_is_signed_in(self, running: World, buyer: httpx.AsyncClient) -> None:
        running.show(a_user_view())
        answer = await buyer.get("/v1/me")
        assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
        assert {
            "userId": BUYER_ID,
            "email": "ana@example.com",
            "name": "Ana Trujillo",
            "role": "buyer",
            "isActive": True,
            "createdAt": "2024-01-15T10:00:00Z",
        } == answer.json()

    @pytest.mark.parametrize("first", [None, a_user_view(name="")])
    async def test_is_waited_for_while_the_views_lag_behind(
        self, running: World, buyer: httpx.AsyncClient, first: UserView | None
    ) -> None:
        if first is not None:
            running.show(first)
        asking = asyncio.create_task(buyer.get("/v1/me"))
        await asyncio.sleep(0.02)
        assert not asking.done()
        running.show(a_user_view())
        assert "Ana Trujillo" == (await asking).json()["name"]

    async def test_is_to_be_asked_for_again_where_the_views_lag_far_behind(
        self, buyer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("apps.gateway.lagging.MOMENT", 0.0)
        answer = await buyer.get("/v1/me")
        assert (503, "unavailable") == (answer.status_code, answer.json()["type"])
        assert "1" == answer.headers["retry-after"]

    async def test_is_shown_without_a_name_where_none_comes(
        self, running: World, buyer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("apps.gateway.lagging.MOMENT", 0.0)
        running.show(a_user_view(name=""))
        answer = await buyer.get("/v1/me")
        assert (200, "") == (answer.status_code, answer.json()["name"])

    async def test_is_nobody_who_is_not_signed_in(self, anyone: httpx.AsyncClient) -> None:
        assert 401 == (await anyone.get("/v1/me")).status_code


def ordering(*items: tuple[int, float | None]) -> dict[str, Any]:
    """Return an order of one each, at the prices that its buyer saw, if any."""
    named: list[dict[str, Any]] = []
    for number, price in items:
        item: dict[str, Any] = {"productId": a_product_id(number), "quantity": 1}
        named.append(item if price is None else {**item, "price": price})
    return {"items": named}


class TestThePriceOfAnOrder:
    async def test_is_the_catalogues_where_its_buyer_names_none(
        self, running: World, buyer: httpx.AsyncClient
    ) -> None:
        running.show(a_product_view(1, price="18.00"))
        running.show(a_product_view(2, price="4.50"))
        body = ordering((1, None), (2, 4.5))
        assert 202 == (await buyer.post("/v1/orders", json=body)).status_code
        command = await running.only_command()
        assert [18.0, 4.5] == [item["price"] for item in command.data["items"]]
        assert b'"price":18.00}' in (command.record.value or b"")

    @pytest.mark.parametrize("price", [b"18", b"18.0", b"18.00", b"1.8e1"])
    async def test_may_be_written_in_any_way_that_is_the_same_number(
        self, running: World, buyer: httpx.AsyncClient, price: bytes
    ) -> None:
        running.show(a_product_view(1, price="18.00"))
        product = a_product_id(1).encode()
        body = b'{"items":[{"productId":"%b","quantity":1,"price":%b}]}' % (product, price)
        headers = {"content-type": "application/json"}
        answer = await buyer.post("/v1/orders", content=body, headers=headers)
        assert 202 == answer.status_code
        assert b'"price":18.00}' in ((await running.only_command()).record.value or b"")

    async def test_that_has_changed_is_refused_with_what_it_is_now(
        self, running: World, buyer: httpx.AsyncClient
    ) -> None:
        for number in (1, 2, 3):
            running.show(a_product_view(number, price="18.00"))
        body = ordering((1, 17.99), (2, 18.0), (3, 1000.0))
        answer = await buyer.post("/v1/orders", json=body)
        assert (409, "price_changed") == (answer.status_code, answer.json()["type"])
        pointers = [error["pointer"] for error in answer.json()["errors"]]
        assert ["/items/0/price", "/items/2/price"] == pointers
        assert "18.00" in answer.json()["errors"][0]["detail"]
        assert [] == await running.commands()

    async def test_of_what_nobody_knows_is_refused_where_it_is_missing(
        self, running: World, buyer: httpx.AsyncClient
    ) -> None:
        running.show(a_product_view(1))
        running.show(a_product_stub(2))
        answer = await buyer.post("/v1/orders", json=ordering((1, None), (2, None), (3, None)))
        assert (409, "unknown_product") == (answer.status_code, answer.json()["type"])
        pointers = [error["pointer"] for error in answer.json()["errors"]]
        assert ["/items/1/productId", "/items/2/productId"] == pointers
        assert [] == await running.commands()

    async def test_of_what_the_view_does_not_know_yet_is_checked_by_the_catalogue(
        self, running: World, buyer: httpx.AsyncClient
    ) -> None:
        assert 202 == (await buyer.post("/v1/orders", json=ordering((1, 5.0)))).status_code
        [item] = (await running.only_command()).data["items"]
        assert 5.0 == item["price"]

    @pytest.mark.parametrize("is_named", [True, False])
    async def test_may_not_be_larger_than_money_can_be(
        self, running: World, buyer: httpx.AsyncClient, *, is_named: bool
    ) -> None:
        running.show(replace(a_product_view(1, price="50000000.00"), product_id=PRODUCT_ID))
        item: dict[str, Any] = {"productId": PRODUCT_ID, "quantity": 2}
        item |= {"price": 50000000.00} if is_named else {}
        answer = await buyer.post("/v1/orders", json={"items": [item]})
        assert (422, "order_total_too_large") == (answer.status_code, answer.json()["type"])
        assert [] == await running.commands()

    async def test_is_not_guessed_where_the_views_are_away(
        self, running: World, buyer: httpx.AsyncClient
    ) -> None:
        running.views.away = True
        answer = await buyer.post("/v1/orders", json=ordering((1, 5.0)))
        assert 503 == answer.status_code
        assert [] == await running.commands()
