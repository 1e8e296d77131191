"""What the topics tell of products and of their stock, and the catalogue's messages once more.

Each change of a product has its number, so a message is handled again when its product's turn has
come. That an order was refused has none, and needs none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from apps.catalog.handlers import CatalogUnit, product_id_of
from apps.operations.as_told import AsTold, OutOfTurn, Told
from tradex_core.errors import Undecodable
from tradex_core.events import codec, topics
from tradex_core.events.fields import Wire
from tradex_core.events.order import OrderCreated, OrderStatus, OrderUpdated
from tradex_core.events.product import AdjustStock, CreateProduct, UpdateProduct
from tradex_core.events.stock import StockRejected
from tradex_core.ids import ProductId
from tradex_core.messaging.broker import Record
from tradex_core.messaging.routes import Context, Handler, Routes
from tradex_core.products.movement import Movement, MovementId

_CHANGES: Final = frozenset({topics.PRODUCT_CREATED, topics.PRODUCT_UPDATED, topics.STOCK_UPDATED})

Versions = Mapping[ProductId, int]
"""The number of each product's latest change; 0 where there is no such product."""


class _Change(Wire, frozen=True):
    product_id: ProductId
    version: int


class ToldOfStock(Told):
    """The products that a message changed, each with the number of that change, and the order."""

    def __init__(self) -> None:
        self.changes: dict[ProductId, int] = {}
        self.is_held = False
        self.rejected: StockRejected | None = None

    @property
    def is_done(self) -> bool:
        """Whether it is known to have been done."""
        return super().is_done or bool(self.changes) or self.is_held

    def changed_nothing(self, there: Versions) -> bool:
        """Whether it was answered, with a product as another message had left it."""
        if self.reply is None or self.changes:
            return False
        try:
            shown = codec.decode(self.reply.result, _Change)
        except Undecodable:  # it shows no product
            return False
        return shown.version <= there.get(shown.product_id, 0)


class CatalogAsTold(AsTold[CatalogUnit, ToldOfStock]):
    """Handles the catalogue's messages as told.

    A change that nobody was told of comes behind all that were told, since a product's are
    published in their order.
    """

    overtaken = frozenset({topics.ORDER_CREATED})  # by its cancellation

    def __init__(self, routes: Routes[CatalogUnit]) -> None:
        super().__init__(routes, ToldOfStock)
        self._latest: dict[ProductId, int] = defaultdict(int)

    def note_event(self, record: Record, told: ToldOfStock) -> None:
        """Take note of an event, and of what it tells of its cause."""
        value = record.value or b""
        if record.topic in _CHANGES:
            change = codec.decode(value, _Change)
            told.changes[change.product_id] = change.version
            latest = self._latest[change.product_id]
            self._latest[change.product_id] = max(latest, change.version)
        elif record.topic == topics.STOCK_RESERVED:
            told.is_held = True
        elif record.topic == topics.STOCK_REJECTED:
            told.rejected = codec.decode(value, StockRejected)

    def handle(
        self,
        handler: Handler[CatalogUnit],
        unit: CatalogUnit,
        payload: Any,  # noqa: ANN401 - each message has a type of its own
        context: Context,
        told: ToldOfStock,
    ) -> object | None:
        """Handle a message again; raises OutOfTurn, and what the handler raises."""
        if told.rejected is not None:
            unit.movements.add(Movement.reject(told.rejected, quantities=_wanted(payload)))
            return None
        before = _versions(unit, payload, context)
        if told.changed_nothing(before):
            return None
        result = handler.handle(unit, payload, context)
        after = _versions(unit, payload, context)
        self._check(told, {each: n for each, n in after.items() if n != before.get(each, 0)})
        if told.is_held and not _is_held(unit, payload):
            msg = f"order {payload.order_id} had its stock, and there is not enough"
            raise OutOfTurn(msg)
        return result

    def _check(self, told: ToldOfStock, changes: Versions) -> None:
        for product_id, number in changes.items():
            was, latest = told.changes.get(product_id), self._latest.get(product_id, 0)
            if number <= latest if was is None else number != was:
                place = f"came after {latest}" if was is None else f"was {was}"
                msg = f"this would be change {number} of product {product_id}, and {place}"
                raise OutOfTurn(msg)
        for product_id in told.changes.keys() - changes.keys():
            msg = f"change {told.changes[product_id]} of product {product_id} is not due"
            raise OutOfTurn(msg)


def _versions(unit: CatalogUnit, payload: Any, context: Context) -> Versions:  # noqa: ANN401 - as above
    """Return the versions of all products that a message can change."""
    found = {each: unit.products.find(each) for each in _concerned(unit, payload, context)}
    return {each: product.state.version if product else 0 for each, product in found.items()}


def _concerned(unit: CatalogUnit, payload: Any, context: Context) -> Iterable[ProductId]:  # noqa: ANN401 - as above
    match payload:
        case OrderCreated():
            return _wanted(payload)
        case OrderUpdated(status=OrderStatus.CANCELLED):
            movement = unit.movements.find(MovementId(payload.order_id))
            return [line.product_id for line in movement.state.lines] if movement else ()
        case CreateProduct():
            return [product_id_of(payload, context)]
        case UpdateProduct() | AdjustStock():
            return [ProductId(payload.product_id)]
    return ()


def _wanted(order: OrderCreated) -> Counter[ProductId]:
    wanted: Counter[ProductId] = Counter()
    for line in order.items:
        wanted[ProductId(line.product_id)] += line.quantity
    return wanted


def _is_held(unit: CatalogUnit, order: OrderCreated) -> bool:
    movement = unit.movements.find(MovementId(order.order_id))
    return movement is not None and movement.is_held
