"""How views are listed: what is asked for, in which order, and where a page ends.

Every list is a keyset: its rows are in the order of (sort key, id), ascending or descending as a
whole, and a page goes on behind the position at which the one before ended.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Generic, TypeVar

from msgspec import Struct

from tradex_core.clock import from_epoch_ms
from tradex_core.events.order import OrderStatus
from tradex_core.views.folding import folded
from tradex_core.views.order_view import OrderView
from tradex_core.views.product_view import ProductView

V = TypeVar("V")

MAX_LIMIT: Final = 100
_EPOCH: Final = from_epoch_ms(0)
_MICROSECOND: Final = timedelta(microseconds=1)


class ProductSort(StrEnum):
    """In which order products are listed; ties go by id, the same way."""

    NEWEST = "newest"
    CHEAPEST = "price"
    DEAREST = "-price"
    NAME = "name"

    @property
    def descending(self) -> bool:
        """Whether higher keys, and among equal ones higher ids, come first."""
        return self in (ProductSort.NEWEST, ProductSort.DEAREST)


class ProductFilter(Struct, frozen=True, kw_only=True):
    """Which products to list; those that are not active are left out unless asked for.

    `text` stands in the name, the sku or the description, whatever the case and the accents.
    """

    category: str | None = None
    text: str | None = None
    seller: str | None = None
    include_inactive: bool = False

    def predicate(self) -> Callable[[ProductView], bool]:
        """Return the test of whether a product is asked for."""
        text = folded(self.text or "")

        def accepted(view: ProductView) -> bool:
            return (
                (self.include_inactive or view.is_active)
                and self.category in (None, view.category)
                and self.seller in (None, view.seller_id)
                and (not text or any(text in folded(part) for part in _searched(view)))
            )

        return accepted


def _searched(view: ProductView) -> tuple[str, ...]:
    return view.name, view.sku, view.description


class OrderFilter(Struct, frozen=True, kw_only=True):
    """Which orders to list; `seller` is one of those whose products were ordered."""

    status: OrderStatus | None = None
    buyer: str | None = None
    seller: str | None = None

    def predicate(self) -> Callable[[OrderView], bool]:
        """Return the test of whether an order is asked for."""

        def accepted(view: OrderView) -> bool:
            return (
                self.status in (None, view.status)
                and self.buyer in (None, view.user_id)
                and (self.seller is None or self.seller in view.sellers)
            )

        return accepted


class Position(Struct, frozen=True, gc=False):
    """Where a page ended: the sort key of its last row, and that row's id."""

    key: int | str
    id: str


class Page(Struct, Generic[V], frozen=True):
    """Some rows of a list; `next` is where to go on, None where nothing follows."""

    items: tuple[V, ...]
    next: Position | None


def product_key(view: ProductView, sort: ProductSort) -> int | str:
    """Return a product's sort key: microseconds since 1970, cents, or its name without case."""
    match sort:
        case ProductSort.NEWEST:
            return _microseconds(view.created_at)
        case ProductSort.CHEAPEST | ProductSort.DEAREST:
            return view.price.cents
        case ProductSort.NAME:
            return folded(view.name)


def order_key(view: OrderView) -> int:
    """Return an order's sort key: microseconds since 1970; orders are listed newest first."""
    return _microseconds(view.created_at)


def checked_limit(limit: int) -> int:
    """Return a page's limit; raises ValueError where it is not from 1 to MAX_LIMIT."""
    if not 1 <= limit <= MAX_LIMIT:
        msg = f"a page has 1 to {MAX_LIMIT} rows, not {limit}"
        raise ValueError(msg)
    return limit


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
