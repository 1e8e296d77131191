"""A product as the gateway shows it, whatever the order in which its events arrive."""

from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tradex_core.clock import from_epoch_ms
from tradex_core.events.product import ProductDocument
from tradex_core.events.stock import StockUpdated
from tradex_core.money import Money

_UNKNOWN_TIME: Final = from_epoch_ms(0)
_UNKNOWN_PRICE: Final = Money(0)


class ProductView(Struct, frozen=True, kw_only=True, gc=False):
    """A product's details at `details_version`, and its stock at `version`, the highest seen.

    The catalogue counts versions from 1. While `details_version` is 0 the view is a stub: only
    its stock is known, and nobody is shown it.
    """

    product_id: str
    name: str = ""
    description: str = ""
    sku: str = ""
    price: Money = _UNKNOWN_PRICE
    stock: int = 0
    category: str = ""
    image_url: str | None = None
    is_active: bool = False
    seller_id: str | None = None
    version: int = 0
    created_at: datetime = _UNKNOWN_TIME
    updated_at: datetime = _UNKNOWN_TIME
    details_version: int = 0

    @property
    def is_shown(self) -> bool:
        """Whether the details are known."""
        return self.details_version > 0

    def document(self) -> ProductDocument:
        """Return the product as clients are shown it."""
        return ProductDocument(
            product_id=self.product_id,
            name=self.name,
            description=self.description,
            sku=self.sku,
            price=self.price,
            stock=self.stock,
            category=self.category,
            image_url=self.image_url,
            is_active=self.is_active,
            seller_id=self.seller_id,
            version=self.version,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


def apply_product(view: ProductView | None, event: ProductDocument) -> ProductView:
    """Take the details of a product.created or product.updated unless later ones are known.

    Returns the very same view where the event tells nothing new.
    """
    known = view or ProductView(product_id=event.product_id)
    if event.version > known.details_version:
        known = replace(
            known,
            name=event.name,
            description=event.description,
            sku=event.sku,
            price=event.price,
            category=event.category,
            image_url=event.image_url,
            is_active=event.is_active,
            seller_id=event.seller_id,
            created_at=event.created_at,
            details_version=event.version,
        )
    return _with_stock(known, event.stock, version=event.version, at=event.updated_at)


def apply_stock(view: ProductView | None, event: StockUpdated) -> ProductView:
    """Take what a stock.updated says is left unless something later is known.

    Returns the very same view where the event tells nothing new, and a stub where there was none.
    """
    known = view or ProductView(product_id=event.product_id)
    return _with_stock(known, event.stock, version=event.version, at=event.updated_at)


def _with_stock(view: ProductView, stock: int, *, version: int, at: datetime) -> ProductView:
    if version <= view.version:
        return view
    return replace(view, stock=stock, version=version, updated_at=at)
