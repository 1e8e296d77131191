"""A product: what the catalogue shows of it, and how much of it is in stock."""

from datetime import datetime
from typing import Final, Self

import msgspec
from msgspec import UNSET
from msgspec.structs import asdict, replace

from tradex_core.aggregate import Aggregate
from tradex_core.events.product import (
    CreateProduct,
    ProductCreated,
    ProductDocument,
    ProductUpdated,
    UpdateProduct,
)
from tradex_core.events.stock import StockOperation, StockUpdated
from tradex_core.ids import OrderId, ProductId, UserId
from tradex_core.money import Money
from tradex_core.products.errors import InsufficientStock, StockLimitExceeded

MAX_STOCK: Final = 2**31 - 1


class ProductState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A product at one version, which grows by one with every change, its stock's too.

    Without a seller it is the admins' to change alone.
    """

    product_id: ProductId
    name: str
    description: str
    sku: str
    price: Money
    stock: int
    category: str
    image_url: str | None
    is_active: bool
    seller_id: UserId | None
    version: int
    created_at: datetime
    updated_at: datetime


class Product(Aggregate[ProductState]):
    """A product whose every change tells of itself.

    Its times never run back: what happens while the clock is behind happens at the time of the
    latest change.
    """

    @classmethod
    def create(
        cls,
        command: CreateProduct,
        *,
        product_id: ProductId,
        seller_id: UserId | None,
        at: datetime,
    ) -> Self:
        """Put a new product into the catalogue, active from the start."""
        state = ProductState(
            product_id=product_id,
            name=command.name,
            description=command.description,
            sku=command.sku,
            price=command.price,
            stock=command.stock,
            category=command.category,
            image_url=command.image_url,
            is_active=True,
            seller_id=seller_id,
            version=1,
            created_at=at,
            updated_at=at,
        )
        product = cls(state)
        product.change(state, ProductCreated(**asdict(state)))
        return product

    def update(self, command: UpdateProduct, *, at: datetime) -> None:
        """Change what the command names; where nothing differs, nothing happens."""
        wanted = asdict(command)
        del wanted["product_id"]
        named = {field: value for field, value in wanted.items() if value is not UNSET}
        if replace(self.state, **named) == self.state:
            return
        state = self._next(at, **named)
        self.change(state, ProductUpdated(**asdict(state)))

    def increase(self, quantity: int, *, at: datetime) -> None:
        """Put so many into stock; raises StockLimitExceeded beyond MAX_STOCK."""
        if self.state.stock + quantity > MAX_STOCK:
            msg = f"a stock holds {MAX_STOCK} at most, and there are {self.state.stock} in it"
            raise StockLimitExceeded(msg)
        self._move(StockOperation.INCREASE, quantity, at=at)

    def decrease(self, quantity: int, *, at: datetime, order_id: OrderId | None = None) -> None:
        """Take so many out of stock, maybe for an order; raises InsufficientStock below zero."""
        if quantity > self.state.stock:
            raise InsufficientStock.of(quantity, self.state.stock)
        self._move(StockOperation.DECREASE, quantity, at=at, order_id=order_id)

    def give_back(self, quantity: int, *, order_id: OrderId, at: datetime) -> None:
        """Put back what was held for an order.

        Never refused: what was adjusted meanwhile may thus take the stock beyond MAX_STOCK.
        """
        self._move(StockOperation.INCREASE, quantity, at=at, order_id=order_id)

    def document(self) -> ProductDocument:
        """Return the product as the catalogue shows it."""
        return ProductDocument(**asdict(self.state))

    def _move(
        self,
        operation: StockOperation,
        quantity: int,
        *,
        at: datetime,
        order_id: OrderId | None = None,
    ) -> None:
        delta = quantity if operation is StockOperation.INCREASE else -quantity
        state = self._next(at, stock=self.state.stock + delta)
        event = StockUpdated(
            product_id=state.product_id,
            quantity=quantity,
            operation=operation,
            updated_at=state.updated_at,
            stock=state.stock,
            version=state.version,
            order_id=order_id,
        )
        self.change(state, event)

    def _next(self, at: datetime, **changes: object) -> ProductState:
        at = max(at, self.state.updated_at)
        return replace(self.state, **changes, version=self.state.version + 1, updated_at=at)
