"""Placing orders: who may for whom, and what is refused."""

import pytest
from tests.builders.machines import FakeClock
from tests.builders.orders import (
    ADMIN,
    BUYER,
    BUYER_ID,
    NOW,
    ORDER_ID,
    OTHER_BUYER,
    SELLER,
    OrdersInDict,
    a_line,
    an_order,
    create_command,
)

from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor
from tradex_core.events.order import OrderCreated, OrderStatus
from tradex_core.money import Money
from tradex_core.orders.create_order import create_order
from tradex_core.orders.errors import OrderExists, OrderTotalTooLarge


def test_a_buyer_places_an_order() -> None:
    orders = OrdersInDict()
    items = (a_line("tea", quantity=2, price="1.50"), a_line("mug", quantity=1, price="4.00"))
    order = create_order(
        create_command(*items), actor=BUYER, order_id=ORDER_ID, orders=orders, clock=FakeClock()
    )
    assert orders.get(ORDER_ID) is order
    assert items == order.state.items
    assert Money("7.00") == order.state.total_amount
    assert (BUYER_ID, NOW) == (order.state.user_id, order.state.created_at)
    assert order.state.status is OrderStatus.PENDING
    assert [OrderCreated] == [type(event) for event in order.take_events()]


@pytest.mark.parametrize("actor", [ADMIN, None], ids=["an admin", "an unsigned command"])
def test_an_order_can_be_placed_for_the_user_it_names_by(actor: Actor | None) -> None:
    order = create_order(
        create_command(user_id=BUYER_ID),
        actor=actor,
        order_id=ORDER_ID,
        orders=OrdersInDict(),
        clock=FakeClock(),
    )
    assert BUYER_ID == order.state.user_id


@pytest.mark.parametrize("actor", [OTHER_BUYER, SELLER], ids=["another buyer", "a seller"])
def test_an_order_is_forbidden_for_another_user_by(actor: Actor) -> None:
    orders = OrdersInDict()
    with pytest.raises(Forbidden):
        create_order(
            create_command(user_id=BUYER_ID),
            actor=actor,
            order_id=ORDER_ID,
            orders=orders,
            clock=FakeClock(),
        )
    assert {} == orders.by_id


def test_a_seller_orders_nothing_even_for_themselves() -> None:
    with pytest.raises(Forbidden):
        create_order(
            create_command(user_id=SELLER.user_id),
            actor=SELLER,
            order_id=ORDER_ID,
            orders=OrdersInDict(),
            clock=FakeClock(),
        )


def test_an_order_id_is_used_once() -> None:
    existing = an_order(OrderStatus.CONFIRMED)
    before = existing.state
    with pytest.raises(OrderExists):
        create_order(
            create_command(),
            actor=BUYER,
            order_id=ORDER_ID,
            orders=OrdersInDict(existing),
            clock=FakeClock(),
        )
    assert before is existing.state


def test_an_order_whose_total_no_amount_can_hold_is_refused() -> None:
    orders = OrdersInDict()
    with pytest.raises(OrderTotalTooLarge):
        create_order(
            create_command(a_line(quantity=2**31 - 1, price="99999999.99")),
            actor=BUYER,
            order_id=ORDER_ID,
            orders=orders,
            clock=FakeClock(),
        )
    assert {} == orders.by_id
