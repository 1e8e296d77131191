"""What has to be loaded for the messages about orders."""

from tests.builders.orders import ORDER_ID

from tradex_core.orders.needs import needs_of_order


def test_a_message_about_an_order_needs_the_order() -> None:
    assert [("orders", ORDER_ID)] == needs_of_order(ORDER_ID)
