"""The gateway's questions to its views on PostgreSQL."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.errors import translated
from adapters.postgres.together import Together
from adapters.postgres.view_lists import containing, order_page, product_page
from adapters.postgres.view_tables import BETWEEN_TEXTS, TABLES, name_key
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


class PostgresViews:
    """Committed views, and never a stub; every method raises Outage.

    Whatever is asked for by id while another such question is on its way goes with the next one.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._name = database.name
        # Each question is one statement: alone it needs no BEGIN and no COMMIT on the way.
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._by_id = {
            collection: Together[str, Any](partial(self._load, collection)) for collection in TABLES
        }

    async def product(self, product_id: str) -> ProductView | None:
        """Return a product, also one that is not active; None where none is shown."""
        return (await self.products_by_id([product_id])).get(product_id)

    async def products_by_id(self, product_ids: Collection[str]) -> Mapping[str, ProductView]:
        """Return those of these products that are shown, active or not, by their ids."""
        found: Sequence[ProductView | None]
        found = await self._by_id[PRODUCT_VIEWS].ask(list(product_ids))
        return {view.product_id: view for view in found if view is not None and view.is_shown}

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
        text = folded(where.text or "")
        given = _given(
            category=where.category, seller=where.seller, text=containing(text) if text else None
        )
        query = product_page(
            frozenset(given), sort, inactive=where.include_inactive, behind=after is not None
        )
        if after is not None and sort is ProductSort.NAME:
            after = Position(key=name_key(str(after.key)), id=after.id)
        rows = await self._rows(PRODUCT_VIEWS, query, given, after, limit)
        return _page(rows, limit, lambda view: Position(product_key(view, sort), view.product_id))

    async def orders(
        self, where: OrderFilter, *, after: Position | None, limit: int
    ) -> Page[OrderView]:
        """Return the orders asked for, newest first, behind a position or from the start."""
        given = _given(status=where.status, buyer=where.buyer, seller=where.seller)
        query = order_page(frozenset(given), behind=after is not None)
        rows = await self._rows(ORDER_VIEWS, query, given, after, limit)
        return _page(rows, limit, lambda view: Position(order_key(view), view.order_id))

    async def _find(self, collection: str, view_id: str) -> Any:  # noqa: ANN401
        [view] = await self._by_id[collection].ask([view_id])
        return view

    async def _load(self, collection: str, view_ids: Sequence[str]) -> Sequence[Any]:
        table = TABLES[collection]
        question = table.question(view_id for view_id in view_ids if "\0" not in view_id)
        async with self._connection() as connection:
            rows = await connection.exec_driver_sql(question.sql, dict(question.parameters))
            found = table.views(rows.all())
        return [found.get(view_id) for view_id in view_ids]

    async def _rows(
        self,
        collection: str,
        query: sa.TextClause,
        given: Mapping[str, object],
        after: Position | None,
        limit: int,
    ) -> list[Any]:
        """Return one row more than a page has where there is one."""
        place = {} if after is None else {"after_key": after.key, "after_id": after.id}
        asked = {**given, **place, "limit": checked_limit(limit) + 1}
        if _is_in_no_row(given):
            return []
        async with self._connection() as connection:
            rows = (await connection.scalars(query, asked)).all()
        return list(map(TABLES[collection].read, rows))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        with translated(self._name):
            async with self._engine.connect() as connection:
                yield connection


def _given(**filters: object) -> dict[str, object]:
    return {name: value for name, value in filters.items() if value is not None}


def _is_in_no_row(given: Mapping[str, object]) -> bool:
    """Whether a text is asked for that cannot be there."""
    return any("\0" in str(value) for value in given.values()) or (
        BETWEEN_TEXTS in str(given.get("text"))
    )


def _page(rows: Sequence[V], limit: int, place: Callable[[V], Position]) -> Page[V]:
    items = tuple(rows[:limit])
    return Page(items=items, next=place(items[-1]) if len(rows) > limit else None)
