"""What has to be loaded for the messages that views are built from."""

from tradex_core.events.reply import CommandReplied
from tradex_core.views.ports import OPERATION_VIEWS, ORDER_VIEWS, PRODUCT_VIEWS, USER_VIEWS
from tradex_core.views.user_view import user_in

Needs = list[tuple[str, str]]


def needs_of_product_view(product_id: str) -> Needs:
    """Return the view of the product that an event is about."""
    return [(PRODUCT_VIEWS, product_id)]


def needs_of_order_view(order_id: str) -> Needs:
    """Return the view of the order that an event is about."""
    return [(ORDER_VIEWS, order_id)]


def needs_of_user_view(user_id: str) -> Needs:
    """Return the view of the user that an event is about."""
    return [(USER_VIEWS, user_id)]


def needs_of_reply(reply: CommandReplied) -> Needs:
    """Return the operation's view, and that of the user whom the reply tells of."""
    user = user_in(reply)
    return [(OPERATION_VIEWS, reply.operation_id), *([(USER_VIEWS, user.user_id)] if user else [])]
