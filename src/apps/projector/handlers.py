"""Which projection takes which event."""

from collections.abc import Callable
from typing import Any, Protocol

from tradex_core.events.fields import Event
from tradex_core.events.order import OrderCreated, OrderUpdated
from tradex_core.events.product import ProductCreated, ProductUpdated
from tradex_core.events.reply import CommandReplied
from tradex_core.events.stock import StockRejected, StockReserved, StockUpdated
from tradex_core.events.user import UserRegistered
from tradex_core.messaging.routes import Context, Handler, Routes
from tradex_core.messaging.unit_of_work import UnitOfWork
from tradex_core.views import project
from tradex_core.views.needs import (
    needs_of_order_view,
    needs_of_product_view,
    needs_of_reply,
    needs_of_user_view,
)
from tradex_core.views.ports import OperationViews, OrderViews, ProductViews, UserViews


class ViewsUnit(UnitOfWork, Protocol):
    """A unit of work on the gateway's database of views."""

    @property
    def product_views(self) -> ProductViews:
        """The product views that were loaded."""
        ...

    @property
    def order_views(self) -> OrderViews:
        """The order views that were loaded."""
        ...

    @property
    def user_views(self) -> UserViews:
        """The user views that were loaded."""
        ...

    @property
    def operation_views(self) -> OperationViews:
        """The operation views that were loaded."""
        ...


_Handle = Callable[[ViewsUnit, Any, Context], None]


def projector_routes() -> Routes[ViewsUnit]:
    """Return everything that the views are built from."""
    return Routes(
        events={
            ProductCreated: _about_a_product(ProductCreated, _product),
            ProductUpdated: _about_a_product(ProductUpdated, _product),
            StockUpdated: _about_a_product(StockUpdated, _stock),
            OrderCreated: _about_an_order(OrderCreated, _order_created),
            OrderUpdated: _about_an_order(OrderUpdated, _order_updated),
            StockReserved: _about_an_order(StockReserved, _sellers),
            StockRejected: _about_an_order(StockRejected, _sellers),
            UserRegistered: Handler(
                payload=UserRegistered,
                needs=lambda event, _: needs_of_user_view(event.user_id),
                handle=_registration,
            ),
            CommandReplied: Handler(
                payload=CommandReplied,
                needs=lambda reply, _: needs_of_reply(reply),
                handle=_reply,
            ),
        }
    )


def _about_a_product(payload: type[Event], handle: _Handle) -> Handler[ViewsUnit]:
    return Handler(
        payload=payload,
        needs=lambda event, _: needs_of_product_view(event.product_id),
        handle=handle,
    )


def _about_an_order(payload: type[Event], handle: _Handle) -> Handler[ViewsUnit]:
    return Handler(
        payload=payload,
        needs=lambda event, _: needs_of_order_view(event.order_id),
        handle=handle,
    )


def _product(unit: ViewsUnit, event: ProductCreated | ProductUpdated, _: Context) -> None:
    project.project_product(event, product_views=unit.product_views)


def _stock(unit: ViewsUnit, event: StockUpdated, _: Context) -> None:
    project.project_stock(event, product_views=unit.product_views)


def _order_created(unit: ViewsUnit, event: OrderCreated, _: Context) -> None:
    project.project_order_created(event, order_views=unit.order_views)


def _order_updated(unit: ViewsUnit, event: OrderUpdated, _: Context) -> None:
    project.project_order_updated(event, order_views=unit.order_views)


def _sellers(unit: ViewsUnit, event: StockReserved | StockRejected, _: Context) -> None:
    project.project_sellers(event, order_views=unit.order_views)


def _registration(unit: ViewsUnit, event: UserRegistered, _: Context) -> None:
    project.project_registration(event, user_views=unit.user_views)


def _reply(unit: ViewsUnit, reply: CommandReplied, _: Context) -> None:
    project.project_reply(reply, operation_views=unit.operation_views, user_views=unit.user_views)
