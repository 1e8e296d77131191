"""Orders that hear nothing."""

from datetime import timedelta

import pytest
from tests.builders.machines import FakeClock
from tests.builders.orders import NOW, ORDER_ID, OrdersInDict, an_order

from tradex_core.events.order import OrderStatus, OrderUpdated
from tradex_core.orders.order import Order
from tradex_core.orders.time_out_order import time_out_order

TIMEOUT = timedelta(seconds=60)


def time_out(*orders: Order, after: timedelta) -> Order | None:
    return time_out_order(
        ORDER_ID,
        orders=OrdersInDict(*orders),
        clock=FakeClock(NOW + after),
        pending_timeout=TIMEOUT,
    )


def test_an_order_that_has_waited_long_enough_is_cancelled() -> None:
    order = an_order()
    assert time_out(order, after=TIMEOUT) is order
    expected = OrderUpdated(
        order_id=ORDER_ID,
        status=OrderStatus.CANCELLED,
        updated_at=NOW + TIMEOUT,
        reason="timed_out",
    )
    assert [expected] == order.take_events()


def test_an_order_that_may_still_hear_something_is_left_alone() -> None:
    order = an_order()
    assert time_out(order, after=TIMEOUT - timedelta(microseconds=1)) is None
    assert order.is_pending


@pytest.mark.parametrize("status", [s for s in OrderStatus if s is not OrderStatus.PENDING])
def test_an_order_that_does_not_wait_any_more_is_left_alone_when(status: OrderStatus) -> None:
    order = an_order(status)
    before = order.state
    assert time_out(order, after=TIMEOUT * 2) is None
    assert before is order.state


def test_an_unknown_order_is_passed_over() -> None:
    assert time_out(after=TIMEOUT * 2) is None
