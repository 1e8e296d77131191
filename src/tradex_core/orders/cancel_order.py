"""Cancel an order on request."""

from tradex_core.clock import Clock
from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor
from tradex_core.events.order import CancelOrder
from tradex_core.events.user import Role
from tradex_core.ids import OrderId
from tradex_core.orders.errors import OrderNotFound
from tradex_core.orders.order import Order, Reason
from tradex_core.orders.ports import Orders


def cancel_order(command: CancelOrder, *, orders: Orders, actor: Actor, clock: Clock) -> Order:
    """Cancel an order for its buyer or an admin; the catalogue then gives back what it holds.

    Raises Forbidden for a seller, OrderNotFound (also for somebody else's order) and
    IllegalTransition.
    """
    if actor.role is Role.SELLER:
        msg = "only the buyer of an order and admins cancel it"
        raise Forbidden(msg)
    order = orders.get(OrderId(command.order_id))
    if not (actor.is_admin or actor.user_id == order.state.user_id):
        raise OrderNotFound.of(order.state.order_id)
    order.cancel(reason=Reason.REQUESTED, at=clock.now())
    return order
