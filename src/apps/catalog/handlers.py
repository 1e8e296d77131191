"""Which use case handles which message of the catalogue service."""

from dataclasses import dataclass
from typing import Final, Protocol

from msgspec.structs import replace

from tradex_core.clock import Clock
from tradex_core.events import topics
from tradex_core.events.order import OrderCreated, OrderUpdated
from tradex_core.events.product import (
    AdjustStock,
    CreateProduct,
    GetProduct,
    ProductDocument,
    UpdateProduct,
)
from tradex_core.ids import ProductId, derived_object_id
from tradex_core.messaging.routes import Context, Handler, Routes
from tradex_core.messaging.unit_of_work import UnitOfWork
from tradex_core.products.adjust_stock import adjust_stock
from tradex_core.products.create_product import create_product
from tradex_core.products.get_product import get_product
from tradex_core.products.movement import MovementId
from tradex_core.products.needs import (
    needs_of_adjustment,
    needs_of_creation,
    needs_of_product,
    needs_of_query,
    needs_of_release,
    needs_of_reservation,
)
from tradex_core.products.ports import Movements, Products
from tradex_core.products.release_stock import release_stock, releases_stock
from tradex_core.products.reserve_stock import reserve_stock
from tradex_core.products.update_product import update_product

PUBLISHES: Final = (
    topics.STOCK_UPDATED,
    topics.STOCK_RESERVED,
    topics.STOCK_REJECTED,
    topics.PRODUCT_CREATED,
    topics.PRODUCT_UPDATED,
)
"""The topics of the events that the catalogue tells."""


class CatalogUnit(UnitOfWork, Protocol):
    """A unit of work on the catalogue's database."""

    @property
    def products(self) -> Products:
        """The products that were loaded."""
        ...

    @property
    def movements(self) -> Movements:
        """The movements that were loaded."""
        ...


@dataclass(frozen=True, kw_only=True)
class CatalogHandlers:
    """The handlers and what they work with."""

    clock: Clock

    def routes(self) -> Routes[CatalogUnit]:
        """Return everything that the catalogue handles."""
        return Routes(
            commands={
                CreateProduct: Handler(
                    payload=CreateProduct,
                    needs=lambda c, context: needs_of_creation(c, product_id_of(c, context)),
                    handle=self._create,
                ),
                UpdateProduct: Handler(
                    payload=UpdateProduct,
                    needs=lambda command, _: needs_of_product(command.product_id),
                    handle=self._update,
                ),
                AdjustStock: Handler(
                    payload=AdjustStock,
                    needs=lambda c, context: needs_of_adjustment(c, context.message_id),
                    handle=self._adjust,
                ),
                GetProduct: Handler(
                    payload=GetProduct,
                    needs=lambda command, _: needs_of_query(command),
                    handle=self._get,
                ),
            },
            events={
                OrderCreated: Handler(
                    payload=OrderCreated,
                    needs=lambda event, _: needs_of_reservation(event),
                    handle=self._reserve,
                ),
                OrderUpdated: Handler(
                    payload=OrderUpdated,
                    needs=lambda event, _: needs_of_release(event),
                    handle=self._release,
                    concerns=releases_stock,
                ),
            },
        )

    def _create(
        self, unit: CatalogUnit, command: CreateProduct, context: Context
    ) -> ProductDocument:
        product_id = product_id_of(command, context)
        product = create_product(
            replace(command, product_id=product_id),
            actor=context.actor,
            product_id=product_id,
            products=unit.products,
            clock=self.clock,
        )
        return product.document()

    def _update(
        self, unit: CatalogUnit, command: UpdateProduct, context: Context
    ) -> ProductDocument:
        actor = context.require_actor()
        product = update_product(command, actor=actor, products=unit.products, clock=self.clock)
        return product.document()

    def _adjust(self, unit: CatalogUnit, command: AdjustStock, context: Context) -> ProductDocument:
        product = adjust_stock(
            command,
            actor=context.require_actor(),
            movement_id=MovementId(context.message_id),
            products=unit.products,
            movements=unit.movements,
            clock=self.clock,
        )
        return product.document()

    def _get(self, unit: CatalogUnit, command: GetProduct, _context: Context) -> ProductDocument:
        return get_product(command, products=unit.products).document()

    def _reserve(self, unit: CatalogUnit, event: OrderCreated, _context: Context) -> None:
        reserve_stock(event, products=unit.products, movements=unit.movements, clock=self.clock)

    def _release(self, unit: CatalogUnit, event: OrderUpdated, _context: Context) -> None:
        release_stock(event, products=unit.products, movements=unit.movements, clock=self.clock)


def product_id_of(command: CreateProduct, context: Context) -> ProductId:
    """Return the id that the product has, or will have."""
    return ProductId(
        command.product_id or derived_object_id(context.message_id, "product", at=context.sent_at)
    )
