"""Orders that the catalogue holds nothing for."""

from datetime import timedelta

import pytest
from tests.builders.machines import FakeClock
from tests.builders.orders import (
    NOW,
    ORDER_ID,
    OrdersInDict,
    an_order,
    stock_rejected,
)

from tradex_core.events.order import OrderStatus, OrderUpdated
from tradex_core.events.stock import RejectionReason
from tradex_core.orders.reject_order import reject_order

LATER = NOW + timedelta(seconds=1)


@pytest.mark.parametrize("reason", list(RejectionReason))
def test_a_pending_order_is_cancelled_for_the_reason_given(reason: RejectionReason) -> None:
    order = an_order()
    rejected = reject_order(
        stock_rejected(reason=reason), orders=OrdersInDict(order), clock=FakeClock(LATER)
    )
    assert rejected is order
    expected = OrderUpdated(
        order_id=ORDER_ID, status=OrderStatus.CANCELLED, updated_at=LATER, reason=reason.value
    )
    assert [expected] == order.take_events()


@pytest.mark.parametrize("status", [s for s in OrderStatus if s is not OrderStatus.PENDING])
def test_an_order_that_does_not_wait_any_more_is_left_alone_when(status: OrderStatus) -> None:
    order = an_order(status)
    before = order.state
    rejected = reject_order(stock_rejected(), orders=OrdersInDict(order), clock=FakeClock(LATER))
    assert rejected is None
    assert before is order.state
    assert [] == order.take_events()


def test_a_rejection_of_an_unknown_order_is_passed_over() -> None:
    assert reject_order(stock_rejected(), orders=OrdersInDict(), clock=FakeClock()) is None
