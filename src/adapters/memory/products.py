"""Products and their stock's movements in memory."""

from adapters.memory.database import MemoryDatabase
from adapters.memory.unit_of_work import MemoryUnitOfWork
from tradex_core.clock import Clock
from tradex_core.products.collections import PRODUCT_COLLECTIONS, LoadedMovements, LoadedProducts
from tradex_core.products.ports import MOVEMENTS, PRODUCTS


def products_database(clock: Clock) -> MemoryDatabase:
    """Make the catalogue's database, empty."""
    return MemoryDatabase(PRODUCT_COLLECTIONS, clock=clock)


class ProductsUnitOfWork(MemoryUnitOfWork):
    """The catalogue's unit of work."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.products = LoadedProducts(self, PRODUCTS)
        self.movements = LoadedMovements(self, MOVEMENTS)
