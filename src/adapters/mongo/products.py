"""Products and their stock's movements in MongoDB."""

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bson import Decimal128, ObjectId

from adapters.mongo.connection import POOL_SIZE, TIMEOUT, Document
from adapters.mongo.database import MongoDatabase
from adapters.mongo.documents import (
    MOVEMENTS_NAME,
    PRODUCTS_NAME,
    MovementFields,
    ProductFields,
)
from adapters.mongo.kinds import DocumentKind
from adapters.mongo.unit_of_work import MongoUnitOfWork
from tradex_core.clock import Clock
from tradex_core.ids import OBJECT_ID_PATTERN, ProductId, UserId
from tradex_core.money import Money
from tradex_core.products.collections import PRODUCT_COLLECTIONS, LoadedMovements, LoadedProducts
from tradex_core.products.movement import (
    MovementId,
    MovementKind,
    MovementLine,
    MovementState,
    MovementStatus,
)
from tradex_core.products.ports import MOVEMENTS, PRODUCTS, PRODUCTS_BY_SKU
from tradex_core.products.product import ProductState

_is_object_id = re.compile(OBJECT_ID_PATTERN).fullmatch
_CENT: Final = Decimal("0.01")


def product_document(state: ProductState, began: ProductState, former: Document) -> Document:
    """Write a product down; what the document had beside is kept.

    The stock that its movements begin with is the one it was created with, or that was found in a
    document of the original's when it was first changed.
    """
    return {
        "initialStock": began.stock,
        **former,
        "_id": ObjectId(state.product_id),
        "name": state.name,
        "description": state.description,
        "sku": state.sku,
        "price": Decimal128(state.price.amount),
        "stock": state.stock,
        "category": state.category,
        "imageUrl": state.image_url,
        "isActive": state.is_active,
        "createdAt": state.created_at,
        "updatedAt": state.updated_at,
        "sellerId": state.seller_id,
        "version": state.version,
    }


def product_state(document: Document) -> ProductState:
    """Read a product back, one that the original wrote too."""
    product_id: ObjectId = document["_id"]
    fields = ProductFields.model_validate(document)
    created_at = fields.created_at or product_id.generation_time
    return ProductState(
        product_id=ProductId(str(product_id)),
        name=fields.name,
        description=fields.description,
        sku=fields.sku,
        price=Money(fields.price.quantize(_CENT)),
        stock=fields.stock,
        category=fields.category,
        image_url=fields.image_url,
        is_active=fields.is_active,
        seller_id=None if fields.seller_id is None else UserId(fields.seller_id),
        version=fields.version,
        created_at=created_at,
        updated_at=fields.updated_at or created_at,
    )


def movement_document(state: MovementState, _began: MovementState, _former: Document) -> Document:
    """Write a movement down."""
    return {
        "_id": state.movement_id,
        "kind": state.kind.value,
        "lines": [
            {"productId": line.product_id, "quantity": line.quantity} for line in state.lines
        ],
        "status": state.status.value,
        "at": state.at,
        "version": state.version,
    }


def movement_state(document: Document) -> MovementState:
    """Read a movement back."""
    fields = MovementFields.model_validate(document)
    return MovementState(
        movement_id=MovementId(document["_id"]),
        kind=MovementKind(fields.kind),
        lines=tuple(
            MovementLine(ProductId(line.product_id), line.quantity) for line in fields.lines
        ),
        status=MovementStatus(fields.status),
        at=fields.at,
        version=fields.version,
    )


def _object_id(key: str) -> ObjectId | None:
    return ObjectId(key) if _is_object_id(key) else None


def _same(key: str) -> str:
    return key


PRODUCT_KINDS: Final[Mapping[str, DocumentKind]] = {
    PRODUCTS: DocumentKind(
        collection=PRODUCT_COLLECTIONS[PRODUCTS],
        name=PRODUCTS_NAME,
        fields={PRODUCTS_BY_SKU: "sku"},
        to_id=_object_id,
        to_document=product_document,
        to_state=product_state,
    ),
    MOVEMENTS: DocumentKind(
        collection=PRODUCT_COLLECTIONS[MOVEMENTS],
        name=MOVEMENTS_NAME,
        fields={},
        to_id=_same,
        to_document=movement_document,
        to_state=movement_state,
    ),
}


def products_database(
    url: str, clock: Clock, *, pool_size: int = POOL_SIZE, timeout: timedelta = TIMEOUT
) -> MongoDatabase:
    """Make the catalogue's database; nothing connects before it is opened.

    Raises ValueError where the URL names no database.
    """
    return MongoDatabase(
        url, clock=clock, kinds=PRODUCT_KINDS, pool_size=pool_size, timeout=timeout
    )


class ProductsUnitOfWork(MongoUnitOfWork):
    """The catalogue's unit of work."""

    def __init__(self, database: MongoDatabase) -> None:
        super().__init__(database)
        self.products = LoadedProducts(self, PRODUCTS)
        self.movements = LoadedMovements(self, MOVEMENTS)
