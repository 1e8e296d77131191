"""What a product is: its version, its events, its stock and how it is shown."""

from datetime import timedelta

import pytest
from tests.builders.products import (
    MUG,
    NOW,
    ORDER_ID,
    SELLER_ID,
    TEA,
    a_product,
    create_product_command,
    update_command,
)

from tradex_core.errors import Kind
from tradex_core.events.product import ProductDocument, ProductUpdated
from tradex_core.events.stock import StockOperation, StockUpdated
from tradex_core.money import Money
from tradex_core.products.errors import (
    InsufficientStock,
    ProductExists,
    ProductNotFound,
    SkuTaken,
    StockLimitExceeded,
)
from tradex_core.products.product import MAX_STOCK, Product

LATER = NOW + timedelta(minutes=5)


def test_a_product_is_shown_whole() -> None:
    product = Product.create(create_product_command(), product_id=TEA, seller_id=SELLER_ID, at=NOW)
    expected = ProductDocument(
        product_id=TEA,
        name="Tea",
        description="Leaves, loose",
        sku="TEA-1",
        price=Money("9.99"),
        stock=10,
        category="Beverages",
        image_url="https://example.com/tea.jpg",
        is_active=True,
        seller_id=SELLER_ID,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    assert expected == product.document()


def test_every_change_makes_a_version_and_an_event_that_tells_it() -> None:
    product = a_product(stock=10)
    product.update(update_command(name="Green tea"), at=LATER)
    product.increase(5, at=LATER)
    product.decrease(3, at=LATER)
    product.decrease(4, at=LATER, order_id=ORDER_ID)
    product.give_back(4, order_id=ORDER_ID, at=LATER)
    told = [
        (event.version, event.updated_at)
        for event in product.take_events()
        if isinstance(event, ProductUpdated | StockUpdated)
    ]
    assert [(version, LATER) for version in range(2, 7)] == told
    assert (6, LATER) == (product.state.version, product.state.updated_at)


def test_stock_that_moves_tells_what_is_left_and_for_which_order() -> None:
    product = a_product(stock=10)
    product.decrease(4, at=LATER, order_id=ORDER_ID)
    product.increase(3, at=LATER)
    expected = [
        StockUpdated(
            product_id=TEA,
            quantity=4,
            operation=StockOperation.DECREASE,
            updated_at=LATER,
            stock=6,
            version=2,
            order_id=ORDER_ID,
        ),
        StockUpdated(
            product_id=TEA,
            quantity=3,
            operation=StockOperation.INCREASE,
            updated_at=LATER,
            stock=9,
            version=3,
        ),
    ]
    assert expected == product.take_events()


def test_the_last_of_a_product_can_be_taken() -> None:
    product = a_product(stock=3)
    product.decrease(3, at=LATER)
    assert 0 == product.state.stock


def test_more_than_there_is_cannot_be_taken() -> None:
    product = a_product(stock=3)
    before = product.state
    with pytest.raises(InsufficientStock):
        product.decrease(4, at=LATER)
    assert before is product.state
    assert [] == product.take_events()


def test_stock_can_be_raised_to_its_limit() -> None:
    product = a_product(stock=MAX_STOCK - 1)
    product.increase(1, at=LATER)
    assert 2**31 - 1 == product.state.stock


def test_stock_cannot_be_raised_beyond_its_limit() -> None:
    product = a_product(stock=MAX_STOCK)
    before = product.state
    with pytest.raises(StockLimitExceeded):
        product.increase(1, at=LATER)
    assert before is product.state
    assert [] == product.take_events()


def test_what_was_held_is_given_back_even_beyond_the_limit() -> None:
    product = a_product(stock=MAX_STOCK)
    product.decrease(1, at=LATER, order_id=ORDER_ID)
    product.increase(1, at=LATER)
    product.give_back(1, order_id=ORDER_ID, at=LATER)
    assert MAX_STOCK + 1 == product.state.stock


def test_an_update_that_changes_nothing_is_no_change() -> None:
    product = a_product(price="9.99")
    before = product.state
    product.update(update_command(), at=LATER)
    product.update(update_command(name="Tea", price=Money("9.990"), is_active=True), at=LATER)
    assert before is product.state
    assert [] == product.take_events()


def test_an_update_never_changes_which_product_it_is() -> None:
    product = a_product(TEA)
    product.update(update_command(MUG, name="Green tea"), at=LATER)
    assert (TEA, "Green tea") == (product.state.product_id, product.state.name)


def test_a_picture_can_be_taken_away_by_naming_none() -> None:
    product = a_product()
    product.update(update_command(image_url=None), at=LATER)
    assert product.state.image_url is None


def test_time_never_runs_back_within_a_product() -> None:
    product = a_product(at=LATER)
    product.update(update_command(name="Green tea"), at=NOW)
    product.increase(1, at=NOW)
    assert LATER == product.state.updated_at


def test_refusals_have_stable_names() -> None:
    expected = {
        ProductNotFound: (Kind.NOT_FOUND, "product_not_found"),
        ProductExists: (Kind.CONFLICT, "product_exists"),
        SkuTaken: (Kind.CONFLICT, "sku_taken"),
        InsufficientStock: (Kind.CONFLICT, "insufficient_stock"),
        StockLimitExceeded: (Kind.CONFLICT, "stock_limit_exceeded"),
    }
    assert expected == {refusal: (refusal.kind, refusal.slug) for refusal in expected}


def test_a_state_that_stores_share_cannot_be_changed_in_place() -> None:
    state: object = a_product().state
    with pytest.raises(AttributeError):
        setattr(state, "stock", 1_000)  # noqa: B010 - a type checker would refuse it
