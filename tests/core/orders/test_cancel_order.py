"""Cancelling orders on request: whose, and until when."""

from datetime import timedelta

import pytest
from tests.builders.machines import FakeClock
from tests.builders.orders import (
    ADMIN,
    BUYER,
    NOW,
    ORDER_ID,
    OTHER_BUYER,
    OrdersInDict,
    an_order,
    cancel_command,
)

from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor
from tradex_core.events.order import OrderStatus, OrderUpdated
from tradex_core.events.user import Role
from tradex_core.orders.cancel_order import cancel_order
from tradex_core.orders.errors import IllegalTransition, OrderNotFound

LATER = NOW + timedelta(seconds=1)


@pytest.mark.parametrize("actor", [BUYER, ADMIN], ids=["its buyer", "an admin"])
@pytest.mark.parametrize(
    "status", [OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PROCESSING]
)
def test_an_order_that_is_not_on_its_way_can_be_cancelled_by(
    actor: Actor, status: OrderStatus
) -> None:
    order = an_order(status)
    cancelled = cancel_order(
        cancel_command(), orders=OrdersInDict(order), actor=actor, clock=FakeClock(LATER)
    )
    assert cancelled is order
    expected = OrderUpdated(
        order_id=ORDER_ID, status=OrderStatus.CANCELLED, updated_at=LATER, reason="requested"
    )
    assert [expected] == order.take_events()


@pytest.mark.parametrize(
    "status", [OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.CANCELLED]
)
def test_an_order_cannot_be_cancelled_once_it_is(status: OrderStatus) -> None:
    order = an_order(status)
    with pytest.raises(IllegalTransition):
        cancel_order(cancel_command(), orders=OrdersInDict(order), actor=BUYER, clock=FakeClock())
    assert order.state.status is status


def test_somebody_elses_order_is_answered_as_an_unknown_one() -> None:
    order = an_order(OrderStatus.CONFIRMED)
    details = []
    for orders in (OrdersInDict(order), OrdersInDict()):
        with pytest.raises(OrderNotFound) as refused:
            cancel_order(cancel_command(), orders=orders, actor=OTHER_BUYER, clock=FakeClock())
        details.append(refused.value.detail)
    assert [details[0]] * 2 == details
    assert order.state.status is OrderStatus.CONFIRMED


def test_a_seller_cancels_nothing_not_even_what_was_ordered_in_their_name() -> None:
    order = an_order(OrderStatus.CONFIRMED)
    seller = Actor(user_id=order.state.user_id, role=Role.SELLER)
    with pytest.raises(Forbidden):
        cancel_order(cancel_command(), orders=OrdersInDict(order), actor=seller, clock=FakeClock())
    assert order.state.status is OrderStatus.CONFIRMED
