"""What is said of orders: commands, the events of their life, and the order as it is shown."""

from enum import StrEnum
from typing import Annotated, ClassVar

from msgspec import Meta

from tradex_core.events import topics
from tradex_core.events.fields import Command, Event, Id, Instant, Price, Quantity, Uuid, Wire


class OrderStatus(StrEnum):
    """Where an order is in its life."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    PROCESSING = "processing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"

    @property
    def rank(self) -> int:
        """Its place on the way: every lawful step leads to a higher one."""
        return _RANKS[self]


_RANKS = {status: rank for rank, status in enumerate(OrderStatus, start=1)}


class OrderLine(Wire, frozen=True):
    """So many of a product at the price that the buyer saw."""

    product_id: Id
    quantity: Quantity
    price: Price


OrderLines = Annotated[tuple[OrderLine, ...], Meta(min_length=1, max_length=100)]


class CreateOrder(Command, frozen=True):
    """Order products."""

    command: ClassVar[str] = "CREATE_ORDER"
    topic: ClassVar[str] = topics.ORDER_COMMANDS
    original: ClassVar[bool] = True

    user_id: Id
    items: OrderLines
    order_id: Uuid | None = None

    @property
    def key(self) -> str:
        return self.order_id or self.user_id

    @property
    def subject(self) -> str | None:
        return self.order_id


class CancelOrder(Command, frozen=True):
    """Give an order up; what it holds goes back into stock."""

    command: ClassVar[str] = "CANCEL_ORDER"
    topic: ClassVar[str] = topics.ORDER_COMMANDS

    order_id: Uuid

    @property
    def key(self) -> str:
        return self.order_id

    @property
    def subject(self) -> str | None:
        return self.order_id


class AdvanceOrder(Command, frozen=True):
    """Take an order one step further on its way to the buyer."""

    command: ClassVar[str] = "ADVANCE_ORDER"
    topic: ClassVar[str] = topics.ORDER_COMMANDS

    order_id: Uuid
    status: OrderStatus

    @property
    def key(self) -> str:
        return self.order_id

    @property
    def subject(self) -> str | None:
        return self.order_id


class OrderCreated(Event, frozen=True):
    """An order was placed and waits for its stock."""

    topic: ClassVar[str] = topics.ORDER_CREATED

    order_id: str
    user_id: str
    items: tuple[OrderLine, ...]
    total_amount: Price
    status: OrderStatus
    created_at: Instant

    @property
    def key(self) -> str:
        return self.order_id


class OrderUpdated(Event, frozen=True, omit_defaults=True):
    """An order's status changed."""

    topic: ClassVar[str] = topics.ORDER_UPDATED

    order_id: str
    status: OrderStatus
    updated_at: Instant
    reason: str | None = None

    @property
    def key(self) -> str:
        return self.order_id


class OrderDocument(Wire, frozen=True):
    """An order as it is shown; `reason` says why it was cancelled."""

    order_id: str
    user_id: str
    items: tuple[OrderLine, ...]
    total_amount: Price
    status: OrderStatus
    reason: str | None
    created_at: Instant
    updated_at: Instant
