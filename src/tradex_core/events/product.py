"""What is said of products: commands to the catalogue, and the product as it shows it."""

from typing import ClassVar

from msgspec import UNSET, UnsetType

from tradex_core.events import topics
from tradex_core.events.fields import (
    Command,
    Event,
    Id,
    Instant,
    LongText,
    Name,
    ObjectIdHex,
    Price,
    Quantity,
    Sku,
    Stock,
    Url,
    Wire,
)
from tradex_core.events.stock import StockOperation


class CreateProduct(Command, frozen=True):
    """Put a product into the catalogue."""

    command: ClassVar[str] = "CREATE_PRODUCT"
    topic: ClassVar[str] = topics.CATALOG_COMMANDS
    original: ClassVar[bool] = True

    name: Name
    description: LongText
    sku: Sku
    price: Price
    stock: Stock
    category: Name
    image_url: Url | None = None
    product_id: ObjectIdHex | None = None
    seller_id: Id | None = None

    @property
    def key(self) -> str:
        return self.sku

    @property
    def subject(self) -> str | None:
        return self.product_id


class UpdateProduct(Command, frozen=True):
    """Change what the catalogue shows of a product; what is not named stays."""

    command: ClassVar[str] = "UPDATE_PRODUCT"
    topic: ClassVar[str] = topics.CATALOG_COMMANDS

    product_id: ObjectIdHex
    name: Name | UnsetType = UNSET
    description: LongText | UnsetType = UNSET
    price: Price | UnsetType = UNSET
    category: Name | UnsetType = UNSET
    image_url: Url | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET

    @property
    def key(self) -> str:
        return self.product_id

    @property
    def subject(self) -> str | None:
        return self.product_id


class AdjustStock(Command, frozen=True):
    """Raise or lower what is in stock of a product."""

    command: ClassVar[str] = "ADJUST_STOCK"
    topic: ClassVar[str] = topics.CATALOG_COMMANDS

    product_id: ObjectIdHex
    operation: StockOperation
    quantity: Quantity

    @property
    def key(self) -> str:
        return self.product_id

    @property
    def subject(self) -> str | None:
        return self.product_id


class GetProduct(Command, frozen=True):
    """Ask for a product by its id or its sku; for clients on Kafka."""

    command: ClassVar[str] = "GET_PRODUCT"
    topic: ClassVar[str] = topics.CATALOG_COMMANDS
    original: ClassVar[bool] = True

    product_id: ObjectIdHex | None = None
    sku: Sku | None = None

    @property
    def key(self) -> str:
        return self.product_id or self.sku or ""

    @property
    def subject(self) -> str | None:
        return self.product_id


class ProductDocument(Wire, frozen=True):
    """A product as the catalogue shows it; `version` grows with every change, its stock's too."""

    product_id: str
    name: str
    description: str
    sku: str
    price: Price
    stock: int
    category: str
    image_url: str | None
    is_active: bool
    seller_id: str | None
    version: int
    created_at: Instant
    updated_at: Instant


class ProductCreated(ProductDocument, Event, frozen=True):
    """A product was put into the catalogue: the whole of it."""

    topic: ClassVar[str] = topics.PRODUCT_CREATED

    @property
    def key(self) -> str:
        return self.product_id


class ProductUpdated(ProductDocument, Event, frozen=True):
    """What the catalogue shows of a product changed: the whole of it."""

    topic: ClassVar[str] = topics.PRODUCT_UPDATED

    @property
    def key(self) -> str:
        return self.product_id
