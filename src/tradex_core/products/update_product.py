"""Change what the catalogue shows of a product."""

from tradex_core.clock import Clock
from tradex_core.events.envelope import Actor
from tradex_core.events.product import UpdateProduct
from tradex_core.ids import ProductId
from tradex_core.products.own_product import own_product
from tradex_core.products.ports import Products
from tradex_core.products.product import Product


def update_product(
    command: UpdateProduct, *, actor: Actor, products: Products, clock: Clock
) -> Product:
    """Change what is named of a product, for its seller or an admin; the rest stays as it is.

    Raises Forbidden for a buyer, and ProductNotFound (also for somebody else's product).
    """
    product = own_product(ProductId(command.product_id), actor=actor, products=products)
    product.update(command, at=clock.now())
    return product
