"""The views: what the gateways show is what is true, and what a replay of the log would make."""

from collections.abc import Iterator

from tests.simulation.evidence import Evidence

from tradex_core.events import codec
from tradex_core.events.reply import OUTCOMES_KEPT, CommandReplied
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
            yield f"product {product_id} is {_json(state)}, and shown as {_json(product)}"
    for order_id, order_state in evidence.states("orders", ORDERS).items():
        order = views.read(ORDER_VIEWS, order_id)
        if order is None or order.document() != Order(order_state).document():  # type: ignore[union-attr]
            yield f"order {order_id} is {_json(order_state)}, and shown as {_json(order)}"
    for user_id, user_state in evidence.states("auth", USERS).items():
        user = views.read(USER_VIEWS, user_id)
        if user is None or user.document() != User(user_state).document():  # type: ignore[union-attr]
            yield f"user {user_id} is not shown as they are: {_json(user)}"
    latest = max((reply.completed_at for reply in evidence.replies), default=None)
    for reply in _recent(evidence):
        operation = views.read(OPERATION_VIEWS, reply.operation_id)
        if operation is None and latest and reply.completed_at < latest - OUTCOMES_KEPT:
            continue  # it was let go of in its time
        if not isinstance(operation, OperationView) or operation != apply_reply(None, reply):
            yield f"operation {reply.operation_id} is shown as {_json(operation)}"


def a_replay_shows_the_same(evidence: Evidence) -> Iterator[str]:
    """Views that are built anew from the log, topic by topic, are the same."""
    if evidence.rebuilt is None:
        return
    live, again = evidence.world.views.views, evidence.rebuilt.views
    ids = {
        PRODUCT_VIEWS: evidence.states("catalog", PRODUCTS),
        ORDER_VIEWS: evidence.states("orders", ORDERS),
        USER_VIEWS: evidence.states("auth", USERS),
        OPERATION_VIEWS: {reply.operation_id: reply for reply in _recent(evidence)},
    }
    for collection, keys in ids.items():
        for key in keys:
            shown, anew = live.read(collection, key), again.read(collection, key)
            if shown != anew:
                yield f"{key} in {collection} is {_json(shown)}, and anew {_json(anew)}"


def _recent(evidence: Evidence) -> list[CommandReplied]:
    """Return the outcomes that one may still ask for."""
    oldest = evidence.world.clock.now() - OUTCOMES_KEPT
    return [reply for reply in evidence.replies if reply.completed_at > oldest]


def _json(value: object) -> str:
    return codec.encode(value).decode()
