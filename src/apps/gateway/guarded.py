"""The gateway's database behind a guard: entered for each question, it may turn it away at once."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager

from tradex_core.operations.idempotency import (
    IdempotencyRecord,
    IdempotencyRecords,
    IdempotencyScope,
)
from tradex_core.views.listing import OrderFilter, Page, Position, ProductFilter, ProductSort
from tradex_core.views.operation_view import OperationView
from tradex_core.views.order_view import OrderView
from tradex_core.views.ports import ViewQueries
from tradex_core.views.product_view import ProductView
from tradex_core.views.user_view import UserView

Guard = Callable[[], AbstractContextManager[object]]
"""Returns what to enter while a question is asked; raises where it is not to be asked now."""


class GuardedViews:
    """Views each question to which passes a guard."""

    def __init__(self, views: ViewQueries, guard: Guard) -> None:
        self._views = views
        self._guard = guard

    async def product(self, product_id: str) -> ProductView | None:
        """Ask for a product."""
        with self._guard():
            return await self._views.product(product_id)

    async def products_by_id(self, product_ids: Collection[str]) -> Mapping[str, ProductView]:
        """Ask for products."""
        with self._guard():
            return await self._views.products_by_id(product_ids)

    async def order(self, order_id: str) -> OrderView | None:
        """Ask for an order."""
        with self._guard():
            return await self._views.order(order_id)

    async def user(self, user_id: str) -> UserView | None:
        """Ask for a user."""
        with self._guard():
            return await self._views.user(user_id)

    async def operation(self, operation_id: str) -> OperationView | None:
        """Ask for an operation."""
        with self._guard():
            return await self._views.operation(operation_id)

    async def products(
        self,
        where: ProductFilter,
        *,
        after: Position | None,
        limit: int,
        sort: ProductSort = ProductSort.NEWEST,
    ) -> Page[ProductView]:
        """Ask for a page of products."""
        with self._guard():
            return await self._views.products(where, after=after, limit=limit, sort=sort)

    async def orders(
        self, where: OrderFilter, *, after: Position | None, limit: int
    ) -> Page[OrderView]:
        """Ask for a page of orders."""
        with self._guard():
            return await self._views.orders(where, after=after, limit=limit)


class GuardedRecords:
    """Idempotency records behind a guard."""

    def __init__(self, records: IdempotencyRecords, guard: Guard) -> None:
        self._records = records
        self._guard = guard

    async def claim(self, scope: IdempotencyScope, record: IdempotencyRecord) -> IdempotencyRecord:
        """Claim a key."""
        with self._guard():
            return await self._records.claim(scope, record)
