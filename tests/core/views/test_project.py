"""Projections: an event changes the view that it is about, where it tells something new."""

from typing import Generic, TypeVar

from tests.builders.views import (
    BUYER_ID,
    OPERATION_ID,
    ORDER_ID,
    PRODUCT_ID,
    SELLER_ID,
    a_reply,
    a_user_document,
    kept_under,
    order_created,
    order_updated,
    product_created,
    product_updated,
    stock_rejected,
    stock_reserved,
    stock_updated,
    user_registered,
)

from tradex_core.events.order import OrderStatus
from tradex_core.views.operation_view import OperationView
from tradex_core.views.order_view import OrderView
from tradex_core.views.ports import View, Views
from tradex_core.views.product_view import ProductView
from tradex_core.views.project import (
    project_order_created,
    project_order_updated,
    project_product,
    project_registration,
    project_reply,
    project_sellers,
    project_stock,
)
from tradex_core.views.user_view import UserView

V = TypeVar("V", bound=View)


class ViewsInDict(Views[V], Generic[V]):
    """The views of one unit of work, and how often one was put."""

    def __init__(self) -> None:
        self.by_key: dict[str, V] = {}
        self.puts = 0

    def find(self, key: str, /) -> V | None:
        return self.by_key.get(key)

    def put(self, view: V, /) -> None:
        _, key = kept_under(view)
        self.by_key[key] = view
        self.puts += 1


def test_a_product_s_events_build_its_view() -> None:
    views = ViewsInDict[ProductView]()
    project_product(product_created(), product_views=views)
    project_product(product_updated(2, name="Chang"), product_views=views)
    project_stock(stock_updated(3, stock=4), product_views=views)

    view = views.by_key[PRODUCT_ID]
    assert ("Chang", 4, 3) == (view.name, view.stock, view.version)


def test_an_order_s_events_build_its_view() -> None:
    views = ViewsInDict[OrderView]()
    project_order_created(order_created(), order_views=views)
    project_sellers(stock_reserved(SELLER_ID), order_views=views)
    project_order_updated(order_updated(OrderStatus.CONFIRMED), order_views=views)

    view = views.by_key[ORDER_ID]
    assert (BUYER_ID, (SELLER_ID,), OrderStatus.CONFIRMED) == (
        view.user_id,
        view.sellers,
        view.status,
    )


def test_a_rejected_order_is_its_sellers_to_see_too() -> None:
    views = ViewsInDict[OrderView]()
    project_sellers(stock_rejected(SELLER_ID), order_views=views)

    assert (SELLER_ID,) == views.by_key[ORDER_ID].sellers


def test_a_registration_and_a_reply_build_a_user_s_view() -> None:
    users, operations = ViewsInDict[UserView](), ViewsInDict[OperationView]()
    project_registration(user_registered(), user_views=users)
    reply = a_reply("REGISTER_USER", result=a_user_document(), subject=BUYER_ID)
    project_reply(reply, operation_views=operations, user_views=users)

    assert "Ana Trujillo" == users.by_key[BUYER_ID].name
    assert BUYER_ID == operations.by_key[OPERATION_ID].subject


def test_a_reply_that_tells_of_nobody_changes_no_user() -> None:
    users, operations = ViewsInDict[UserView](), ViewsInDict[OperationView]()
    project_reply(a_reply("CREATE_ORDER"), operation_views=operations, user_views=users)

    assert {} == users.by_key
    assert 1 == operations.puts


def test_what_comes_twice_is_put_once() -> None:
    products, orders = ViewsInDict[ProductView](), ViewsInDict[OrderView]()
    users, operations = ViewsInDict[UserView](), ViewsInDict[OperationView]()
    for _ in range(2):
        project_product(product_created(), product_views=products)
        project_order_created(order_created(), order_views=orders)
        project_registration(user_registered(), user_views=users)
        project_reply(a_reply(), operation_views=operations, user_views=users)

    assert [1, 1, 1, 1] == [views.puts for views in (products, orders, users, operations)]
