"""What each message needs loaded before it can change the views."""

from tests.builders.views import (
    BUYER_ID,
    OPERATION_ID,
    ORDER_ID,
    PRODUCT_ID,
    a_refusing_reply,
    a_reply,
    a_user_document,
)

from tradex_core.views.needs import (
    needs_of_order_view,
    needs_of_product_view,
    needs_of_reply,
    needs_of_user_view,
)


def test_an_event_needs_the_view_of_what_it_is_about() -> None:
    assert [("product_views", PRODUCT_ID)] == needs_of_product_view(PRODUCT_ID)
    assert [("order_views", ORDER_ID)] == needs_of_order_view(ORDER_ID)
    assert [("user_views", BUYER_ID)] == needs_of_user_view(BUYER_ID)


def test_a_reply_needs_its_operation() -> None:
    assert [("operation_views", OPERATION_ID)] == needs_of_reply(a_reply())
    assert [("operation_views", OPERATION_ID)] == needs_of_reply(a_refusing_reply("LOGIN_USER"))


def test_a_reply_that_tells_of_a_user_needs_them_too() -> None:
    reply = a_reply("LOGIN_USER", result=a_user_document())

    assert [("operation_views", OPERATION_ID), ("user_views", BUYER_ID)] == needs_of_reply(reply)
