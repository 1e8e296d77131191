"""What has to be loaded for each message about products and their stock."""

import pytest
from tests.builders.products import (
    MESSAGE_ID,
    MUG,
    ORDER_ID,
    TEA,
    a_line,
    adjust_command,
    create_product_command,
    order_created,
    order_updated,
)

from tradex_core.events.order import OrderStatus
from tradex_core.events.product import GetProduct
from tradex_core.events.stock import StockOperation
from tradex_core.products.needs import (
    needs_of_adjustment,
    needs_of_creation,
    needs_of_product,
    needs_of_query,
    needs_of_release,
    needs_of_reservation,
)


def test_a_creation_needs_what_has_the_id_or_the_sku() -> None:
    expected = [("products", TEA), ("products_by_sku", "TEA-1")]
    assert expected == needs_of_creation(create_product_command(sku="TEA-1"), TEA)


def test_an_update_needs_the_product() -> None:
    assert [("products", TEA)] == needs_of_product(TEA)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (GetProduct(product_id=TEA), [("products", TEA)]),
        (GetProduct(sku="TEA-1"), [("products_by_sku", "TEA-1")]),
        (GetProduct(product_id=TEA, sku="TEA-1"), [("products", TEA)]),
        (GetProduct(), []),
    ],
    ids=["id", "sku", "both", "neither"],
)
def test_a_query_needs_the_product_as_it_is_named(
    query: GetProduct, expected: list[tuple[str, str]]
) -> None:
    assert expected == needs_of_query(query)


def test_an_adjustment_needs_the_product_and_its_own_movement() -> None:
    command = adjust_command(StockOperation.INCREASE, 1)
    expected = [("products", TEA), ("movements", MESSAGE_ID)]
    assert expected == needs_of_adjustment(command, MESSAGE_ID)


def test_a_reservation_needs_each_product_once_and_the_orders_movement() -> None:
    event = order_created(a_line(TEA), a_line(MUG), a_line(TEA))
    expected = [("products", TEA), ("products", MUG), ("movements", ORDER_ID)]
    assert expected == needs_of_reservation(event)


def test_a_cancellation_needs_the_orders_movement() -> None:
    assert [("movements", ORDER_ID)] == needs_of_release(order_updated())


def test_any_other_change_of_an_order_needs_nothing() -> None:
    assert [] == needs_of_release(order_updated(OrderStatus.CONFIRMED))
