"""The SQL of lists of views: each page is read from one index, at whose place it begins."""

from collections.abc import Iterable
from functools import cache
from typing import Final

import sqlalchemy as sa

from tradex_core.views.listing import ProductSort

_PRODUCT_KEYS: Final = {
    ProductSort.NEWEST: "newest",
    ProductSort.CHEAPEST: "cents",
    ProductSort.DEAREST: "cents",
    ProductSort.NAME: '"foldedName"',
}
_PRODUCTS_BY: Final = {
    "category": "category = :category",
    "seller": '"sellerId" = :seller',
    "text": "searched LIKE :text",
}
# How rare a text is decides between the index of texts and that of the list: the planner has to
# see it, so it stands in the statement as a literal.
_TEXT: Final = sa.bindparam("text", type_=sa.Text, literal_execute=True)
_ORDERS_BY: Final = {"status": "status = :status", "buyer": '"userId" = :buyer'}


def containing(text: str) -> str:
    """Return the pattern of whatever contains a text, in which no character is a wildcard."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


@cache
def product_page(
    filters: frozenset[str], sort: ProductSort, *, inactive: bool, behind: bool
) -> sa.TextClause:
    """Return what reads :limit products by these filters, `behind` a position or from the start.

    Active and inactive products are lists of their own: where both are asked for, a page of each is
    read and the two are merged, so that neither hides in the other.

    A text is looked up in its index or met on the way through the list, whichever reads less; one
    of less than three characters, and any where that index could not be made, row by row.
    """
    key, descending = _PRODUCT_KEYS[sort], sort.descending
    named = [condition for name, condition in _PRODUCTS_BY.items() if name in filters]
    if behind:
        named.append(_behind(key, '"productId"', descending=descending))
    order = _order("key", "id", descending=descending)
    active, other = (
        f'SELECT {key} AS key, "productId" AS id, view FROM product_view'  # noqa: S608 - constants
        f' WHERE "isShown" AND {" AND ".join((of, *named))} {order}'
        for of in ('"isActive"', 'NOT "isActive"')
    )
    rows = f"({active}) UNION ALL ({other})" if inactive else active
    page = sa.text(f"SELECT CAST(view AS text) FROM ({rows}) AS page {order}")  # noqa: S608
    return page.bindparams(_TEXT) if "text" in filters else page


@cache
def order_page(filters: frozenset[str], *, behind: bool) -> sa.TextClause:
    """Return what reads :limit orders by these filters, `behind` a position or from the start.

    Those of a seller are read in the order of a table that knows the sellers of each order; where
    a buyer is asked for as well, others' orders are passed over on the way.
    """
    if "seller" not in filters:
        named = [condition for name, condition in _ORDERS_BY.items() if name in filters]
        return _order_page("order_view", ['"isShown"', *named], '"orderId"', behind=behind)
    named = ['"sellerId" = :seller']
    if "status" in filters:
        named.append("of_seller.status = :status")
    if "buyer" in filters:
        named.append('"userId" = :buyer')
    tables = 'order_view_sellers AS of_seller JOIN order_view USING ("orderId")'
    return _order_page(tables, named, 'of_seller."orderId"', "of_seller.newest", behind=behind)


def _order_page(
    tables: str, conditions: Iterable[str], row_id: str, key: str = "newest", *, behind: bool
) -> sa.TextClause:
    place = [_behind(key, row_id, descending=True)] if behind else []
    return sa.text(
        f"SELECT CAST(view AS text) FROM {tables}"  # noqa: S608 - made of constants
        f" WHERE {' AND '.join((*conditions, *place))} {_order(key, row_id, descending=True)}"
    )


def _behind(key: str, row_id: str, *, descending: bool) -> str:
    return f"({key}, {row_id}) {'<' if descending else '>'} (:after_key, :after_id)"


def _order(key: str, row_id: str, *, descending: bool) -> str:
    way = " DESC" if descending else ""
    return f"ORDER BY {key}{way}, {row_id}{way} LIMIT :limit"
