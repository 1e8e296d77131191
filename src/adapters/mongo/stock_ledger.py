"""The ledger of stock: what each product's stock has to be, and what it is."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import SystemRandom
from typing import Final

import msgspec
from bson import ObjectId

from adapters.mongo.commit import Draft, name_of
from adapters.mongo.connection import Document
from adapters.mongo.database import MongoDatabase
from adapters.mongo.documents import MOVEMENTS_NAME, PRODUCTS_NAME
from adapters.mongo.faults import translated
from tradex_core.errors import StoreConflict
from tradex_core.products.movement import MovementStatus
from tradex_core.products.ports import PRODUCTS

_PAGE: Final = 200
_TRIES: Final = 50
_PAUSE_SECONDS: Final = 0.02
_chance: Final = SystemRandom()
_COUNTED: Final = (MovementStatus.HELD.value, MovementStatus.APPLIED.value)


class StockAccount(msgspec.Struct, frozen=True):
    """A product's stock: what it began with, what movements add up to, and what is kept."""

    product_id: str
    sku: str
    initial: int
    moved: int
    stock: int

    @property
    def derived(self) -> int:
        """What the stock has to be."""
        return self.initial + self.moved


class StockLedger:
    """Reads products and movements while work goes on."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database
        self._products = database.documents[PRODUCTS_NAME]
        self._movements = database.documents[MOVEMENTS_NAME]

    async def accounts(self) -> AsyncIterator[StockAccount]:
        """Yield every product's account by its id, each true at some instant of the reading.

        Raises Outage, and StoreConflict where a product never stands still.
        """
        await self._database.log.snapshot()
        query: Document = {}
        while page := await self._read(query):
            for account in page:
                balanced = account.derived == account.stock
                yield account if balanced else await self._at_one_instant(account.product_id)
            query = {"_id": {"$gt": ObjectId(page[-1].product_id)}}

    async def _at_one_instant(self, product_id: str) -> StockAccount:
        draft = Draft(reads={name_of((PRODUCTS, product_id))})
        for _ in range(_TRIES):
            snapshot = await self._database.log.snapshot()
            [account] = await self._read({"_id": ObjectId(product_id)})
            try:
                await self._database.log.check(draft, since=snapshot.number)
            except StoreConflict:
                await asyncio.sleep(_PAUSE_SECONDS * _chance.uniform(0.5, 1.5))
            else:
                return account
        msg = f"product {product_id} changes all the time; try again when less is sold of it"
        raise StoreConflict(msg)

    async def _read(self, query: Document) -> Sequence[StockAccount]:
        with translated("say what is in stock"):
            products = await self._products.find(query).sort("_id", 1).limit(_PAGE).to_list()
            moved = await self._moved([str(product["_id"]) for product in products])
        return [_account(product, moved) for product in products]

    async def _moved(self, product_ids: Sequence[str]) -> dict[str, int]:
        of_these = {"lines.productId": {"$in": list(product_ids)}}
        pipeline: list[Document] = [
            {"$match": {**of_these, "status": {"$in": list(_COUNTED)}}},
            {"$unwind": "$lines"},
            {"$match": of_these},
            {"$group": {"_id": "$lines.productId", "moved": {"$sum": "$lines.quantity"}}},
        ]
        sums = await (await self._movements.aggregate(pipeline)).to_list()
        return {each["_id"]: int(each["moved"]) for each in sums}


def _account(product: Document, moved: dict[str, int]) -> StockAccount:
    product_id, stock = str(product["_id"]), int(product.get("stock", 0))
    initial = product.get("initialStock", stock)
    return StockAccount(
        product_id, product.get("sku", ""), int(initial), moved.get(product_id, 0), stock
    )
