"""What is said of stock: it moved, it was reserved for an order, or it could not be."""

from enum import StrEnum
from typing import ClassVar

from tradex_core.events import topics
from tradex_core.events.fields import Event, Instant, Price, Wire


class StockOperation(StrEnum):
    """Which way stock moves."""

    INCREASE = "increase"
    DECREASE = "decrease"


class RejectionReason(StrEnum):
    """Why the catalogue reserved nothing for an order."""

    INSUFFICIENT_STOCK = "insufficient_stock"
    UNKNOWN_PRODUCT = "unknown_product"
    INACTIVE_PRODUCT = "inactive_product"
    PRICE_CHANGED = "price_changed"


class StockUpdated(Event, frozen=True, omit_defaults=True):
    """Stock of one product moved; `stock` is what is left, at the product's `version`."""

    topic: ClassVar[str] = topics.STOCK_UPDATED

    product_id: str
    quantity: int
    operation: StockOperation
    updated_at: Instant
    stock: int
    version: int
    order_id: str | None = None

    @property
    def key(self) -> str:
        return self.product_id


class StockReserved(Event, frozen=True, omit_defaults=True):
    """All lines of an order are held; `sellers` are those of its products."""

    topic: ClassVar[str] = topics.STOCK_RESERVED

    order_id: str
    reserved_at: Instant
    sellers: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.order_id


class RejectedLine(Wire, frozen=True):
    """What was asked of a product, what there is, and its price now (null: no such product)."""

    product_id: str
    requested: int
    available: int
    price: Price | None


class StockRejected(Event, frozen=True, omit_defaults=True):
    """Nothing was held for an order; `items` are the lines that could not be."""

    topic: ClassVar[str] = topics.STOCK_REJECTED

    order_id: str
    reason: RejectionReason
    items: tuple[RejectedLine, ...]
    rejected_at: Instant
    sellers: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.order_id
