"""The services' stores in memory, as the contracts try them."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec
from tests.builders.products import create_product_command
from tests.contracts.store_harness import NOW

from adapters.memory.database import MemoryDatabase
from adapters.memory.orders import OrdersUnitOfWork
from adapters.memory.products import ProductsUnitOfWork
from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.memory.users import UsersUnitOfWork
from tradex_core.aggregate import Aggregate
from tradex_core.events.order import OrderLine, OrderStatus, OrderUpdated
from tradex_core.events.user import Role
from tradex_core.ids import OrderId, ProductId, UserId
from tradex_core.messaging.unit_of_work import Need, UnitOfWork
from tradex_core.money import Money
from tradex_core.orders.order import Order
from tradex_core.orders.ports import ORDERS
from tradex_core.products.ports import PRODUCTS, PRODUCTS_BY_SKU
from tradex_core.products.product import Product
from tradex_core.users.ports import USERS, USERS_BY_EMAIL
from tradex_core.users.user import User


def id_of(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:24]


class MemoryStore:
    """A database in memory; the subclass says what one of its aggregates is."""

    collection: str
    index: str = ""
    unit_of: type[MemoryUnitOfWork]

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database
        self.outbox = database.outbox
        self.parking = database.parking

    def open_unit(self) -> MemoryUnitOfWork:
        return self.unit_of(self.database)

    def needs(self, name: str, *, unique: str | None = None) -> Sequence[Need]:
        by_id = (self.collection, id_of(name))
        return [by_id, (self.index, unique or name)] if self.index else [by_id]

    def add(self, unit: UnitOfWork, name: str, *, unique: str | None = None) -> None:
        self._memory(unit).add(self.collection, self.made(id_of(name), unique or name))

    def change(self, unit: UnitOfWork, name: str) -> None:
        aggregate: Aggregate[Any] = self._memory(unit).find(self.collection, id_of(name))
        state = msgspec.structs.replace(aggregate.state, version=aggregate.state.version + 1)
        event = OrderUpdated(order_id=name, status=OrderStatus.PENDING, updated_at=NOW)
        aggregate.change(state, event)

    def version(self, unit: UnitOfWork, name: str) -> int | None:
        found: Aggregate[Any] | None = self._memory(unit).find(self.collection, id_of(name))
        return None if found is None else int(found.state.version)

    def is_taken(self, unit: UnitOfWork, unique: str) -> bool:
        return self._memory(unit).find(self.index, unique) is not None

    def made(self, aggregate_id: str, unique: str) -> Aggregate[Any]:
        """Return a new aggregate at version 1 with one event."""
        raise NotImplementedError

    def _memory(self, unit: UnitOfWork) -> MemoryUnitOfWork:
        assert isinstance(unit, MemoryUnitOfWork)
        return unit


class UsersStore(MemoryStore):
    collection = USERS
    index = USERS_BY_EMAIL
    unit_of = UsersUnitOfWork

    def made(self, aggregate_id: str, unique: str) -> User:
        return User.register(
            user_id=UserId(aggregate_id),
            email=unique,
            name="Ana",
            role=Role.BUYER,
            password_hash="hash",
            at=NOW,
        )


class ProductsStore(MemoryStore):
    collection = PRODUCTS
    index = PRODUCTS_BY_SKU
    unit_of = ProductsUnitOfWork

    def made(self, aggregate_id: str, unique: str) -> Product:
        return Product.create(
            create_product_command(sku=unique),
            product_id=ProductId(aggregate_id),
            seller_id=None,
            at=NOW,
        )


class OrdersStore(MemoryStore):
    collection = ORDERS
    unit_of = OrdersUnitOfWork

    def made(self, aggregate_id: str, unique: str) -> Order:
        line = OrderLine(product_id="tea", quantity=1, price=Money(1))
        return Order.place(
            order_id=OrderId(aggregate_id), user_id=UserId("ana"), items=(line,), at=NOW
        )
