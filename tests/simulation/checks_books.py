"""Invariants 3 and 4: the stock adds up, and orders hold what they say they hold."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from tests.simulation.evidence import Evidence
from tests.simulation.world import PENDING_TIMEOUT

from tradex_core.events.order import OrderStatus
from tradex_core.events.product import AdjustStock, ProductCreated, ProductUpdated
from tradex_core.events.reply import OutcomeStatus
from tradex_core.events.stock import StockOperation, StockUpdated
from tradex_core.ids import ProductId
from tradex_core.money import Money
from tradex_core.orders.order import OrderState, Reason
from tradex_core.orders.ports import ORDERS
from tradex_core.products.movement import MovementKind, MovementState, MovementStatus, derived_stock
from tradex_core.products.ports import MOVEMENTS, PRODUCTS

HOLDING: Final = frozenset(
    {
        OrderStatus.CONFIRMED,
        OrderStatus.PROCESSING,
        OrderStatus.SHIPPED,
        OrderStatus.DELIVERED,
    }
)


def stock_adds_up(evidence: Evidence) -> Iterator[str]:
    """Initial stock, increases and decreases make the stock, by the movements and by the log."""
    movements: list[MovementState] = list(evidence.states("catalog", MOVEMENTS).values())
    initial = {event.product_id: event.stock for event in evidence.events(ProductCreated)}
    total, least = Counter(initial), Counter(initial)
    for move in evidence.events(StockUpdated):
        total[move.product_id] += delta_of(move)
        least[move.product_id] = min(least[move.product_id], move.stock)
    for product_id, product in evidence.states("catalog", PRODUCTS).items():
        if product_id not in initial:
            yield f"product {product_id} was never told of"
            continue
        derived = derived_stock(
            ProductId(product_id), initial=initial[product_id], movements=movements
        )
        if product.stock != derived:
            yield f"product {product_id} has {product.stock} in stock, by its movements {derived}"
        if product.stock != total[product_id]:
            told = total[product_id]
            yield f"product {product_id} has {product.stock} in stock, by the log {told}"
        if min(product.stock, least[product_id]) < 0:
            yield f"product {product_id} had less than nothing in stock"


def orders_hold_their_stock(evidence: Evidence) -> Iterator[str]:
    """Stock was taken for exactly those orders that hold it: all their lines, or none."""
    held: Counter[tuple[str, str]] = Counter()
    for move in evidence.events(StockUpdated):
        if move.order_id is not None:
            held[move.order_id, move.product_id] -= delta_of(move)
    wanted: Counter[tuple[str, str]] = Counter()
    orders: dict[str, OrderState] = evidence.states("orders", ORDERS)
    movements: dict[str, MovementState] = evidence.states("catalog", MOVEMENTS)
    for order_id, order in orders.items():
        movement = movements.get(order_id)
        if order.status in HOLDING:
            for line in order.items:
                wanted[order_id, line.product_id] += line.quantity
        holds = movement is not None and movement.status is MovementStatus.HELD
        if holds != (order.status in HOLDING):
            status = movement.status.value if movement else "missing"
            yield f"order {order_id} is {order.status.value}, and its reservation is {status}"
    for order_id, product_id in sorted(held | wanted):
        pair = (order_id, product_id)
        if held[pair] != wanted[pair]:
            yield (
                f"order {order_id} holds {held[pair]} of product {product_id}, and by its status"
                f" it should hold {wanted[pair]}"
            )


def adjustments_count_once(evidence: Evidence) -> Iterator[str]:
    """Each adjustment that succeeded is one movement, and there are no others."""
    ended = {reply.operation_id: reply.status for reply in evidence.replies}
    succeeded = {
        asked.operation_id
        for asked in evidence.asked.values()
        if isinstance(asked.payload, AdjustStock)
        and ended.get(asked.operation_id) is OutcomeStatus.SUCCEEDED
    }
    adjusted = {
        movement_id
        for movement_id, movement in evidence.states("catalog", MOVEMENTS).items()
        if movement.kind is MovementKind.ADJUSTMENT
    }
    for operation_id in sorted(succeeded ^ adjusted):
        what = "without a success" if operation_id in adjusted else "without a movement"
        yield f"adjustment {operation_id} is {what}"
    told = sum(1 for move in evidence.events(StockUpdated) if move.order_id is None)
    if told != len(adjusted):
        yield f"{len(adjusted)} adjustments were made, and {told} were told of"


def nobody_sets_their_own_price(evidence: Evidence) -> Iterator[str]:
    """Stock was taken for an order at the price that the product had at that moment."""
    prices: dict[str, dict[int, Money]] = {}
    kinds: tuple[type[ProductCreated | ProductUpdated], ...] = (ProductCreated, ProductUpdated)
    for kind in kinds:
        for event in evidence.events(kind):
            prices.setdefault(event.product_id, {})[event.version] = event.price
    orders: dict[str, OrderState] = evidence.states("orders", ORDERS)
    for move in evidence.events(StockUpdated):
        if move.order_id is None or move.operation is not StockOperation.DECREASE:
            continue
        known = prices.get(move.product_id, {})
        price = known[max((v for v in known if v < move.version), default=0)]
        lines = orders[move.order_id].items
        agreed = {line.price for line in lines if line.product_id == move.product_id}
        if agreed != {price}:
            yield f"order {move.order_id} took {move.product_id} at {agreed}, and it was {price}"


def nobody_is_timed_out_too_early(evidence: Evidence) -> Iterator[str]:
    """An order that was given up for want of an answer had waited for long enough."""
    for order_id, order in evidence.states("orders", ORDERS).items():
        waited = order.updated_at - order.created_at
        if order.reason is Reason.TIMED_OUT and waited < PENDING_TIMEOUT:
            yield f"order {order_id} was given up after {waited.total_seconds()} s"


def delta_of(move: StockUpdated) -> int:
    """Return by how much a move changes the stock."""
    return move.quantity if move.operation is StockOperation.INCREASE else -move.quantity
