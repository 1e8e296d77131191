"""What the last of a thousand pages costs against the first: `python -m tests.bench.pages ROWS`.

Both over HTTP, as a client follows the links, and by the queries alone, where nothing hides it.
"""

import asyncio
import gc
import http.client
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from tests.bench.processes import measured
from tests.bench.rounds import Ratio
from tests.bench.serving import gateway_alone, served
from tests.bench.shop import BUYER
from tests.bench.table import Goal, Row
from tests.builders.views import NOW, a_product_view, an_order_view

from adapters.memory.views import MemoryViews
from apps.cli.event_loop import run
from apps.runtime.logging import configure_logging
from tradex_core.events.user import Role
from tradex_core.views.listing import OrderFilter, Page, Position, ProductFilter, ProductSort
from tradex_core.views.ports import ORDER_VIEWS, PRODUCT_VIEWS

_ROWS_A_PAGE: Final = 100
_ROUNDS: Final = 60
_CALLS: Final = 20
_BUYERS: Final = 1_000
_PATHS: Final = {
    "products, newest first,": "/v1/products?",
    "products by name": "/v1/products?sort=name&",
    "orders": "/v1/orders?",
}

Get = Callable[[Position | None], Awaitable[Page[Any]]]
Pairs = list[tuple[float, float]]


class Lists(msgspec.Struct, frozen=True):
    """Seconds for the last page and for the first, round by round, by list."""

    pages: int
    queries: dict[str, Pairs]
    http: dict[str, Pairs]


def measure(*, rows: int) -> list[Row]:
    """Compare the pages of each list; the worst of the lists counts."""
    lists = measured(Lists, "tests.bench.pages", str(rows))
    found = {
        f"{name} {how}": Ratio.of(pairs)
        for how, timed in (("by the queries alone", lists.queries), ("over HTTP", lists.http))
        for name, pairs in timed.items()
    }
    worst = max(found.values(), key=lambda ratio: ratio.median)
    return [
        Row(
            name="pages",
            label="page 1,000",
            what=f"page {lists.pages:,} of {rows:,} products or orders",
            against="page 1",
            goal=Goal(1.2),
            got=worst,
            notes=tuple(f"{name}: {ratio.median:.2f}x" for name, ratio in found.items()),
        )
    ]


def _filled(views: MemoryViews, rows: int) -> None:
    for number in range(rows):
        product = a_product_view(
            number,
            name=f"Product {number * 7919 % rows:06}",
            category=f"Category {number % 20}",
            created_at=_at(number),
        )
        views.write(PRODUCT_VIEWS, product.product_id, product)
        order = an_order_view(number, buyer=f"buyer {number % _BUYERS}", created_at=_at(number))
        views.write(ORDER_VIEWS, order.order_id, order)


def _at(number: int) -> datetime:
    return NOW + timedelta(seconds=number)


def _queries(views: MemoryViews) -> dict[str, Get]:
    def products(sort: ProductSort) -> Get:
        return lambda after: views.products(
            ProductFilter(), after=after, limit=_ROWS_A_PAGE, sort=sort
        )

    return {
        "products, newest first,": products(ProductSort.NEWEST),
        "products by name": products(ProductSort.NAME),
        "orders": lambda after: views.orders(OrderFilter(), after=after, limit=_ROWS_A_PAGE),
    }


async def _last(get: Get) -> tuple[Position | None, int]:
    """Follow a list to its end; return behind what its last page lies, and how many there are."""
    after, pages = None, 1
    while (page := await get(after)).next is not None:
        after, pages = page.next, pages + 1
    return after, pages


async def _timed(get: Get, after: Position | None) -> float:
    began = perf_counter()
    for _ in range(_CALLS):
        await get(after)
    return perf_counter() - began


class _Client:
    """Follows the links of a list over one connection."""

    def __init__(self, url: str, token: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(address.hostname), address.port)
        self._headers = {"authorization": f"Bearer {token}"}

    def compare(self, path: str) -> Pairs:
        """Return seconds for the last page and the first, in turns."""
        first = f"{path}limit={_ROWS_A_PAGE}"
        last = first
        while (following := self._get(last)) is not None:
            last = following
        return [(self._timed(last), self._timed(first)) for _ in range(_ROUNDS)]

    def _timed(self, path: str) -> float:
        began = perf_counter()
        self._get(path)
        return perf_counter() - began

    def _get(self, path: str) -> str | None:
        """Read a page; return the path of the next one, None behind the last."""
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        response.read()
        if response.status != http.client.OK:
            msg = f"{path} was answered {response.status}"
            raise RuntimeError(msg)
        link = response.headers["link"]
        return None if link is None else link.partition("<")[2].partition(">")[0]


async def _measure(rows: int) -> Lists:
    container = await gateway_alone()
    views = container.projector.database().views
    _filled(views, rows)
    gc.freeze()
    queries, pages = {}, 0
    for name, get in _queries(views).items():
        last, pages = await _last(get)
        queries[name] = [(await _timed(get, last), await _timed(get, None)) for _ in range(_ROUNDS)]
    async with served(container.gateway.app()) as url:
        client = _Client(url, container.gateway.token_issuer().issue(BUYER.user_id, Role.ADMIN))
        over_http = {
            name: await asyncio.to_thread(client.compare, path) for name, path in _PATHS.items()
        }
    return Lists(pages, queries, over_http)


def main() -> None:
    """Measure and print."""
    configure_logging(log_format="console", level="error")
    sys.stdout.buffer.write(msgspec.json.encode(run(_measure(int(sys.argv[1])))))


if __name__ == "__main__":
    main()
