"""Reserving stock for orders: all lines or none."""

from datetime import timedelta

import pytest
from tests.builders.machines import FakeClock
from tests.builders.products import (
    MUG,
    NO_PRODUCT,
    NOW,
    ORDER_ID,
    SELLER_ID,
    STRANGER_ID,
    TEA,
    MovementsInDict,
    ProductsInDict,
    a_line,
    a_product,
    order_created,
    order_updated,
)

from tradex_core.events.order import OrderLine
from tradex_core.events.stock import (
    RejectedLine,
    RejectionReason,
    StockOperation,
    StockRejected,
    StockReserved,
    StockUpdated,
)
from tradex_core.ids import ProductId, UserId
from tradex_core.money import Money
from tradex_core.products.movement import Movement, MovementLine, MovementStatus
from tradex_core.products.product import Product
from tradex_core.products.release_stock import release_stock
from tradex_core.products.reserve_stock import reserve_stock

LATER = NOW + timedelta(seconds=1)
RETIRED = ProductId("65a4f0a00000000000000009")


def reserve(
    *items: OrderLine, products: ProductsInDict, movements: MovementsInDict | None = None
) -> Movement:
    return reserve_stock(
        order_created(*items),
        products=products,
        movements=MovementsInDict() if movements is None else movements,
        clock=FakeClock(LATER),
    )


def rejection(*items: OrderLine, products: ProductsInDict) -> StockRejected:
    """Return what the catalogue answers to an order that it must reject."""
    before = {product_id: product.state for product_id, product in products.by_id.items()}
    movement = reserve(*items, products=products)
    assert movement.state.status is MovementStatus.REJECTED
    assert before == {product_id: product.state for product_id, product in products.by_id.items()}
    (event,) = movement.take_events()
    assert isinstance(event, StockRejected)
    return event


def sold_out(product_id: str = TEA) -> OrderLine:
    return a_line(product_id, quantity=11)


def test_every_line_of_an_order_is_taken_out_of_stock() -> None:
    tea, mug, movements = a_product(TEA, stock=10), a_product(MUG, stock=5), MovementsInDict()
    movement = reserve(
        a_line(TEA, quantity=10),
        a_line(MUG, quantity=2),
        products=ProductsInDict(tea, mug),
        movements=movements,
    )
    assert movements.by_id[movement.state.movement_id] is movement
    assert movement.state.status is MovementStatus.HELD
    assert (MovementLine(TEA, -10), MovementLine(MUG, -2)) == movement.state.lines
    assert (0, 3) == (tea.state.stock, mug.state.stock)
    expected = StockUpdated(
        product_id=MUG,
        quantity=2,
        operation=StockOperation.DECREASE,
        updated_at=LATER,
        stock=3,
        version=2,
        order_id=ORDER_ID,
    )
    assert [expected] == mug.take_events()


def test_a_reservation_names_the_sellers_each_once_in_order() -> None:
    sellers = [UserId(f"seller-{letter}") for letter in "dbfacead"]
    products = [
        a_product(ProductId(f"{number:024x}"), seller_id=seller_id)
        for number, seller_id in enumerate([*sellers, None])
    ]
    lines = [a_line(product.state.product_id) for product in products]
    movement = reserve(*lines, products=ProductsInDict(*products))
    expected = StockReserved(
        order_id=ORDER_ID,
        reserved_at=LATER,
        sellers=tuple(f"seller-{letter}" for letter in "abcdef"),
    )
    assert [expected] == movement.take_events()


def test_lines_of_one_product_are_held_together() -> None:
    product = a_product(stock=10)
    movement = reserve(a_line(quantity=4), a_line(quantity=6), products=ProductsInDict(product))
    assert (MovementLine(TEA, -10),) == movement.state.lines
    assert [0] == [
        event.stock for event in product.take_events() if isinstance(event, StockUpdated)
    ]


def test_lines_of_one_product_that_only_fit_one_by_one_are_rejected() -> None:
    event = rejection(
        a_line(quantity=5), a_line(quantity=6), products=ProductsInDict(a_product(stock=10))
    )
    expected = RejectedLine(product_id=TEA, requested=11, available=10, price=Money("9.99"))
    assert (expected,) == event.items


@pytest.mark.parametrize(
    ("line", "product", "reason"),
    [
        (a_line(NO_PRODUCT), a_product(TEA), RejectionReason.UNKNOWN_PRODUCT),
        (a_line(TEA), a_product(TEA, is_active=False), RejectionReason.INACTIVE_PRODUCT),
        (a_line(TEA, price="9.98"), a_product(TEA), RejectionReason.PRICE_CHANGED),
        (a_line(TEA, price="10.00"), a_product(TEA), RejectionReason.PRICE_CHANGED),
        (a_line(TEA, quantity=11), a_product(TEA), RejectionReason.INSUFFICIENT_STOCK),
    ],
    ids=["unknown", "inactive", "now dearer", "now cheaper", "short"],
)
def test_an_order_is_rejected_whole_if_one_product_is(
    line: OrderLine, product: Product, reason: RejectionReason
) -> None:
    event = rejection(a_line(MUG), line, products=ProductsInDict(a_product(MUG), product))
    assert reason is event.reason
    assert [line.product_id] == [item.product_id for item in event.items]


def test_two_prices_for_one_product_cannot_both_be_right() -> None:
    event = rejection(
        a_line(price="9.99"), a_line(price="9.98"), products=ProductsInDict(a_product())
    )
    assert event.reason is RejectionReason.PRICE_CHANGED


def test_a_rejection_tells_of_every_line_that_could_not_be_held() -> None:
    products = ProductsInDict(
        a_product(TEA, stock=10, seller_id=STRANGER_ID), a_product(MUG, seller_id=SELLER_ID)
    )
    expected = StockRejected(
        order_id=ORDER_ID,
        reason=RejectionReason.UNKNOWN_PRODUCT,
        items=(
            RejectedLine(product_id=TEA, requested=11, available=10, price=Money("9.99")),
            RejectedLine(product_id=NO_PRODUCT, requested=3, available=0, price=None),
        ),
        rejected_at=LATER,
        sellers=(SELLER_ID, STRANGER_ID),
    )
    assert expected == rejection(
        sold_out(TEA), a_line(MUG), a_line(NO_PRODUCT, quantity=3), products=products
    )


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([sold_out(), a_line(MUG, price="1.00")], RejectionReason.PRICE_CHANGED),
        ([a_line(TEA, price="1.00"), a_line(RETIRED)], RejectionReason.INACTIVE_PRODUCT),
        ([sold_out(), a_line(RETIRED)], RejectionReason.INACTIVE_PRODUCT),
        ([a_line(RETIRED), a_line(NO_PRODUCT)], RejectionReason.UNKNOWN_PRODUCT),
        ([a_line(RETIRED, quantity=11, price="1.00")], RejectionReason.INACTIVE_PRODUCT),
        ([a_line(TEA, quantity=11, price="1.00")], RejectionReason.PRICE_CHANGED),
    ],
)
def test_of_several_reasons_the_most_lasting_is_given(
    lines: list[OrderLine], reason: RejectionReason
) -> None:
    retired = a_product(RETIRED, is_active=False)
    products = ProductsInDict(a_product(TEA), a_product(MUG), retired)
    assert reason is rejection(*lines, products=products).reason
    assert reason is rejection(*reversed(lines), products=products).reason


@pytest.mark.parametrize("quantity", [4, 11], ids=["held", "rejected"])
def test_an_order_that_comes_again_is_answered_once(quantity: int) -> None:
    product, movements = a_product(stock=10), MovementsInDict()
    products, line = ProductsInDict(product), a_line(quantity=quantity)
    movement = reserve(line, products=products, movements=movements)
    movement.take_events()
    product.take_events()
    before = (movement.state, product.state)
    again = reserve(line, products=products, movements=movements)
    assert again is movement
    assert before == (movement.state, product.state)
    assert [] == [*movement.take_events(), *product.take_events()]


def test_an_order_that_was_rejected_stays_so_when_stock_arrives() -> None:
    product, movements = a_product(stock=1), MovementsInDict()
    products = ProductsInDict(product)
    reserve(a_line(quantity=2), products=products, movements=movements)
    product.increase(5, at=LATER)
    again = reserve(a_line(quantity=2), products=products, movements=movements)
    assert again.state.status is MovementStatus.REJECTED
    assert 6 == product.state.stock


def test_an_order_that_was_cancelled_first_holds_nothing_and_hears_nothing() -> None:
    product, movements = a_product(stock=10), MovementsInDict()
    products = ProductsInDict(product)
    release_stock(order_updated(), products=products, movements=movements, clock=FakeClock())
    movement = reserve(a_line(), products=products, movements=movements)
    assert movement.state.status is MovementStatus.RELEASED
    assert 10 == product.state.stock
    assert [] == [*movement.take_events(), *product.take_events()]
