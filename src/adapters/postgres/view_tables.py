"""How views lie in tables: the view itself as JSON, and beside it what lists are read by."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Raw

from adapters.postgres.binary import boolean, int8, timestamptz
from adapters.postgres.keys import ONE_OF_KEYS, json_array
from adapters.postgres.rows import ChangedRows, Columns, Insert, NewRows, Row, Statement
from tradex_core.events import codec
from tradex_core.views.folding import folded
from tradex_core.views.listing import ProductSort, order_key, product_key
from tradex_core.views.operation_view import OperationView
from tradex_core.views.order_view import OrderView
from tradex_core.views.ports import OPERATION_VIEWS, ORDER_VIEWS, PRODUCT_VIEWS, USER_VIEWS
from tradex_core.views.product_view import ProductView
from tradex_core.views.user_view import UserView

BETWEEN_TEXTS: Final = "\x1f"
"""The unit separator: it stands between the texts that are searched, and in no search."""

_NAME_LENGTH: Final = 200
"""How much of a name lists are sorted by: an entry of an index has room for no more than that."""

_BINARY: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "text": str.encode,
    "bool": boolean,
    "int8": int8,
    "timestamptz": timestamptz,
    "json": bytes,
}
_Values = dict[str, Any]


class ViewTable:
    """A table of views: its columns with their types, the key first, and what a view puts there."""

    def __init__(
        self, name: str, kind: type[Any], columns: Columns, values: Callable[[Any], _Values]
    ) -> None:
        self._kind = kind
        self._values = values
        self._binary = [(column, _BINARY[type_name]) for column, type_name in columns.items()]
        self._new = NewRows(name, *columns)
        self._changed = ChangedRows(name, columns)
        key = next(iter(columns))
        self._question = f'SELECT "{key}", view::text FROM {name} WHERE "{key}" {ONE_OF_KEYS}'  # noqa: S608

    def question(self, keys: Iterable[str]) -> Statement:
        """Return what asks for these."""
        return Statement(self._question, {"keys": json_array(keys)})

    def views(self, rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
        """Return the views of its answer by their ids, stubs too."""
        return {key: self.read(view) for key, view in rows}

    def writes(self, *, new: Iterable[Any], changed: Iterable[Any]) -> Iterator[Insert | Statement]:
        """Return what adds views and replaces others."""
        yield self._new.of(map(self._row, new))
        yield self._changed.of([self._values(view) for view in changed])

    def read(self, view: str) -> Any:  # noqa: ANN401 - each table its own kind
        """Return a view as it was written."""
        return codec.decode(view.encode(), self._kind)

    def _row(self, view: object) -> Row:
        values = self._values(view)
        return [
            None if values[column] is None else binary(values[column])
            for column, binary in self._binary
        ]


def name_key(folded_name: str) -> str:
    """Return what a name is sorted by."""
    return folded_name[:_NAME_LENGTH]


def _json(view: object) -> Raw:
    return Raw(codec.encode(view))


def _of_product(view: ProductView) -> _Values:
    name = folded(view.name)
    return {
        "productId": view.product_id,
        "isShown": view.is_shown,
        "isActive": view.is_active,
        "category": view.category,
        "sellerId": view.seller_id,
        "newest": product_key(view, ProductSort.NEWEST),
        "cents": product_key(view, ProductSort.CHEAPEST),
        "foldedName": name_key(name),
        "searched": BETWEEN_TEXTS.join((name, folded(view.sku), folded(view.description))),
        "view": _json(view),
    }


def _of_order(view: OrderView) -> _Values:
    return {
        "orderId": view.order_id,
        "isShown": view.is_shown,
        "userId": view.user_id,
        "status": view.status.value,
        "newest": order_key(view),
        "view": _json(view),
    }


def _of_user(view: UserView) -> _Values:
    return {"userId": view.user_id, "view": _json(view)}


def _of_operation(view: OperationView) -> _Values:
    return {
        "operationId": view.operation_id,
        "completedAt": view.completed_at,
        "view": _json(view),
    }


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
        _of_product,
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
        _of_order,
    ),
    USER_VIEWS: ViewTable(
        "user_view",
        UserView,
        {"userId": "text", "view": "json"},
        _of_user,
    ),
    OPERATION_VIEWS: ViewTable(
        "operation_view",
        OperationView,
        {"operationId": "text", "completedAt": "timestamptz", "view": "json"},
        _of_operation,
    ),
}
"""The table of each collection of views."""
