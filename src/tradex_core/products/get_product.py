"""Look a product up, for clients on Kafka."""

from tradex_core.errors import InvalidInput
from tradex_core.events.product import GetProduct
from tradex_core.ids import ProductId
from tradex_core.products.errors import ProductNotFound
from tradex_core.products.ports import Products
from tradex_core.products.product import Product


def get_product(command: GetProduct, *, products: Products) -> Product:
    """Return the product of an id, or of a sku where no id is named.

    Raises ProductNotFound, and InvalidInput where neither is named.
    """
    if command.product_id is not None:
        return products.get(ProductId(command.product_id))
    if command.sku is None:
        msg = "name a productId or a sku"
        raise InvalidInput(msg)
    product = products.by_sku(command.sku)
    if product is None:
        raise ProductNotFound.of_sku(command.sku)
    return product
