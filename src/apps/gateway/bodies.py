"""The bodies that clients send: camelCase, every field bounded, unknown fields refused."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from tradex_core.events.fields import (
    Email,
    LongText,
    Name,
    ObjectIdHex,
    Price,
    Quantity,
    Secret,
    Sku,
    Stock,
    Url,
)
from tradex_core.events.order import OrderStatus
from tradex_core.events.stock import StockOperation
from tradex_core.events.user import Role

RefreshToken = Annotated[str, Meta(min_length=1, max_length=255)]


class Body(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a request's body is."""


class NoBody(Body, frozen=True):
    """Nothing, or an object without fields."""


class Registration(Body, frozen=True):
    """A new account; admins are made by an operator."""

    email: Email
    password: Secret
    name: Name
    role: Role = Role.BUYER


class Login(Body, frozen=True):
    """Who signs in."""

    email: Email
    password: Secret


class SessionToken(Body, frozen=True):
    """The refresh token of a session."""

    refresh_token: RefreshToken


class NewProduct(Body, frozen=True):
    """A product to put into the catalogue."""

    name: Name
    description: LongText
    sku: Sku
    price: Price
    stock: Stock
    category: Name
    image_url: Url | None = None


class ProductChanges(Body, frozen=True):
    """What to change of a product; what is left out stays."""

    name: Name | UnsetType = UNSET
    description: LongText | UnsetType = UNSET
    price: Price | UnsetType = UNSET
    category: Name | UnsetType = UNSET
    image_url: Url | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET


class StockAdjustment(Body, frozen=True):
    """How many to put into stock, or to take out of it."""

    operation: StockOperation
    quantity: Quantity


class OrderItem(Body, frozen=True):
    """So many of a product; `price` is what the client saw, and must still be right."""

    product_id: ObjectIdHex
    quantity: Quantity
    price: Price | None = None


class NewOrder(Body, frozen=True):
    """What to order."""

    items: Annotated[tuple[OrderItem, ...], Meta(min_length=1, max_length=100)]


class NextStatus(Body, frozen=True):
    """The status that an order is to have next."""

    status: OrderStatus
