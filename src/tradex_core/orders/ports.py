"""What orders need of a store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from tradex_core.ids import OrderId
from tradex_core.orders.errors import OrderNotFound
from tradex_core.orders.order import Order

ORDERS: Final = "orders"
"""The collection of orders, keyed by order id."""


class Orders(Protocol):
    """The orders that a unit of work has loaded; what is added or changed is saved with it."""

    def find(self, order_id: OrderId) -> Order | None:
        """Return an order, the same object at every call; None where there is none."""
        ...

    def get(self, order_id: OrderId) -> Order:
        """Return an order; raises OrderNotFound."""
        order = self.find(order_id)
        if order is None:
            raise OrderNotFound.of(order_id)
        return order

    def add(self, order: Order) -> None:
        """Add an order whose id is new."""
        ...


class OverdueOrders(Protocol):
    """Finds the orders that hear nothing."""

    async def overdue(self, before: datetime, *, limit: int) -> Sequence[OrderId]:
        """Return at most `limit` pending orders created before an instant, oldest first.

        Raises Outage.
        """
        ...
