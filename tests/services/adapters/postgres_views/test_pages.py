"""A page costs what it shows, wherever in whichever list it lies."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from tests.builders.views import (
    OTHER_SELLER_ID,
    SELLER_ID,
    a_product_view,
    an_order_view,
    later,
)
from tests.contracts.view_lists import every_row, names
from tests.services.adapters.postgres_views.writing import commit

from adapters.postgres.view_lists import containing, order_page, product_page
from adapters.postgres.view_unit import ViewsDatabase
from tradex_core.events.order import OrderStatus
from tradex_core.views.listing import ProductFilter, ProductSort
from tradex_core.views.order_view import OrderView
from tradex_core.views.product_view import ProductView

ROWS = 6_000
LIMIT = 20
WORDS = ("tea", "coffee", "honey", "butter", "salt", "rice", "oil")

Plan = dict[str, Any]


def a_large_catalogue() -> Iterator[ProductView]:
    for number in range(ROWS):
        yield a_product_view(
            number,
            name=f"{WORDS[number % 7]} {number}",
            description=" ".join(WORDS[: number % 5]),
            price=f"{number % 997}.00",
            category=f"category {number % 4}",
            seller_id=(SELLER_ID, OTHER_SELLER_ID)[number % 3 == 0],
            is_active=number % 10 > 0,
            created_at=later(number * 7919 % ROWS),
        )


def many_orders() -> Iterator[OrderView]:
    for number in range(ROWS):
        yield an_order_view(
            number,
            list(OrderStatus)[number % 6],
            buyer=f"buyer {number % 5}",
            sellers=(SELLER_ID, OTHER_SELLER_ID)[number % 7 == 0 :],
            created_at=later(number * 7919 % ROWS),
        )


async def stored(database: ViewsDatabase, *views: ProductView | OrderView) -> None:
    for start in range(0, len(views), 1_000):
        await commit(database, *views[start : start + 1_000])


def rows_looked_at(url: str, query: str, given: Mapping[str, object]) -> int:
    """Return how many rows a query's scans met, by what the server says of itself."""
    explain = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + query
    for name in given:
        explain = explain.replace(f":{name}", f"%({name})s")
    with psycopg.connect(url) as connection:
        [[[plan]]] = connection.execute(explain.encode(), given).fetchall()
    return sum(_looked_at(node) for node in _nodes(plan["Plan"]))


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for node in plan.get("Plans", ()):
        yield from _nodes(node)


def _looked_at(node: Plan) -> int:
    if "Relation Name" not in node:
        return 0
    rows: int = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return rows * int(node["Actual Loops"])


async def test_a_page_of_products_looks_at_no_more_than_it_shows(
    database: ViewsDatabase, gateway_url: str
) -> None:
    await stored(database, *a_large_catalogue())
    _analyse(gateway_url)
    keys = {
        ProductSort.NEWEST: 1_705_400_000_000_000,
        ProductSort.CHEAPEST: 50_000,
        ProductSort.DEAREST: 50_000,
        ProductSort.NAME: "honey",
    }
    given = {"category": "category 1", "seller": SELLER_ID, "limit": LIMIT}
    too_many = {}
    for filters, (sort, key), inactive, behind in product(
        ((), ("category",), ("seller",), ("category", "seller")),
        keys.items(),
        (False, True),
        (False, True),
    ):
        query = product_page(frozenset(filters), sort, inactive=inactive, behind=behind).text
        place = {"after_key": key, "after_id": "65a5"}
        looked_at = rows_looked_at(gateway_url, query, {**given, **place})
        if not LIMIT <= looked_at <= 2 * LIMIT:
            too_many[filters, sort, inactive, behind] = looked_at

    assert {} == too_many


async def test_a_page_of_orders_looks_at_no_more_than_it_shows(
    database: ViewsDatabase, gateway_url: str
) -> None:
    await stored(database, *many_orders())
    _analyse(gateway_url)
    given = {
        "status": "shipped",
        "buyer": "buyer 1",
        "seller": SELLER_ID,
        "limit": LIMIT,
        "after_key": 1_705_400_000_000_000,
        "after_id": "018d",
    }
    too_many = {}
    for filters, behind in product(
        ((), ("status",), ("buyer",), ("buyer", "status"), ("seller",), ("seller", "status")),
        (False, True),
    ):
        query = order_page(frozenset(filters), behind=behind).text
        looked_at = rows_looked_at(gateway_url, query, given)
        if not LIMIT <= looked_at <= 2 * LIMIT:
            too_many[filters, behind] = looked_at

    assert {} == too_many


async def test_a_rare_text_is_found_without_reading_the_list(
    database: ViewsDatabase, gateway_url: str
) -> None:
    with psycopg.connect(gateway_url) as connection:
        installed = "SELECT FROM pg_extension WHERE extname = 'pg_trgm'"
        if not connection.execute(installed).fetchall():
            pytest.skip("this PostgreSQL came without pg_trgm")
    await stored(database, *a_large_catalogue())
    await commit(database, a_product_view(ROWS, name="Gudbrandsdalsost"))
    _analyse(gateway_url)
    query = product_page(frozenset({"text"}), ProductSort.NEWEST, inactive=False, behind=False)
    given = {"text": containing("brandsdal"), "limit": LIMIT}

    assert 1 == rows_looked_at(gateway_url, query.text, given)


@pytest.mark.parametrize("text", ["it's", 'a "b"', ":limit", "%(text)s", "a\\'b", "ñandú", "$1"])
async def test_no_character_of_a_text_is_taken_for_a_command(
    database: ViewsDatabase, text: str
) -> None:
    await commit(database, a_product_view(1, name=f"<{text}>"), a_product_view(2, name="Chai"))

    page = await database.views.products(ProductFilter(text=text), after=None, limit=9)
    assert [f"<{text}>"] == names(page.items)


@pytest.mark.parametrize("text", ["\0", "chai\x1fsku-1"])
async def test_a_text_that_is_in_no_row_finds_nothing(database: ViewsDatabase, text: str) -> None:
    await commit(database, a_product_view(1, name="Chai"))
    views = database.views

    for where in (ProductFilter(text=text), ProductFilter(category=text)):
        assert () == (await views.products(where, after=None, limit=9)).items
    assert await views.product(text) is None


async def test_names_that_begin_alike_for_long_are_listed_once_each(
    database: ViewsDatabase,
) -> None:
    long = "ﷺ" * 255
    products = [a_product_view(number, name=f"{long}{number}") for number in range(5)]
    await commit(database, *(replace(view, category="🍵" * 255) for view in products))

    read = partial(database.views.products, ProductFilter(), sort=ProductSort.NAME)

    assert [view.name for view in products] == names(await every_row(read, limit=2))


def _analyse(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
