"""What products and their stock need of a store."""

from typing import Final, Protocol

from tradex_core.ids import ProductId
from tradex_core.products.errors import ProductNotFound
from tradex_core.products.movement import Movement, MovementId
from tradex_core.products.product import Product

PRODUCTS: Final = "products"
"""The collection of products, keyed by product id."""

PRODUCTS_BY_SKU: Final = "products_by_sku"
"""The same products, keyed by sku, which no two of them share."""

MOVEMENTS: Final = "movements"
"""The collection of movements, keyed by movement id.

Loading a movement loads the products on its lines too: a cancellation does not name them.
"""


class Products(Protocol):
    """The products that a unit of work has loaded; what is added or changed is saved with it."""

    def find(self, product_id: ProductId) -> Product | None:
        """Return a product, the same object at every call; None where there is none."""
        ...

    def get(self, product_id: ProductId) -> Product:
        """Return a product; raises ProductNotFound."""
        product = self.find(product_id)
        if product is None:
            raise ProductNotFound.of(product_id)
        return product

    def by_sku(self, sku: str) -> Product | None:
        """Return the product with this sku, the same object as `find` does, or None."""
        ...

    def add(self, product: Product) -> None:
        """Add a product whose id and sku are new."""
        ...


class Movements(Protocol):
    """The movements that a unit of work has loaded; what is added or changed is saved with it."""

    def find(self, movement_id: MovementId) -> Movement | None:
        """Return a movement, the same object at every call; None where there is none."""
        ...

    def add(self, movement: Movement) -> None:
        """Add a movement whose id is new."""
        ...
