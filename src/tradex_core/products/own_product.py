"""Find a product that the caller may change."""

from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor
from tradex_core.events.user import Role
from tradex_core.ids import ProductId
from tradex_core.products.errors import ProductNotFound
from tradex_core.products.ports import Products
from tradex_core.products.product import Product


def require_seller(actor: Actor) -> None:
    """Raise Forbidden unless the caller sells or is an admin."""
    if actor.role not in {Role.SELLER, Role.ADMIN}:
        msg = "only sellers and admins change the catalogue"
        raise Forbidden(msg)


def own_product(product_id: ProductId, *, actor: Actor, products: Products) -> Product:
    """Return a product of the seller's, or any product to an admin.

    Raises Forbidden for a buyer, and ProductNotFound (also for somebody else's product).
    """
    require_seller(actor)
    product = products.get(product_id)
    if not (actor.is_admin or actor.user_id == product.state.seller_id):
        raise ProductNotFound.of(product_id)
    return product
