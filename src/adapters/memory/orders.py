"""Orders in memory: their facts for ever, the state that they add up to, and which are pending."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from adapters.memory.database import MemoryDatabase
from adapters.memory.unit_of_work import MemoryUnitOfWork
from tradex_core.clock import Clock
from tradex_core.events.order import OrderStatus
from tradex_core.ids import OrderId
from tradex_core.orders.collections import ORDER_COLLECTIONS, LoadedOrders
from tradex_core.orders.ports import ORDERS


class OrdersDatabase(MemoryDatabase):
    """The orders service's database; it knows its pending orders, oldest first."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(ORDER_COLLECTIONS, clock=clock)
        self._pending: list[tuple[datetime, OrderId]] = []

    def write(self, collection: str, state: Any) -> None:  # noqa: ANN401 - as every collection's
        """Replace a state, and note whether the order is pending."""
        super().write(collection, state)
        entry = (state.created_at, state.order_id)
        place = bisect_left(self._pending, entry)
        is_there = self._pending[place : place + 1] == [entry]
        if state.status is OrderStatus.PENDING and not is_there:
            self._pending.insert(place, entry)
        elif state.status is not OrderStatus.PENDING and is_there:
            del self._pending[place]

    async def overdue(self, before: datetime, *, limit: int) -> Sequence[OrderId]:
        """Return at most `limit` pending orders created before an instant, oldest first."""
        end = bisect_left(self._pending, before, key=lambda entry: entry[0])
        return [order_id for _, order_id in self._pending[: min(end, limit)]]


class OrdersUnitOfWork(MemoryUnitOfWork):
    """The orders service's unit of work."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.orders = LoadedOrders(self, ORDERS)
