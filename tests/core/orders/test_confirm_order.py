"""Confirming orders: only those that still wait for their stock."""

from datetime import timedelta

import pytest
from tests.builders.machines import FakeClock
from tests.builders.orders import (
    NOW,
    ORDER_ID,
    SELLER_ID,
    OrdersInDict,
    an_order,
    stock_reserved,
)

from tradex_core.events.order import OrderStatus, OrderUpdated
from tradex_core.orders.confirm_order import confirm_order

LATER = NOW + timedelta(seconds=1)


def test_a_pending_order_whose_stock_is_held_is_confirmed() -> None:
    order = an_order()
    confirmed = confirm_order(
        stock_reserved(sellers=(SELLER_ID,)), orders=OrdersInDict(order), clock=FakeClock(LATER)
    )
    assert confirmed is order
    assert (SELLER_ID,) == order.state.sellers
    expected = OrderUpdated(order_id=ORDER_ID, status=OrderStatus.CONFIRMED, updated_at=LATER)
    assert [expected] == order.take_events()


@pytest.mark.parametrize("status", [s for s in OrderStatus if s is not OrderStatus.PENDING])
def test_an_order_that_does_not_wait_any_more_is_left_alone_when(status: OrderStatus) -> None:
    order = an_order(status)
    before = order.state
    confirmed = confirm_order(stock_reserved(), orders=OrdersInDict(order), clock=FakeClock(LATER))
    assert confirmed is None
    assert before is order.state
    assert [] == order.take_events()


def test_a_reservation_for_an_unknown_order_is_passed_over() -> None:
    assert confirm_order(stock_reserved(), orders=OrdersInDict(), clock=FakeClock()) is None
