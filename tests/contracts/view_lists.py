"""How the contract of views reads lists, and the fixtures that a store of views gives it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import pytest
from tests.builders.views import a_product_view, later

from tradex_core.views.listing import Page, Position, ProductSort
from tradex_core.views.order_view import OrderView
from tradex_core.views.ports import ViewQueries
from tradex_core.views.product_view import ProductView

V = TypeVar("V")
Store = Callable[..., Awaitable[None]]
"""Commits views, each in place of the former of its id."""

ALL_SORTS = list(ProductSort)


async def every_page(
    read: Callable[..., Awaitable[Page[V]]], *, limit: int, after: Position | None = None
) -> list[tuple[V, ...]]:
    """Follow a list from a position to its end."""
    pages = []
    while True:
        page = await read(after=after, limit=limit)
        pages.append(page.items)
        if page.next is None:
            return pages
        assert page.next != after, "the list does not go on"
        after = page.next


async def every_row(read: Callable[..., Awaitable[Page[V]]], *, limit: int = 2) -> list[V]:
    return [row for rows in await every_page(read, limit=limit) for row in rows]


def names(views: Sequence[ProductView]) -> list[str]:
    return [view.name for view in views]


def product_ids(views: Sequence[ProductView]) -> list[str]:
    return [view.product_id for view in views]


def order_ids(views: Sequence[OrderView]) -> list[str]:
    return [view.order_id for view in views]


def a_catalogue(size: int) -> list[ProductView]:
    """Return products of which several share a name, a price or an instant."""
    return [
        a_product_view(
            number, name=f"Tea {number % 3}", price=f"{number % 4}.50", created_at=later(number % 5)
        )
        for number in range(size)
    ]


class ViewStoreContract:
    """What a subclass gives: the queries, and whatever way its store has to commit views."""

    @pytest.fixture
    def queries(self) -> ViewQueries:
        raise NotImplementedError

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError
