"""Put a product into the catalogue."""

from tradex_core.clock import Clock
from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor
from tradex_core.events.product import CreateProduct
from tradex_core.ids import ProductId, UserId
from tradex_core.products.errors import ProductExists, SkuTaken
from tradex_core.products.own_product import require_seller
from tradex_core.products.ports import Products
from tradex_core.products.product import Product


def create_product(
    command: CreateProduct,
    *,
    actor: Actor | None,
    product_id: ProductId,
    products: Products,
    clock: Clock,
) -> Product:
    """Put a product into the catalogue.

    It belongs to the seller who asks; an admin may name another, and without an actor (an unsigned
    command) it belongs to the seller named, or to none.
    Raises Forbidden, ProductExists and SkuTaken.
    """
    seller_id = _seller_of(command, actor)
    if products.find(product_id) is not None:
        raise ProductExists.of(product_id)
    if products.by_sku(command.sku) is not None:
        raise SkuTaken.of(command.sku)
    product = Product.create(command, product_id=product_id, seller_id=seller_id, at=clock.now())
    products.add(product)
    return product


def _seller_of(command: CreateProduct, actor: Actor | None) -> UserId | None:
    if actor is None:
        return None if command.seller_id is None else UserId(command.seller_id)
    require_seller(actor)
    seller_id = command.seller_id or actor.user_id
    if not actor.is_admin and seller_id != actor.user_id:
        msg = "you can sell in your own name only"
        raise Forbidden(msg)
    return UserId(seller_id)
