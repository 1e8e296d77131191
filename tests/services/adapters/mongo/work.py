"""What is done to a catalogue in these tests, and what is seen of it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from tests.builders.machines import NOW
from tests.builders.products import TEA

from adapters.mongo.connection import Document
from adapters.mongo.database import MongoDatabase
from adapters.mongo.products import ProductsUnitOfWork
from tradex_core.ids import ProductId
from tradex_core.messaging.broker import Message
from tradex_core.messaging.unit_of_work import Need
from tradex_core.products.movement import (
    Movement,
    MovementId,
    MovementKind,
    MovementLine,
    MovementState,
    MovementStatus,
)
from tradex_core.products.ports import MOVEMENTS, PRODUCTS, PRODUCTS_BY_SKU
from tradex_core.products.product import Product, ProductState


async def do(
    database: MongoDatabase,
    work: Callable[[ProductsUnitOfWork], object],
    needs: Iterable[Need] = (),
) -> None:
    """Do work on what is needed, and commit it."""
    async with ProductsUnitOfWork(database) as unit:
        await unit.load(needs)
        work(unit)
        await unit.commit()


async def add(database: MongoDatabase, *products: Product) -> None:
    """Add products."""
    states = [product.state for product in products]
    needs: list[Need] = [(PRODUCTS, state.product_id) for state in states]
    needs += [(PRODUCTS_BY_SKU, state.sku) for state in states]

    def add_all(unit: ProductsUnitOfWork) -> None:
        for product in products:
            unit.products.add(product)

    await do(database, add_all, needs)


async def sell(database: MongoDatabase, quantity: int = 1, *, product_id: ProductId = TEA) -> None:
    """Take so many out of stock, past the ledger."""

    def take_out(unit: ProductsUnitOfWork) -> None:
        unit.products.get(product_id).decrease(quantity, at=NOW)

    await do(database, take_out, [(PRODUCTS, product_id)])


async def state_of(database: MongoDatabase, product_id: ProductId = TEA) -> ProductState | None:
    """Return a product as a unit of work sees it."""
    async with ProductsUnitOfWork(database) as unit:
        await unit.load([(PRODUCTS, product_id)])
        product = unit.products.find(product_id)
        return None if product is None else product.state


async def stock_of(database: MongoDatabase, product_id: ProductId = TEA) -> int | None:
    """Return a product's stock as a unit of work sees it."""
    state = await state_of(database, product_id)
    return None if state is None else state.stock


async def publish(database: MongoDatabase, *messages: Message) -> None:
    """Let messages wait in the outbox."""
    await do(database, lambda unit: unit.publish(messages))


async def publish_all(database: MongoDatabase, *, now: datetime = NOW) -> list[str]:
    """Publish all that waits in the outbox; return what it was."""
    async with database.outbox.lease(now=now, limit=100) as lease:
        await lease.delete([row.id for row in lease.rows])
        return [value_of(row.message) for row in lease.rows]


def value_of(message: Message) -> str:
    """Return what a message says."""
    return (message.value or b"").decode()


async def commits(database: MongoDatabase) -> list[Document]:
    """Return the log as it is."""
    return await database.documents["commits"].find().sort("_id", 1).to_list()


def a_movement(
    name: str,
    *lines: tuple[ProductId, int],
    status: MovementStatus = MovementStatus.HELD,
) -> Movement:
    """Return a movement that was just made."""
    return Movement(
        MovementState(
            movement_id=MovementId(name),
            kind=MovementKind.RESERVATION,
            lines=tuple(MovementLine(*line) for line in lines),
            status=status,
            at=NOW,
            version=1,
        )
    )


def needs_of(movements: Sequence[Movement]) -> list[Need]:
    """Return what has to be loaded to add these movements and what they move."""
    states = [movement.state for movement in movements]
    products = {line.product_id for state in states for line in state.lines}
    return [
        *((MOVEMENTS, state.movement_id) for state in states),
        *((PRODUCTS, product_id) for product_id in products),
    ]
