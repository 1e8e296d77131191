"""Take an order a step further on its way to the buyer."""

from tradex_core.clock import Clock
from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor
from tradex_core.events.order import AdvanceOrder
from tradex_core.events.user import Role
from tradex_core.ids import OrderId
from tradex_core.orders.errors import OrderNotFound
from tradex_core.orders.order import Order
from tradex_core.orders.ports import Orders


def advance_order(command: AdvanceOrder, *, orders: Orders, actor: Actor, clock: Clock) -> Order:
    """Take an order to the next of processing, shipped and delivered.

    A seller of something in it may, and an admin. Raises Forbidden for a buyer, OrderNotFound (also
    for an order without a product of the seller's, or not confirmed yet) and IllegalTransition.
    """
    if actor.role is Role.BUYER:
        msg = "only the sellers of an order and admins take it further"
        raise Forbidden(msg)
    order = orders.get(OrderId(command.order_id))
    if not (actor.is_admin or actor.user_id in order.state.sellers):
        raise OrderNotFound.of(order.state.order_id)
    order.advance(command.status, at=clock.now())
    return order
