"""Confirm an order whose stock is held."""

from tradex_core.clock import Clock
from tradex_core.events.stock import StockReserved
from tradex_core.ids import OrderId
from tradex_core.orders.order import Order
from tradex_core.orders.ports import Orders


def confirm_order(event: StockReserved, *, orders: Orders, clock: Clock) -> Order | None:
    """Confirm a pending order, since the catalogue holds stock for every line of it.

    Returns None and leaves alone an order that is not pending any more, or not known: what is held
    for a cancelled one goes back into stock when the catalogue hears of the cancellation.
    """
    order = orders.find(OrderId(event.order_id))
    if order is None or not order.is_pending:
        return None
    order.confirm(sellers=event.sellers, at=clock.now())
    return order
