"""The services' stores, each with one kind of its aggregates, as the contracts try them."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec
from tests.builders.products import create_product_command
from tests.contracts.store_harness import NOW

from apps.runtime.servers import CountedOutbox
from tradex_core.aggregate import Aggregate
from tradex_core.events.order import OrderLine, OrderStatus, OrderUpdated
from tradex_core.events.user import Role
from tradex_core.ids import OrderId, ProductId, UserId
from tradex_core.messaging.parking import Parking
from tradex_core.messaging.unit_of_work import Need, UnitOfWork
from tradex_core.messaging.workspace import Workspace
from tradex_core.money import Money
from tradex_core.orders.order import Order
from tradex_core.orders.ports import ORDERS
from tradex_core.products.ports import PRODUCTS, PRODUCTS_BY_SKU
from tradex_core.products.product import Product
from tradex_core.users.ports import USERS, USERS_BY_EMAIL
from tradex_core.users.user import User


class Database(Protocol):
    """What every adapter's database is."""

    @property
    def outbox(self) -> CountedOutbox: ...

    @property
    def parking(self) -> Parking: ...


D = TypeVar("D", bound=Database)


def uuid_of(name: str) -> str:
    return str(UUID(bytes=sha256(name.encode()).digest()[:16]))


def object_id_of(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:24]


class AggregateStore(Generic[D]):
    """A database and its units of work; the subclass says what one of its aggregates is."""

    collection: ClassVar[str]
    index: ClassVar[str] = ""

    def __init__(self, database: D, unit_of: Callable[[D], UnitOfWork]) -> None:
        self.database = database
        self.outbox = database.outbox
        self.parking = database.parking
        self._unit_of: Callable[[D], UnitOfWork] = unit_of

    def open_unit(self) -> UnitOfWork:
        return self._unit_of(self.database)

    def needs(self, name: str, *, unique: str | None = None) -> Sequence[Need]:
        by_id = (self.collection, self.id_of(name))
        return [by_id, (self.index, unique or name)] if self.index else [by_id]

    def add(self, unit: UnitOfWork, name: str, *, unique: str | None = None) -> None:
        _workspace(unit).add(self.collection, self.made(self.id_of(name), unique or name))

    def change(self, unit: UnitOfWork, name: str) -> None:
        aggregate: Aggregate[Any] = _workspace(unit).find(self.collection, self.id_of(name))
        state = msgspec.structs.replace(aggregate.state, version=aggregate.state.version + 1)
        event = OrderUpdated(order_id=name, status=OrderStatus.PENDING, updated_at=NOW)
        aggregate.change(state, event)

    def version(self, unit: UnitOfWork, name: str) -> int | None:
        found: Aggregate[Any] | None = _workspace(unit).find(self.collection, self.id_of(name))
        return None if found is None else int(found.state.version)

    def is_taken(self, unit: UnitOfWork, unique: str) -> bool:
        return _workspace(unit).find(self.index, unique) is not None

    def id_of(self, name: str) -> str:
        """Return the id that an aggregate of this name has."""
        return uuid_of(name)

    def made(self, aggregate_id: str, unique: str) -> Aggregate[Any]:
        """Return a new aggregate at version 1 with one event."""
        raise NotImplementedError


class UsersStore(AggregateStore[D]):
    collection = USERS
    index = USERS_BY_EMAIL

    def made(self, aggregate_id: str, unique: str) -> User:
        return User.register(
            user_id=UserId(aggregate_id),
            email=unique,
            name="Ana",
            role=Role.BUYER,
            password_hash="hash",
            at=NOW,
        )


class ProductsStore(AggregateStore[D]):
    collection = PRODUCTS
    index = PRODUCTS_BY_SKU

    def id_of(self, name: str) -> str:
        return object_id_of(name)

    def made(self, aggregate_id: str, unique: str) -> Product:
        return Product.create(
            create_product_command(sku=unique),
            product_id=ProductId(aggregate_id),
            seller_id=None,
            at=NOW,
        )


class OrdersStore(AggregateStore[D]):
    collection = ORDERS

    def made(self, aggregate_id: str, unique: str) -> Order:
        line = OrderLine(product_id=object_id_of("tea"), quantity=1, price=Money(1))
        return Order.place(
            order_id=OrderId(aggregate_id), user_id=UserId(uuid_of("ana")), items=(line,), at=NOW
        )


def _workspace(unit: UnitOfWork) -> Workspace:
    assert isinstance(unit, Workspace)
    return unit
