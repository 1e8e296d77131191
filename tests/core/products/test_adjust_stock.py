"""Correcting stock by hand."""

from datetime import timedelta

import pytest
from tests.builders.machines import FakeClock
from tests.builders.products import (
    ADMIN,
    BUYER,
    MESSAGE_ID,
    NOW,
    OTHER_SELLER,
    SELLER,
    TEA,
    MovementsInDict,
    ProductsInDict,
    a_product,
    adjust_command,
)

from tradex_core.errors import Forbidden, Refusal
from tradex_core.events.envelope import Actor
from tradex_core.events.product import AdjustStock
from tradex_core.events.stock import StockOperation, StockUpdated
from tradex_core.products.adjust_stock import adjust_stock
from tradex_core.products.errors import InsufficientStock, ProductNotFound, StockLimitExceeded
from tradex_core.products.movement import MovementLine, MovementStatus
from tradex_core.products.product import MAX_STOCK, Product

LATER = NOW + timedelta(seconds=1)
INCREASE, DECREASE = StockOperation.INCREASE, StockOperation.DECREASE


def adjust(
    command: AdjustStock,
    *products: Product,
    actor: Actor = SELLER,
    movements: MovementsInDict,
) -> Product:
    return adjust_stock(
        command,
        actor=actor,
        movement_id=MESSAGE_ID,
        products=ProductsInDict(*products),
        movements=movements,
        clock=FakeClock(LATER),
    )


@pytest.mark.parametrize("actor", [SELLER, ADMIN], ids=["its seller", "an admin"])
@pytest.mark.parametrize(("operation", "left", "delta"), [(INCREASE, 14, 4), (DECREASE, 6, -4)])
def test_stock_is_moved_and_written_down_for(
    actor: Actor, operation: StockOperation, left: int, delta: int
) -> None:
    product, movements = a_product(stock=10), MovementsInDict()
    adjusted = adjust(adjust_command(operation, 4), product, actor=actor, movements=movements)
    assert adjusted is product
    expected = StockUpdated(
        product_id=TEA,
        quantity=4,
        operation=operation,
        updated_at=LATER,
        stock=left,
        version=2,
    )
    assert [expected] == product.take_events()
    written = movements.by_id[MESSAGE_ID].state
    assert (MovementLine(TEA, delta),) == written.lines
    assert (MovementStatus.APPLIED, LATER) == (written.status, written.at)


def test_an_adjustment_that_comes_again_moves_nothing() -> None:
    product, movements = a_product(stock=10), MovementsInDict()
    for _ in range(2):
        adjusted = adjust(adjust_command(DECREASE, 4), product, movements=movements)
        assert adjusted is product
    assert 6 == product.state.stock
    assert 1 == len(product.take_events())


@pytest.mark.parametrize(
    ("actor", "command", "refusal"),
    [
        (BUYER, adjust_command(INCREASE, 1), Forbidden),
        (OTHER_SELLER, adjust_command(INCREASE, 1), ProductNotFound),
        (
            ADMIN,
            adjust_command(INCREASE, 1, product_id="65a4f0a0000000000000000f"),
            ProductNotFound,
        ),
        (SELLER, adjust_command(DECREASE, 11), InsufficientStock),
        (SELLER, adjust_command(INCREASE, MAX_STOCK - 9), StockLimitExceeded),
    ],
    ids=["a buyer", "another seller", "an unknown product", "below zero", "beyond the limit"],
)
def test_an_adjustment_is_refused_and_moves_nothing_for(
    actor: Actor, command: AdjustStock, refusal: type[Refusal]
) -> None:
    product, movements = a_product(stock=10), MovementsInDict()
    before = product.state
    with pytest.raises(refusal):
        adjust(command, product, actor=actor, movements=movements)
    assert before is product.state
    assert {} == movements.by_id
