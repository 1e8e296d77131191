"""Lists: their pages, their filters, their order."""

import re

import httpx
import pytest
from tests.journeys.people import People


async def pages_of(api: httpx.AsyncClient, path: str) -> list[list[str]]:
    """Follow the links of a list of products from page to page; return the skus on each."""
    pages, following = [], path
    while following:
        answer = await api.get(following)
        pages.append([product["sku"] for product in answer.json()["items"]])
        link = re.match(r'<(\S+)>; rel="next"', answer.headers.get("link", ""))
        assert (link is None) == (answer.json()["nextCursor"] is None)
        following = link[1].removeprefix("/v1") if link else ""
    return pages


async def test_a_list_is_read_page_by_page_by_its_links(
    api: httpx.AsyncClient, people: People
) -> None:
    seller = await people.seller()
    for number in range(5):
        await seller.sells(f"SKU-{number}")
    expected = [["SKU-4", "SKU-3"], ["SKU-2", "SKU-1"], ["SKU-0"]]
    assert expected == await pages_of(api, "/products?limit=2")


async def test_what_is_added_meanwhile_disturbs_nobody_who_reads_on(
    api: httpx.AsyncClient, people: People
) -> None:
    seller = await people.seller()
    for number in range(4):
        await seller.sells(f"SKU-{number}")
    first = (await api.get("/products?limit=2")).json()
    await seller.sells("NEW")
    second = (await api.get(f"/products?limit=2&cursor={first['nextCursor']}")).json()
    assert ["SKU-1", "SKU-0"] == [product["sku"] for product in second["items"]]


async def test_a_list_is_filtered_and_sorted_and_its_links_keep_that(
    api: httpx.AsyncClient, people: People
) -> None:
    seller, other = await people.seller(), await people.seller("olga@example.com")
    await seller.sells("TEA", name="Té verde", price=3, category="Drinks")
    await seller.sells("MATE", name="Mate", price=2, category="Drinks")
    await seller.sells("SOAP", name="Soap", price=1, category="Home")
    await other.sells("COFFEE", name="Coffee", price=4, category="Drinks")
    assert [["MATE"], ["TEA"], ["COFFEE"]] == await pages_of(
        api, "/products?category=Drinks&sort=price&limit=1"
    )
    assert [["COFFEE", "TEA", "MATE", "SOAP"]] == await pages_of(api, "/products?sort=-price")
    assert [["TEA"]] == await pages_of(api, "/products?q=te%20VERDE")
    assert [["COFFEE"]] == await pages_of(api, f"/products?seller={other.user_id}")


async def test_a_product_that_is_not_for_sale_is_in_no_list(
    api: httpx.AsyncClient, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells()
    await seller.patch(f"/products/{product['productId']}", {"isActive": False})
    assert [[]] == await pages_of(api, "/products")
    order = (await buyer.orders(product)).json()
    ended = await buyer.status_of(order["orderId"])
    assert ("cancelled", "inactive_product") == (ended["status"], ended["reason"])


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
        ("limit=many", "/limit"),
        ("sort=colour", "/sort"),
        ("cursor=nonsense", "/cursor"),
    ],
)
async def test_a_query_that_is_wrong_is_refused_by_name(
    api: httpx.AsyncClient, query: str, pointer: str
) -> None:
    answer = await api.get(f"/products?{query}")
    assert 400 == answer.status_code
    assert [pointer] == [error["pointer"] for error in answer.json().get("errors", [])]


async def test_orders_are_listed_by_status_newest_first(people: People) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=2)
    order_ids = [(await buyer.orders(product)).json()["orderId"] for _ in range(3)]
    for order_id in order_ids:
        await buyer.status_of(order_id)
    listed = (await buyer.get("/orders?limit=2")).json()
    assert order_ids[:0:-1] == [order["orderId"] for order in listed["items"]]
    confirmed = (await buyer.get("/orders?status=confirmed")).json()["items"]
    assert order_ids[1::-1] == [order["orderId"] for order in confirmed]


async def test_money_is_a_number_with_two_places_on_the_wire(
    api: httpx.AsyncClient, people: People
) -> None:
    product = await (await people.seller()).sells(price=12.5)
    answer = await api.get(f"/products/{product['productId']}")
    assert '"price":12.50,' in answer.text


async def test_what_is_not_there_is_not_found(api: httpx.AsyncClient, people: People) -> None:
    buyer = await people.buyer()
    assert 404 == (await api.get(f"/products/{'0' * 24}")).status_code
    order_id = "018d0c1e-8a00-7000-8000-00000000000a"
    assert 404 == (await buyer.get(f"/orders/{order_id}")).status_code
