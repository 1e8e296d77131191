"""Products and movements as they stand in MongoDB; anybody may read them there with beanie.

Units of work read and write these collections without beanie, whose documents know one database in
a process, and one at a time.
"""

from datetime import datetime
from typing import Final

from beanie import DecimalAnnotation, Document
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pymongo import IndexModel

PRODUCTS_NAME: Final = "products"
MOVEMENTS_NAME: Final = "reservations"


class _Fields(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ProductFields(_Fields):
    """A product: up to `updated_at` as the original has it, who may have left out what may be.

    `initial_stock` is what the movements of its stock began with, and `commit` the last that wrote
    it.
    """

    name: str
    description: str = ""
    sku: str
    price: DecimalAnnotation
    stock: int = 0
    category: str = ""
    image_url: str | None = None
    is_active: bool = True
    created_at: datetime | None = None
    updated_at: datetime | None = None
    seller_id: str | None = None
    version: int = 1
    initial_stock: int | None = None
    commit: int | None = None


class LineFields(_Fields):
    """By how much a movement changes one product's stock."""

    product_id: str
    quantity: int


class MovementFields(_Fields):
    """A movement of stock, `at` its latest change."""

    kind: str
    lines: tuple[LineFields, ...]
    status: str
    at: datetime
    version: int
    commit: int


class ProductInMongo(ProductFields, Document):
    """The `products` collection, with the original's three indexes."""

    class Settings:
        """What beanie is to know of it."""

        name = PRODUCTS_NAME
        indexes = (
            IndexModel("sku", name="sku_1", unique=True),
            IndexModel("category", name="category_1"),
            IndexModel("isActive", name="isActive_1"),
        )


class MovementInMongo(MovementFields, Document):
    """The `reservations` collection: the ledger of stock, found by what it moves."""

    id: str  # type: ignore[assignment]  # the order's, or the message's that asked for it

    class Settings:
        """What beanie is to know of it."""

        name = MOVEMENTS_NAME
        indexes = (IndexModel("lines.productId", name="lines.productId_1"),)
