"""Products and their stock's movements in memory."""

from adapters.memory.database import Collection, MemoryDatabase
from adapters.memory.unit_of_work import MemoryRepository, MemoryUnitOfWork
from tradex_core.clock import Clock
from tradex_core.messaging.unit_of_work import Need
from tradex_core.products.movement import Movement, MovementState
from tradex_core.products.ports import MOVEMENTS, PRODUCTS, PRODUCTS_BY_SKU, Movements, Products
from tradex_core.products.product import Product


def products_database(clock: Clock) -> MemoryDatabase:
    """Make the catalogue's database, empty."""
    products = Collection(
        Product,
        lambda product: product.product_id,
        {PRODUCTS_BY_SKU: lambda product: product.sku},
    )
    movements = Collection(Movement, lambda movement: movement.movement_id, related=_lines)
    return MemoryDatabase({PRODUCTS: products, MOVEMENTS: movements}, clock=clock)


def _lines(movement: MovementState) -> list[Need]:
    return [(PRODUCTS, line.product_id) for line in movement.lines]


class MemoryProducts(MemoryRepository[Product], Products):
    """The products of one unit of work."""

    def by_sku(self, sku: str) -> Product | None:
        """Return the product with this sku, the same object as `find` does, or None."""
        found: Product | None = self._unit.find(PRODUCTS_BY_SKU, sku)
        return found


class MemoryMovements(MemoryRepository[Movement], Movements):
    """The movements of one unit of work."""


class ProductsUnitOfWork(MemoryUnitOfWork):
    """The catalogue's unit of work."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.products = MemoryProducts(self, PRODUCTS)
        self.movements = MemoryMovements(self, MOVEMENTS)
