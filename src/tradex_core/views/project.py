"""Projections: how each event changes the views that a unit of work has loaded.

Each may be run again, late, or before events that came first: the views end up the same.
"""

from collections.abc import Callable
from typing import TypeVar

from tradex_core.events.order import OrderCreated, OrderUpdated
from tradex_core.events.product import ProductCreated, ProductUpdated
from tradex_core.events.reply import CommandReplied
from tradex_core.events.stock import StockRejected, StockReserved, StockUpdated
from tradex_core.events.user import UserRegistered
from tradex_core.views.operation_view import apply_reply
from tradex_core.views.order_view import apply_created, apply_sellers, apply_updated
from tradex_core.views.ports import OperationViews, OrderViews, ProductViews, UserViews, Views
from tradex_core.views.product_view import apply_product, apply_stock
from tradex_core.views.user_view import apply_registered, apply_user, user_in

V = TypeVar("V")
E = TypeVar("E")


def project_product(event: ProductCreated | ProductUpdated, *, product_views: ProductViews) -> None:
    """Show a product's details as the catalogue last told them."""
    _project(event, product_views, event.product_id, apply_product)


def project_stock(event: StockUpdated, *, product_views: ProductViews) -> None:
    """Show a product's stock as the catalogue last told it."""
    _project(event, product_views, event.product_id, apply_stock)


def project_order_created(event: OrderCreated, *, order_views: OrderViews) -> None:
    """Show an order from now on."""
    _project(event, order_views, event.order_id, apply_created)


def project_order_updated(event: OrderUpdated, *, order_views: OrderViews) -> None:
    """Show a further step in an order's life."""
    _project(event, order_views, event.order_id, apply_updated)


def project_sellers(event: StockReserved | StockRejected, *, order_views: OrderViews) -> None:
    """Let the sellers of an order's products find it."""
    _project(event, order_views, event.order_id, apply_sellers)


def project_registration(event: UserRegistered, *, user_views: UserViews) -> None:
    """Show a user from now on."""
    _project(event, user_views, event.user_id, apply_registered)


def project_reply(
    reply: CommandReplied, *, operation_views: OperationViews, user_views: UserViews
) -> None:
    """Show a command's outcome, and the user whom it tells of."""
    _project(reply, operation_views, reply.operation_id, apply_reply)
    user = user_in(reply)
    if user is not None:
        _project(user, user_views, user.user_id, apply_user)


def _project(event: E, views: Views[V], key: str, apply: Callable[[V | None, E], V]) -> None:
    former = views.find(key)
    view = apply(former, event)
    if view is not former:
        views.put(view)
