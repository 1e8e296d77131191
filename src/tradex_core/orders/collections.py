"""Orders as a store keeps them, with their facts for ever, and as a unit of work hands them out."""

from typing import Final

from tradex_core.messaging.workspace import Collection, Repository
from tradex_core.orders.order import Order
from tradex_core.orders.ports import ORDERS, Orders

ORDER_COLLECTIONS: Final = {
    ORDERS: Collection(Order, lambda order: order.order_id, history=True),
}


class LoadedOrders(Repository[Order], Orders):
    """The orders of one unit of work."""
