"""Cancel an order that the catalogue holds no stock for."""

from tradex_core.clock import Clock
from tradex_core.events.stock import StockRejected
from tradex_core.ids import OrderId
from tradex_core.orders.order import Order, Reason
from tradex_core.orders.ports import Orders


def reject_order(event: StockRejected, *, orders: Orders, clock: Clock) -> Order | None:
    """Cancel a pending order for the catalogue's reason.

    Returns None and leaves alone an order that is not pending any more, or not known.
    """
    order = orders.find(OrderId(event.order_id))
    if order is None or not order.is_pending:
        return None
    order.cancel(reason=Reason(event.reason), at=clock.now())
    return order
