"""Giving back what cancelled orders hold."""

from datetime import timedelta

import pytest
from tests.builders.machines import FakeClock
from tests.builders.products import (
    MUG,
    NOW,
    ORDER_ID,
    TEA,
    MovementsInDict,
    ProductsInDict,
    a_line,
    a_product,
    order_created,
    order_updated,
)

from tradex_core.events.fields import Event
from tradex_core.events.order import OrderStatus, OrderUpdated
from tradex_core.events.stock import StockOperation, StockUpdated
from tradex_core.products.movement import Movement, MovementId, MovementStatus
from tradex_core.products.release_stock import release_stock
from tradex_core.products.reserve_stock import reserve_stock

LATER = NOW + timedelta(seconds=1)


class Stall:
    """Ten of each product, and an order's reservation if it was made, all saved."""

    def __init__(self, *, tea: int = 0, mugs: int = 0) -> None:
        self.tea, self.mug = a_product(TEA, stock=10), a_product(MUG, stock=10)
        self.products = ProductsInDict(self.tea, self.mug)
        self.movements = MovementsInDict()
        if tea or mugs:
            event = order_created(a_line(TEA, quantity=tea), a_line(MUG, quantity=mugs))
            reserve_stock(
                event, products=self.products, movements=self.movements, clock=FakeClock()
            )
            self.take_events()

    @property
    def movement(self) -> Movement:
        return self.movements.by_id[MovementId(ORDER_ID)]

    def release(self, event: OrderUpdated) -> Movement | None:
        return release_stock(
            event, products=self.products, movements=self.movements, clock=FakeClock(LATER)
        )

    def take_events(self) -> list[Event]:
        told = [self.tea.take_events(), self.mug.take_events()]
        told += [movement.take_events() for movement in self.movements.by_id.values()]
        return [event for events in told for event in events]


def test_all_that_a_cancelled_order_holds_is_put_back() -> None:
    stall = Stall(tea=4, mugs=6)
    movement = stall.release(order_updated())
    assert movement is stall.movement
    assert movement.state.status is MovementStatus.RELEASED
    expected = [
        StockUpdated(
            product_id=product_id,
            quantity=quantity,
            operation=StockOperation.INCREASE,
            updated_at=LATER,
            stock=10,
            version=3,
            order_id=ORDER_ID,
        )
        for product_id, quantity in ((TEA, 4), (MUG, 6))
    ]
    assert expected == stall.take_events()


def test_a_cancellation_that_comes_again_gives_nothing_back() -> None:
    stall = Stall(tea=4, mugs=6)
    stall.release(order_updated())
    stall.take_events()
    version = stall.movement.state.version
    stall.release(order_updated())
    assert (10, 10) == (stall.tea.state.stock, stall.mug.state.stock)
    assert version == stall.movement.state.version
    assert [] == stall.take_events()


@pytest.mark.parametrize("status", [s for s in OrderStatus if s is not OrderStatus.CANCELLED])
def test_an_order_keeps_what_it_holds_while_it_is(status: OrderStatus) -> None:
    stall = Stall(tea=4, mugs=6)
    assert stall.release(order_updated(status)) is None
    assert stall.movement.is_held
    assert (6, 4) == (stall.tea.state.stock, stall.mug.state.stock)
    assert [] == stall.take_events()


@pytest.mark.parametrize("status", [s for s in OrderStatus if s is not OrderStatus.CANCELLED])
def test_an_order_without_a_reservation_gets_no_tombstone_while_it_is(status: OrderStatus) -> None:
    stall = Stall()
    assert stall.release(order_updated(status)) is None
    assert {} == stall.movements.by_id


def test_a_rejected_order_has_nothing_to_give_back() -> None:
    stall = Stall(tea=11, mugs=1)
    stall.release(order_updated())
    assert stall.movement.state.status is MovementStatus.REJECTED
    assert (10, 10) == (stall.tea.state.stock, stall.mug.state.stock)
    assert [] == stall.take_events()


def test_a_cancellation_that_comes_first_leaves_a_tombstone() -> None:
    stall = Stall()
    stall.release(order_updated())
    state = stall.movement.state
    assert (MovementStatus.RELEASED, (), LATER) == (state.status, state.lines, state.at)
    assert [] == stall.take_events()
