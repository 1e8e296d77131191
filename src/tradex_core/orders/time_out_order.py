"""Cancel an order that hears nothing."""

from datetime import timedelta

from tradex_core.clock import Clock
from tradex_core.ids import OrderId
from tradex_core.orders.order import Order, Reason
from tradex_core.orders.ports import Orders


def time_out_order(
    order_id: OrderId, *, orders: Orders, clock: Clock, pending_timeout: timedelta
) -> Order | None:
    """Cancel an order that has been pending for `pending_timeout` or longer.

    Returns None and leaves alone any other, and one that is not known.
    """
    order = orders.find(order_id)
    now = clock.now()
    if order is None or not order.is_pending or now - order.state.created_at < pending_timeout:
        return None
    order.cancel(reason=Reason.TIMED_OUT, at=now)
    return order
