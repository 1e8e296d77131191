"""Products and their stock's movements as a store keeps them, and as a unit hands them out."""

from typing import Final

from tradex_core.messaging.unit_of_work import Need
from tradex_core.messaging.workspace import Collection, Repository
from tradex_core.products.movement import Movement, MovementState
from tradex_core.products.ports import MOVEMENTS, PRODUCTS, PRODUCTS_BY_SKU, Movements, Products
from tradex_core.products.product import Product


def _lines(movement: MovementState) -> list[Need]:
    return [(PRODUCTS, line.product_id) for line in movement.lines]


PRODUCT_COLLECTIONS: Final = {
    PRODUCTS: Collection(
        Product,
        lambda product: product.product_id,
        {PRODUCTS_BY_SKU: lambda product: product.sku},
    ),
    MOVEMENTS: Collection(Movement, lambda movement: movement.movement_id, related=_lines),
}


class LoadedProducts(Repository[Product], Products):
    """The products of one unit of work."""

    def by_sku(self, sku: str) -> Product | None:
        """Return the product with this sku, the same object as `find` does, or None."""
        return self._by(PRODUCTS_BY_SKU, sku)


class LoadedMovements(Repository[Movement], Movements):
    """The movements of one unit of work."""
