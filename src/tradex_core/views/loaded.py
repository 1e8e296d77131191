"""The views that a unit of work has loaded, as projections find and put them."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from tradex_core.messaging.unit_of_work import Need
from tradex_core.views.operation_view import OperationView
from tradex_core.views.order_view import OrderView
from tradex_core.views.ports import OPERATION_VIEWS, ORDER_VIEWS, PRODUCT_VIEWS, USER_VIEWS
from tradex_core.views.product_view import ProductView
from tradex_core.views.user_view import UserView

V = TypeVar("V", ProductView, OrderView, UserView, OperationView)


class LoadedViews:
    """What a unit has read of its views (None: nothing), and what is to be written."""

    def __init__(self) -> None:
        self.read: dict[Need, Any] = {}
        self.put: dict[Need, Any] = {}
        self.products = ViewSet[ProductView](self, PRODUCT_VIEWS, lambda v: v.product_id)
        self.orders = ViewSet[OrderView](self, ORDER_VIEWS, lambda v: v.order_id)
        self.users = ViewSet[UserView](self, USER_VIEWS, lambda v: v.user_id)
        self.operations = ViewSet[OperationView](self, OPERATION_VIEWS, lambda v: v.operation_id)


class ViewSet(Generic[V]):
    """The views of one kind that a unit of work has loaded."""

    def __init__(self, views: LoadedViews, collection: str, id_of: Callable[[V], str]) -> None:
        self._views = views
        self._collection = collection
        self._id_of: Callable[[V], str] = id_of

    def find(self, view_id: str) -> V | None:
        """Return a view as it was loaded or last put; None where there is none.

        Raises LookupError where it was not loaded: a bug in the handler's needs.
        """
        need = self._collection, view_id
        found: V | None = self._views.put.get(need) or self._views.read[need]
        return found

    def put(self, view: V) -> None:
        """Replace a view, or add a new one."""
        self._views.put[self._collection, self._id_of(view)] = view
