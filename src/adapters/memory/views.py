"""The gateway's views in memory: replaced by units of work as they commit, asked for by queries."""

from collections.abc import Collection, Hashable, Iterator, Mapping
from operator import attrgetter
from typing import Any

from adapters.memory.view_table import Entry, ViewTable
from tradex_core.views.listing import (
    OrderFilter,
    Page,
    Position,
    ProductFilter,
    ProductSort,
    checked_limit,
    order_key,
    product_key,
)
from tradex_core.views.operation_view import OperationView
from tradex_core.views.order_view import OrderView
from tradex_core.views.ports import (
    OPERATION_VIEWS,
    ORDER_VIEWS,
    PRODUCT_VIEWS,
    USER_VIEWS,
    View,
)
from tradex_core.views.product_view import ProductView
from tradex_core.views.user_view import UserView


class MemoryViews:
    """Views, immutable and so shared; each write is one step that no query sees half of."""

    def __init__(self) -> None:
        self._products = ViewTable[ProductView](_product_facts, _product_places)
        self._orders = ViewTable[OrderView](_order_facts, _order_places)
        self._users = ViewTable[UserView]()
        self._operations = ViewTable[OperationView]()
        self._tables: dict[str, ViewTable[Any]] = {
            PRODUCT_VIEWS: self._products,
            ORDER_VIEWS: self._orders,
            USER_VIEWS: self._users,
            OPERATION_VIEWS: self._operations,
        }

    def read(self, collection: str, key: str) -> View | None:
        """Return what was last written under an id, stubs too; None where nothing was."""
        view: View | None = self._tables[collection].get(key)
        return view

    def write(self, collection: str, key: str, view: View) -> None:
        """Replace a view, or add a new one; queries see it from then on."""
        self._tables[collection].put(key, view)

    def drop(self, collection: str, key: str) -> None:
        """Let go of a view; does nothing where there is none."""
        self._tables[collection].drop(key)

    async def product(self, product_id: str) -> ProductView | None:
        """Return a product, also one that is not active; None where none is shown."""
        return self._shown_product(product_id)

    async def products_by_id(self, product_ids: Collection[str]) -> Mapping[str, ProductView]:
        """Return those of these products that are shown, active or not, by their ids."""
        found = map(self._shown_product, product_ids)
        return {view.product_id: view for view in found if view is not None}

    async def order(self, order_id: str) -> OrderView | None:
        """Return an order; None where none is shown."""
        view = self._orders.get(order_id)
        return view if view is not None and view.is_shown else None

    async def user(self, user_id: str) -> UserView | None:
        """Return a user, or None."""
        return self._users.get(user_id)

    async def operation(self, operation_id: str) -> OperationView | None:
        """Return the outcome of a command; None where it is not known, or not yet."""
        return self._operations.get(operation_id)

    async def products(
        self,
        where: ProductFilter,
        *,
        after: Position | None,
        limit: int,
        sort: ProductSort = ProductSort.NEWEST,
    ) -> Page[ProductView]:
        """Return the products asked for, behind a position of the same sort or from the start."""
        key = ProductSort.CHEAPEST if sort is ProductSort.DEAREST else sort
        groups = _groups(category=where.category, seller=where.seller)
        return await self._products.page(
            [(key, where.include_inactive, group) for group in groups],
            where.predicate(),
            after=after,
            limit=checked_limit(limit),
            descending=sort.descending,
        )

    async def orders(
        self, where: OrderFilter, *, after: Position | None, limit: int
    ) -> Page[OrderView]:
        """Return the orders asked for, newest first, behind a position or from the start."""
        groups = _groups(buyer=where.buyer, seller=where.seller)
        return await self._orders.page(
            [(where.status, group) for group in groups],
            where.predicate(),
            after=after,
            limit=checked_limit(limit),
            descending=True,
        )

    def _shown_product(self, product_id: str) -> ProductView | None:
        view = self._products.get(product_id)
        return view if view is not None and view.is_shown else None


_product_facts = attrgetter(
    "is_shown", "is_active", "name", "price", "category", "seller_id", "created_at"
)
_order_facts = attrgetter("is_shown", "status", "sellers", "user_id", "created_at")


def _groups(**ids: str | None) -> list[tuple[str, str]]:
    """Name all rows as a group, and those that share each of the ids that are given."""
    named = [(name, group_id) for name, group_id in ids.items() if group_id is not None]
    return [("all", ""), *named]


def _product_places(view: ProductView) -> Iterator[tuple[Hashable, Entry]]:
    """Name a product's lists by sort, by whether they hold inactive ones too, and by group."""
    if not view.is_shown:
        return
    groups = _groups(category=view.category, seller=view.seller_id)
    for sort in (ProductSort.NEWEST, ProductSort.CHEAPEST, ProductSort.NAME):
        entry = (product_key(view, sort), view.product_id)
        for group in groups:
            yield (sort, True, group), entry
            if view.is_active:
                yield (sort, False, group), entry


def _order_places(view: OrderView) -> Iterator[tuple[Hashable, Entry]]:
    """Name an order's lists by status, None for all of them, and by group."""
    if not view.is_shown:
        return
    entry = (order_key(view), view.order_id)
    sellers = [("seller", seller) for seller in view.sellers]
    for group in (*_groups(buyer=view.user_id), *sellers):
        yield (None, group), entry
        yield (view.status, group), entry
