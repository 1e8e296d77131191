"""Products and their stock's movements in memory."""

from adapters.memory.database import Collection, MemoryDatabase
from adapters.memory.unit_of_work import MemoryUnitOfWork
from tradex_core.clock import Clock
from tradex_core.ids import ProductId
from tradex_core.messaging.unit_of_work import Need
from tradex_core.products.movement import Movement, MovementId, MovementState
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


class MemoryProducts(Products):
    """The products of one unit of work."""

    def __init__(self, unit: MemoryUnitOfWork) -> None:
        self._unit = unit

    def find(self, product_id: ProductId) -> Product | None:
        """Return a product, the same object at every call; None where there is none."""
        found: Product | None = self._unit.find(PRODUCTS, product_id)
        return found

    def by_sku(self, sku: str) -> Product | None:
        """Return the product with this sku, the same object as `find` does, or None."""
        found: Product | None = self._unit.find(PRODUCTS_BY_SKU, sku)
        return found

    def add(self, product: Product) -> None:
        """Add a product whose id and sku are new."""
        self._unit.add(PRODUCTS, product)


class MemoryMovements(Movements):
    """The movements of one unit of work."""

    def __init__(self, unit: MemoryUnitOfWork) -> None:
        self._unit = unit

    def find(self, movement_id: MovementId) -> Movement | None:
        """Return a movement, the same object at every call; None where there is none."""
        found: Movement | None = self._unit.find(MOVEMENTS, movement_id)
        return found

    def add(self, movement: Movement) -> None:
        """Add a movement whose id is new."""
        self._unit.add(MOVEMENTS, movement)


class ProductsUnitOfWork(MemoryUnitOfWork):
    """The catalogue's unit of work."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.products = MemoryProducts(self)
        self.movements = MemoryMovements(self)
