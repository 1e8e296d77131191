"""Give back what was held for an order that is cancelled."""

from tradex_core.clock import Clock
from tradex_core.events.order import OrderStatus, OrderUpdated
from tradex_core.ids import OrderId
from tradex_core.products.movement import Movement, MovementId
from tradex_core.products.ports import Movements, Products


def releases_stock(event: OrderUpdated) -> bool:
    """Return whether anything is to be put back: the order is cancelled."""
    return event.status is OrderStatus.CANCELLED


def release_stock(
    event: OrderUpdated, *, products: Products, movements: Movements, clock: Clock
) -> Movement | None:
    """Put back into stock what is held for a cancelled order, exactly once.

    Nothing held yet: a tombstone makes sure that nothing ever will be. Returns the order's
    movement, and None where the order is not cancelled.
    """
    if not releases_stock(event):
        return None
    order_id, now = OrderId(event.order_id), clock.now()
    movement = movements.find(MovementId(order_id))
    if movement is None:
        movement = Movement.tombstone(order_id, at=now)
        movements.add(movement)
    if movement.is_held:
        held = [(products.get(line.product_id), -line.quantity) for line in movement.state.lines]
        for product, quantity in held:
            product.give_back(quantity, order_id=order_id, at=now)
        movement.release(at=now)
    return movement
