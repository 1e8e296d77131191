"""Place an order."""

from tradex_core.clock import Clock
from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor
from tradex_core.events.order import CreateOrder
from tradex_core.events.user import Role
from tradex_core.ids import OrderId, UserId
from tradex_core.orders.errors import OrderExists
from tradex_core.orders.order import Order
from tradex_core.orders.ports import Orders


def create_order(
    command: CreateOrder, *, actor: Actor | None, order_id: OrderId, orders: Orders, clock: Clock
) -> Order:
    """Place an order, which then waits for its stock.

    Buyers order for themselves, an admin for anyone; without an actor (an unsigned command) it is
    for the user named. Raises Forbidden, OrderExists and OrderTotalTooLarge.
    """
    if actor is not None:
        _require_right_to_order(actor, user_id=command.user_id)
    if orders.find(order_id) is not None:
        raise OrderExists.of(order_id)
    order = Order.place(
        order_id=order_id, user_id=UserId(command.user_id), items=command.items, at=clock.now()
    )
    orders.add(order)
    return order


def _require_right_to_order(actor: Actor, *, user_id: str) -> None:
    if actor.is_admin:
        return
    if actor.role is not Role.BUYER:
        msg = "only buyers and admins place orders"
        raise Forbidden(msg)
    if actor.user_id != user_id:
        msg = "you can order for yourself only"
        raise Forbidden(msg)
