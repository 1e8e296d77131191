"""Correct the stock of a product by hand."""

from tradex_core.clock import Clock
from tradex_core.events.envelope import Actor
from tradex_core.events.product import AdjustStock
from tradex_core.events.stock import StockOperation
from tradex_core.ids import ProductId
from tradex_core.products.movement import Movement, MovementId
from tradex_core.products.own_product import own_product
from tradex_core.products.ports import Movements, Products
from tradex_core.products.product import Product


def adjust_stock(
    command: AdjustStock,
    *,
    actor: Actor,
    movement_id: MovementId,
    products: Products,
    movements: Movements,
    clock: Clock,
) -> Product:
    """Raise or lower a product's stock for its seller or an admin, once per `movement_id`.

    Raises Forbidden for a buyer, ProductNotFound (also for somebody else's product),
    InsufficientStock and StockLimitExceeded.
    """
    product = own_product(ProductId(command.product_id), actor=actor, products=products)
    if movements.find(movement_id) is not None:
        return product
    now = clock.now()
    if command.operation is StockOperation.INCREASE:
        product.increase(command.quantity, at=now)
    else:
        product.decrease(command.quantity, at=now)
    movements.add(
        Movement.adjust(
            movement_id,
            product_id=product.state.product_id,
            operation=command.operation,
            quantity=command.quantity,
            at=now,
        )
    )
    return product
