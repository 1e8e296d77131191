"""The gateway's questions to its views on PostgreSQL: each page is read from one index."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.schema import GATEWAY
from adapters.postgres.view_tables import TABLES
from tradex_core.views.folding import folded
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
from tradex_core.views.ports import OPERATION_VIEWS, ORDER_VIEWS, PRODUCT_VIEWS, USER_VIEWS
from tradex_core.views.product_view import ProductView
from tradex_core.views.user_view import UserView

V = TypeVar("V")

_PRODUCTS: Final = GATEWAY.tables["product_view"].c
_ORDERS: Final = GATEWAY.tables["order_view"].c
_SELLERS: Final = GATEWAY.tables["order_view_sellers"].c
_SORTED_BY: Final = {
    ProductSort.NEWEST: _PRODUCTS.newest,
    ProductSort.CHEAPEST: _PRODUCTS.cents,
    ProductSort.DEAREST: _PRODUCTS.cents,
    ProductSort.NAME: _PRODUCTS.foldedName,
}


class PostgresViews:
    """Committed views, and never a stub; every method raises Outage."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def product(self, product_id: str) -> ProductView | None:
        """Return a product, also one that is not active; None where none is shown."""
        view: ProductView | None = await self._find(PRODUCT_VIEWS, product_id)
        return view if view is not None and view.is_shown else None

    async def order(self, order_id: str) -> OrderView | None:
        """Return an order; None where none is shown."""
        view: OrderView | None = await self._find(ORDER_VIEWS, order_id)
        return view if view is not None and view.is_shown else None

    async def user(self, user_id: str) -> UserView | None:
        """Return a user, or None."""
        view: UserView | None = await self._find(USER_VIEWS, user_id)
        return view

    async def operation(self, operation_id: str) -> OperationView | None:
        """Return the outcome of a command; None where it is not known, or not yet."""
        view: OperationView | None = await self._find(OPERATION_VIEWS, operation_id)
        return view

    async def products(
        self,
        where: ProductFilter,
        *,
        after: Position | None,
        limit: int,
        sort: ProductSort = ProductSort.NEWEST,
    ) -> Page[ProductView]:
        """Return the products asked for, behind a position of the same sort or from the start."""
        key = _SORTED_BY[sort]
        query = sa.select(_text(_PRODUCTS.view)).where(_PRODUCTS.isShown, *_products(where))
        query = _keyset(query, key, _PRODUCTS.productId, after, descending=sort.descending)
        found: list[ProductView] = await self._page(PRODUCT_VIEWS, query, checked_limit(limit))
        return _page(found, limit, lambda view: (product_key(view, sort), view.product_id))

    async def orders(
        self, where: OrderFilter, *, after: Position | None, limit: int
    ) -> Page[OrderView]:
        """Return the orders asked for, newest first, behind a position or from the start."""
        query = sa.select(_text(_ORDERS.view)).where(_ORDERS.isShown)
        if where.buyer is not None:
            query = query.where(_ORDERS.userId == where.buyer)
        key, order_id, status = _ORDERS.newest, _ORDERS.orderId, _ORDERS.status
        if where.seller is not None:
            sellers = GATEWAY.tables["order_view_sellers"]
            query = query.join(sellers, _SELLERS.orderId == _ORDERS.orderId)
            query = query.where(_SELLERS.sellerId == where.seller)
            key, order_id, status = _SELLERS.newest, _SELLERS.orderId, _SELLERS.status
        if where.status is not None:
            query = query.where(status == where.status.value)
        query = _keyset(query, key, order_id, after, descending=True)
        found: list[OrderView] = await self._page(ORDER_VIEWS, query, checked_limit(limit))
        return _page(found, limit, lambda view: (order_key(view), view.order_id))

    async def _find(self, collection: str, view_id: str) -> Any:  # noqa: ANN401
        async with self._database.transaction() as connection:
            return (await TABLES[collection].load(connection, [view_id])).get(view_id)

    async def _page(self, collection: str, query: sa.Select[Any], limit: int) -> list[Any]:
        async with self._database.transaction() as connection:
            rows = await connection.scalars(query.limit(limit + 1))
            return [TABLES[collection].read(view) for view in rows]


def _products(where: ProductFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if not where.include_inactive:
        conditions.append(_PRODUCTS.isActive)
    if where.category is not None:
        conditions.append(_PRODUCTS.category == where.category)
    if where.seller is not None:
        conditions.append(_PRODUCTS.sellerId == where.seller)
    if where.text:
        conditions.append(_PRODUCTS.searched.contains(folded(where.text), autoescape=True))
    return conditions


def _keyset(
    query: sa.Select[Any],
    key: sa.ColumnElement[Any],
    row_id: sa.ColumnElement[Any],
    after: Position | None,
    *,
    descending: bool,
) -> sa.Select[Any]:
    if after is not None:
        here, there = sa.tuple_(key, row_id), sa.tuple_(sa.literal(after.key), sa.literal(after.id))
        query = query.where(here < there if descending else here > there)
    order = (key.desc(), row_id.desc()) if descending else (key, row_id)
    return query.order_by(*order)


def _page(found: Sequence[V], limit: int, place: Any) -> Page[V]:  # noqa: ANN401
    items = tuple(found[:limit])
    return Page(items=items, next=Position(*place(items[-1])) if len(found) > limit else None)


def _text(view: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.cast(view, sa.Text)
