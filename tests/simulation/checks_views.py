"""The views: what the gateways show is what is true, and what a replay of the log would make."""

from collections.abc import Iterator

from tests.simulation.evidence import Evidence
from tradex_core.orders.order import Order
from tradex_core.orders.ports import ORDERS
from tradex_core.products.ports import PRODUCTS
from tradex_core.products.product import Product
from tradex_core.users.ports import USERS
from tradex_core.users.user import User
from tradex_core.views.operation_view import OperationView, apply_reply
from tradex_core.views.ports import OPERATION_VIEWS, ORDER_VIEWS, PRODUCT_VIEWS, USER_VIEWS


def views_show_what_is(evidence: Evidence) -> Iterator[str]:
    """Every product, order, user and outcome is shown as it is."""
    views = evidence.world.views.views
    for product_id, state in evidence.states("catalog", PRODUCTS).items():
        product = views.read(PRODUCT_VIEWS, product_id)
        if product is None or product.document() != Product(state).document():  # type: ignore[union-attr]
            yield f"product {product_id} is {state}, and shown as {product}"
    for order_id, order_state in evidence.states("orders", ORDERS).items():
        order = views.read(ORDER_VIEWS, order_id)
        if order is None or order.document() != Order(order_state).document():  # type: ignore[union-attr]
            yield f"order {order_id} is {order_state}, and shown as {order}"
    for user_id, user_state in evidence.states("auth", USERS).items():
        user = views.read(USER_VIEWS, user_id)
        if user is None or user.document() != User(user_state).document():  # type: ignore[union-attr]
            yield f"user {user_id} is not shown as they are: {user}"
    for reply in evidence.replies:
        operation = views.read(OPERATION_VIEWS, reply.operation_id)
        if not isinstance(operation, OperationView) or operation != apply_reply(None, reply):
            yield f"operation {reply.operation_id} is shown as {operation}"
