"""What the business sees, counted where every event passes once: at the projector."""

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any, Final

from adapters.telemetry.declared import Declared
from tradex_core.events.order import OrderCreated, OrderStatus, OrderUpdated
from tradex_core.events.product import ProductCreated
from tradex_core.events.stock import StockRejected, StockReserved
from tradex_core.events.user import UserRegistered
from tradex_core.messaging.broker import Record
from tradex_core.messaging.observer import Handled
from tradex_core.telemetry import contract

_COUNTS: Final = "projector"
_REASONS: Final = frozenset(contract.ORDERS_CANCELLED.labels[0].values)


class BusinessMetrics:
    """An observer that counts orders, stock, products and users; the rest it passes over."""

    def __init__(self, declared: Declared) -> None:
        self._created = declared.counter(contract.ORDERS_CREATED)
        self._confirmed = declared.counter(contract.ORDERS_CONFIRMED)
        self._cancelled = declared.counter(contract.ORDERS_CANCELLED)
        self._reserved = declared.counter(contract.STOCK_RESERVED)
        self._rejected = declared.counter(contract.STOCK_REJECTED)
        self._registered = declared.counter(contract.USERS_REGISTERED)
        self._products = declared.counter(contract.PRODUCTS_CREATED)
        self._count: MappingProxyType[type, Callable[[Any], None]] = MappingProxyType(
            {
                OrderCreated: lambda _: self._created.inc(),
                OrderUpdated: self._order_updated,
                StockReserved: lambda _: self._reserved.inc(),
                StockRejected: lambda event: self._rejected.labels(event.reason).inc(),
                UserRegistered: lambda event: self._registered.labels(event.role).inc(),
                ProductCreated: lambda _: self._products.inc(),
            }
        )

    def handled(self, messages: Sequence[Handled]) -> None:
        """Count what events tell."""
        for event in (m.opened.payload for m in messages if m.consumer == _COUNTS):
            count = self._count.get(type(event))
            if count is not None:
                count(event)

    def _order_updated(self, event: OrderUpdated) -> None:
        if event.status is OrderStatus.CONFIRMED:
            self._confirmed.inc()
        elif event.status is OrderStatus.CANCELLED:
            reason = event.reason if event.reason in _REASONS else contract.OTHER
            self._cancelled.labels(reason).inc()

    def parked(self, consumer: str, record: Record, *, attempts: int, error: str) -> None:
        """Pass over it."""

    def dead_lettered(self, consumer: str, record: Record, *, reason: str, error: str) -> None:
        """Pass over it."""

    def waiting(self, component: str, error: Exception) -> None:
        """Pass over it."""

    def published(self, topic: str, count: int, *, failed: bool) -> None:
        """Pass over it."""
