"""How views lie in tables: the view itself as JSON, and beside it what lists are read by."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.rows import Columns, driver, unnested
from tradex_core.events import codec
from tradex_core.views.folding import folded
from tradex_core.views.listing import ProductSort, order_key, product_key
from tradex_core.views.operation_view import OperationView
from tradex_core.views.order_view import OrderView
from tradex_core.views.ports import OPERATION_VIEWS, ORDER_VIEWS, PRODUCT_VIEWS, USER_VIEWS
from tradex_core.views.product_view import ProductView
from tradex_core.views.user_view import UserView

_TEXTS: Final = "\n"
"""Stands between the texts that are searched, and in no search: a query has no line break."""


@dataclass(frozen=True)
class ViewTable:
    """A table of views: its key, its columns with their types, and what a view puts in them."""

    name: str
    kind: type[Any]
    columns: Columns
    row: Callable[[Any], tuple[Any, ...]]

    @property
    def key(self) -> str:
        """The column of the views' ids."""
        return next(iter(self.columns))

    async def load(self, connection: AsyncConnection, keys: Sequence[str]) -> dict[str, Any]:
        """Return the views that are there, stubs too, by their ids."""
        statement = sql.SQL("SELECT {}, view::text FROM {} WHERE {} = ANY(%s)").format(
            sql.Identifier(self.key), sql.Identifier(self.name), sql.Identifier(self.key)
        )
        async with (await driver(connection)).cursor() as cursor:
            await cursor.execute(statement, [list(keys)])
            return {key: self.read(view) async for key, view in cursor}

    async def put(self, connection: AsyncConnection, views: Iterable[Any]) -> None:
        """Replace views, or add new ones."""
        rows = [self.row(view) for view in views]
        if not rows:
            return
        others = [name for name in self.columns if name != self.key]
        statement = sql.SQL(
            "INSERT INTO {table} ({columns}) SELECT * FROM {new}"
            " ON CONFLICT ({key}) DO UPDATE SET {set}"
        ).format(
            table=sql.Identifier(self.name),
            columns=sql.SQL(", ").join(map(sql.Identifier, self.columns)),
            new=unnested(self.columns),
            key=sql.Identifier(self.key),
            set=sql.SQL(", ").join(
                sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in others
            ),
        )
        async with (await driver(connection)).cursor() as cursor:
            await cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])

    def read(self, view: str) -> Any:  # noqa: ANN401 - each table its own kind
        """Return a view as it was put."""
        return codec.decode(view.encode(), self.kind)


def _json(view: object) -> str:
    return codec.encode(view).decode()


def _product_row(view: ProductView) -> tuple[Any, ...]:
    return (
        view.product_id,
        view.is_shown,
        view.is_active,
        view.category,
        view.seller_id,
        product_key(view, ProductSort.NEWEST),
        product_key(view, ProductSort.CHEAPEST),
        product_key(view, ProductSort.NAME),
        _TEXTS.join(map(folded, (view.name, view.sku, view.description))),
        _json(view),
    )


def _order_row(view: OrderView) -> tuple[Any, ...]:
    return (
        view.order_id,
        view.is_shown,
        view.user_id,
        view.status.value,
        order_key(view),
        _json(view),
    )


TABLES: Final[Mapping[str, ViewTable]] = {
    PRODUCT_VIEWS: ViewTable(
        "product_view",
        ProductView,
        {
            "productId": "text",
            "isShown": "bool",
            "isActive": "bool",
            "category": "text",
            "sellerId": "text",
            "newest": "int8",
            "cents": "int8",
            "foldedName": "text",
            "searched": "text",
            "view": "json",
        },
        _product_row,
    ),
    ORDER_VIEWS: ViewTable(
        "order_view",
        OrderView,
        {
            "orderId": "text",
            "isShown": "bool",
            "userId": "text",
            "status": "text",
            "newest": "int8",
            "view": "json",
        },
        _order_row,
    ),
    USER_VIEWS: ViewTable(
        "user_view",
        UserView,
        {"userId": "text", "view": "json"},
        lambda view: (view.user_id, _json(view)),
    ),
    OPERATION_VIEWS: ViewTable(
        "operation_view",
        OperationView,
        {"operationId": "text", "view": "json"},
        lambda view: (view.operation_id, _json(view)),
    ),
}
"""The table of each collection of views."""

_PUT_SELLERS: Final = """
INSERT INTO order_view_sellers ("sellerId", "orderId", status, newest)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::int8[])
ON CONFLICT ("sellerId", "orderId")
DO UPDATE SET status = excluded.status, newest = excluded.newest
"""


async def put_sellers(connection: AsyncConnection, orders: Iterable[OrderView]) -> None:
    """Let sellers find orders with their products; whoever is a seller of one stays it."""
    rows = [
        (seller, order.order_id, order.status.value, order_key(order))
        for order in orders
        if order.is_shown
        for seller in order.sellers
    ]
    if rows:
        async with (await driver(connection)).cursor() as cursor:
            await cursor.execute(_PUT_SELLERS, [list(each) for each in zip(*rows, strict=True)])
