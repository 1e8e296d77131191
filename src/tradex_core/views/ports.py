"""What views need of a store: to be changed in a unit of work, and to be asked for."""

from collections.abc import Collection, Mapping
from typing import Final, Protocol, TypeVar

from tradex_core.views.listing import OrderFilter, Page, Position, ProductFilter, ProductSort
from tradex_core.views.operation_view import OperationView
from tradex_core.views.order_view import OrderView
from tradex_core.views.product_view import ProductView
from tradex_core.views.user_view import UserView

PRODUCT_VIEWS: Final = "product_views"
"""The collection of product views, keyed by product id."""

ORDER_VIEWS: Final = "order_views"
"""The collection of order views, keyed by order id."""

USER_VIEWS: Final = "user_views"
"""The collection of user views, keyed by user id."""

OPERATION_VIEWS: Final = "operation_views"
"""The collection of operation views, keyed by operation id."""

View = ProductView | OrderView | UserView | OperationView

V = TypeVar("V")


class Views(Protocol[V]):
    """The views that a unit of work has loaded, stubs too; what is put is saved with it."""

    def find(self, key: str, /) -> V | None:
        """Return a view as it was loaded or last put; None where there is none."""
        ...

    def put(self, view: V, /) -> None:
        """Replace a view, or add a new one."""
        ...


ProductViews = Views[ProductView]
OrderViews = Views[OrderView]
UserViews = Views[UserView]
OperationViews = Views[OperationView]


class ViewQueries(Protocol):
    """What the gateway asks of its views: committed ones only, and never a stub.

    Every method may raise Outage. A page has at most `limit` rows, 1 to MAX_LIMIT, and costs the
    same wherever in the list it lies. Following `next`, whoever reads meets each row that was there
    from the start exactly once, whatever is added meanwhile.
    """

    async def product(self, product_id: str) -> ProductView | None:
        """Return a product, also one that is not active; None where none is shown."""
        ...

    async def products_by_id(self, product_ids: Collection[str]) -> Mapping[str, ProductView]:
        """Return those of these products that are shown, active or not, by their ids."""
        ...

    async def order(self, order_id: str) -> OrderView | None:
        """Return an order; None where none is shown."""
        ...

    async def user(self, user_id: str) -> UserView | None:
        """Return a user, or None."""
        ...

    async def operation(self, operation_id: str) -> OperationView | None:
        """Return the outcome of a command; None where it is not known, or not yet."""
        ...

    async def products(
        self,
        where: ProductFilter,
        *,
        after: Position | None,
        limit: int,
        sort: ProductSort = ProductSort.NEWEST,
    ) -> Page[ProductView]:
        """Return the products asked for, behind a position of the same sort or from the start."""
        ...

    async def orders(
        self, where: OrderFilter, *, after: Position | None, limit: int
    ) -> Page[OrderView]:
        """Return the orders asked for, newest first, behind a position or from the start."""
        ...
