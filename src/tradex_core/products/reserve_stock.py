"""Reserve stock for an order: all of its lines, or none."""

from typing import Final

import msgspec

from tradex_core.clock import Clock
from tradex_core.events.order import OrderCreated, OrderLine
from tradex_core.events.stock import RejectedLine, RejectionReason, StockRejected, StockReserved
from tradex_core.ids import OrderId, ProductId
from tradex_core.money import Money
from tradex_core.products.movement import Movement, MovementId
from tradex_core.products.ports import Movements, Products
from tradex_core.products.product import Product

_PRECEDENCE: Final = (
    RejectionReason.UNKNOWN_PRODUCT,
    RejectionReason.INACTIVE_PRODUCT,
    RejectionReason.PRICE_CHANGED,
    RejectionReason.INSUFFICIENT_STOCK,
)
"""Which reason is given where there are several: what no later try would mend comes first."""


class _Demand(msgspec.Struct, frozen=True):
    """All that an order wants of one product: its lines of it together, and what is known of it."""

    product_id: ProductId
    product: Product | None
    quantity: int
    prices: frozenset[Money]

    @property
    def fault(self) -> RejectionReason | None:
        """Why it cannot be held; None where it can."""
        if self.product is None:
            return RejectionReason.UNKNOWN_PRODUCT
        state = self.product.state
        if not state.is_active:
            return RejectionReason.INACTIVE_PRODUCT
        if self.prices != {state.price}:
            return RejectionReason.PRICE_CHANGED
        if self.quantity > state.stock:
            return RejectionReason.INSUFFICIENT_STOCK
        return None

    def rejected_line(self) -> RejectedLine:
        """Return what was asked, what there is, and its price now."""
        state = self.product.state if self.product else None
        return RejectedLine(
            product_id=self.product_id,
            requested=self.quantity,
            available=state.stock if state else 0,
            price=state.price if state else None,
        )


def reserve_stock(
    event: OrderCreated, *, products: Products, movements: Movements, clock: Clock
) -> Movement:
    """Hold stock for every line of an order at the price its buyer saw, or hold none and say why.

    Returns the order's movement. Where there is one already nothing happens: the order was answered
    before, or it was cancelled before it could be.
    """
    known = movements.find(MovementId(event.order_id))
    if known is not None:
        return known
    demands = _demands(event.items, products)
    if any(demand.fault for demand in demands):
        movement = _reject(event, demands, clock)
    else:
        movement = _hold(event, demands, products, clock)
    movements.add(movement)
    return movement


def _demands(items: tuple[OrderLine, ...], products: Products) -> list[_Demand]:
    lines_of: dict[ProductId, list[OrderLine]] = {}
    for line in items:
        lines_of.setdefault(ProductId(line.product_id), []).append(line)
    return [
        _Demand(
            product_id=product_id,
            product=products.find(product_id),
            quantity=sum(line.quantity for line in lines),
            prices=frozenset(line.price for line in lines),
        )
        for product_id, lines in lines_of.items()
    ]


def _hold(
    event: OrderCreated, demands: list[_Demand], products: Products, clock: Clock
) -> Movement:
    now = clock.now()
    for demand in demands:
        product = products.get(demand.product_id)
        product.decrease(demand.quantity, at=now, order_id=OrderId(event.order_id))
    reserved = StockReserved(order_id=event.order_id, reserved_at=now, sellers=_sellers(demands))
    return Movement.hold(reserved, quantities=_quantities(demands))


def _reject(event: OrderCreated, demands: list[_Demand], clock: Clock) -> Movement:
    rejected = StockRejected(
        order_id=event.order_id,
        reason=min((demand.fault for demand in demands if demand.fault), key=_PRECEDENCE.index),
        items=tuple(demand.rejected_line() for demand in demands if demand.fault),
        rejected_at=clock.now(),
        sellers=_sellers(demands),
    )
    return Movement.reject(rejected, quantities=_quantities(demands))


def _quantities(demands: list[_Demand]) -> dict[ProductId, int]:
    return {demand.product_id: demand.quantity for demand in demands}


def _sellers(demands: list[_Demand]) -> tuple[str, ...]:
    states = [demand.product.state for demand in demands if demand.product]
    return tuple(sorted({state.seller_id for state in states if state.seller_id}))
