"""Taking orders further: by whom, and in which order."""

from datetime import timedelta
from itertools import product

import pytest
from tests.builders.machines import FakeClock
from tests.builders.orders import (
    ADMIN,
    BUYER,
    NOW,
    ORDER_ID,
    OTHER_SELLER,
    SELLER,
    OrdersInDict,
    advance_command,
    an_order,
)

from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor
from tradex_core.events.order import OrderStatus, OrderUpdated
from tradex_core.orders.advance_order import advance_order
from tradex_core.orders.errors import IllegalTransition, OrderNotFound

LATER = NOW + timedelta(seconds=1)
STEPS = [
    (OrderStatus.CONFIRMED, OrderStatus.PROCESSING),
    (OrderStatus.PROCESSING, OrderStatus.SHIPPED),
    (OrderStatus.SHIPPED, OrderStatus.DELIVERED),
]
OTHER_STEPS = [pair for pair in product(OrderStatus, repeat=2) if pair not in STEPS]


@pytest.mark.parametrize("actor", [SELLER, ADMIN], ids=["a seller in it", "an admin"])
@pytest.mark.parametrize(("current", "asked"), STEPS)
def test_an_order_is_taken_to_the_next_status_by(
    actor: Actor, current: OrderStatus, asked: OrderStatus
) -> None:
    order = an_order(current)
    advanced = advance_order(
        advance_command(asked), orders=OrdersInDict(order), actor=actor, clock=FakeClock(LATER)
    )
    assert advanced is order
    assert [OrderUpdated(order_id=ORDER_ID, status=asked, updated_at=LATER)] == order.take_events()


@pytest.mark.parametrize(("current", "asked"), OTHER_STEPS)
def test_every_other_step_is_illegal_even_for_an_admin(
    current: OrderStatus, asked: OrderStatus
) -> None:
    order = an_order(current)
    with pytest.raises(IllegalTransition):
        advance_order(
            advance_command(asked), orders=OrdersInDict(order), actor=ADMIN, clock=FakeClock()
        )
    assert order.state.status is current


def test_the_role_of_a_buyer_may_not_take_an_order_further_not_even_their_own() -> None:
    with pytest.raises(Forbidden):
        advance_order(
            advance_command(OrderStatus.PROCESSING),
            orders=OrdersInDict(an_order(OrderStatus.CONFIRMED)),
            actor=BUYER,
            clock=FakeClock(),
        )


def test_a_seller_without_a_product_in_it_finds_no_order() -> None:
    order = an_order(OrderStatus.CONFIRMED)
    with pytest.raises(OrderNotFound):
        advance_order(
            advance_command(OrderStatus.PROCESSING),
            orders=OrdersInDict(order),
            actor=OTHER_SELLER,
            clock=FakeClock(),
        )
    assert order.state.status is OrderStatus.CONFIRMED


def test_an_unknown_order_is_not_found() -> None:
    with pytest.raises(OrderNotFound):
        advance_order(
            advance_command(OrderStatus.PROCESSING),
            orders=OrdersInDict(),
            actor=ADMIN,
            clock=FakeClock(),
        )
