"""What is refused of orders, and the one fault that their history can have."""

from typing import Self

from tradex_core.errors import Kind, Refusal, TradexError
from tradex_core.events.order import OrderStatus
from tradex_core.ids import OrderId


class OrderNotFound(Refusal):
    """There is no such order, or it is somebody else's: the answer does not tell which."""

    kind = Kind.NOT_FOUND
    slug = "order_not_found"
    title = "There is no such order"

    @classmethod
    def of(cls, order_id: OrderId) -> Self:
        """Refuse to show this order."""
        return cls(f"there is no order {order_id} that you may see")


class OrderExists(Refusal):
    """The order's id is taken."""

    kind = Kind.CONFLICT
    slug = "order_exists"
    title = "The order exists already"

    @classmethod
    def of(cls, order_id: OrderId) -> Self:
        """Refuse to place this order again."""
        return cls(f"there is an order {order_id} already; place a new one under another id")


class IllegalTransition(Refusal):
    """The order's life does not lead from where it is to what was asked for."""

    kind = Kind.CONFLICT
    slug = "illegal_transition"
    title = "The order cannot become that now"

    @classmethod
    def between(cls, current: OrderStatus, asked: OrderStatus) -> Self:
        """Refuse this step, naming both ends of it."""
        return cls(f"an order that is {current} cannot be made {asked}")


class OrderTotalTooLarge(Refusal):
    """The lines add up to more than an amount of money can be."""

    kind = Kind.INVALID
    slug = "order_total_too_large"
    title = "The order's total is too large"


class BrokenHistory(TradexError):
    """The facts that are stored of an order do not make an order: a fault, never an outcome."""
