"""Orders over HTTP."""

from litestar import get, post
from litestar.status_codes import HTTP_202_ACCEPTED
from litestar.types import ASGIApp

from apps.gateway.answers import PRIVATE, Answer, json_answer
from apps.gateway.bodies import NewOrder, NextStatus, NoBody, OrderItem
from apps.gateway.collaborators import gateway_of
from apps.gateway.commands import Ask
from apps.gateway.effects import ADVANCE_ORDER, CANCEL_ORDER, CREATE_ORDER, order_id_of
from apps.gateway.event_stream import EventStream, last_event_id
from apps.gateway.lagging import shown_soon
from apps.gateway.pagination import Query, page_answer
from apps.gateway.policy import Whose
from apps.gateway.problems import BadRequest, FieldError
from apps.gateway.reading import HttpRequest, actor_of, headers_of, read_body, whose_for
from apps.gateway.routes.path_ids import uuid_in
from apps.gateway.streams import LAST_STATUSES
from tradex_core.events.envelope import Actor
from tradex_core.events.order import AdvanceOrder, CancelOrder, CreateOrder, OrderLine, OrderStatus
from tradex_core.ids import OperationId, OrderId
from tradex_core.operations.errors import Unavailable
from tradex_core.orders.errors import OrderNotFound
from tradex_core.orders.order import total_of
from tradex_core.views.cursor import ORDER_SORT
from tradex_core.views.listing import OrderFilter
from tradex_core.views.order_view import OrderView
from tradex_core.views.ports import ViewQueries


class PriceChanged(BadRequest):
    """The client saw another price than the catalogue has."""

    status = 409
    slug = "price_changed"
    title = "A price has changed"


class UnknownProduct(BadRequest):
    """The order names no price for a product that the gateway does not know."""

    status = 409
    slug = "unknown_product"
    title = "There is no such product"


class _Draft:
    """An order in the making: its lines get the catalogue's prices."""

    def __init__(self, actor: Actor, items: tuple[OrderItem, ...], views: ViewQueries) -> None:
        self._actor = actor
        self._items = items
        self._views = views
        self._lines: tuple[OrderLine, ...] = ()

    async def price(self) -> None:
        """Give the lines their prices.

        Raises PriceChanged, UnknownProduct or OrderTotalTooLarge; then the lines have what prices
        the client named, for the case that it asked before they were wrong.
        """
        lines: list[OrderLine] = []
        changed: list[FieldError] = []
        unknown: list[FieldError] = []
        views = await self._views.products_by_id({item.product_id for item in self._items})
        for place, item in enumerate(self._items):
            view = views.get(item.product_id)
            price = item.price
            if price is None and view is not None:
                price = view.price
            if price is None:
                unknown.append(FieldError(f"/items/{place}/productId", "no such product is known"))
                continue
            lines.append(OrderLine(item.product_id, item.quantity, price))
            if view is not None and price != view.price:
                detail = f"the price is {view.price} now"
                changed.append(FieldError(f"/items/{place}/price", detail))
        self._lines = tuple(lines)
        _require_priced(unknown, changed)
        total_of(lines)

    def command(self, operation_id: OperationId) -> CreateOrder:
        """Return the command that places it; raises Unavailable where a line has no price."""
        if len(self._lines) < len(self._items):
            detail = "A product of the order is not known yet."
            raise Unavailable(detail, certain=False)
        return CreateOrder(self._actor.user_id, self._lines, order_id_of(operation_id))


def _require_priced(unknown: list[FieldError], changed: list[FieldError]) -> None:
    if unknown:
        detail = "Some products are not known; look them up in GET /v1/products."
        raise UnknownProduct(detail, errors=unknown)
    if changed:
        now = "; ".join(f"{error.pointer}: {error.detail}" for error in changed)
        detail = f"Order again if you accept what the catalogue asks: {now}."
        raise PriceChanged(detail, errors=changed)


@post("/v1/orders", name="createOrder", status_code=HTTP_202_ACCEPTED)
async def create_order(request: HttpRequest) -> Answer:
    """Order products at the prices that the catalogue has now."""
    gateway = gateway_of(request)
    given = await read_body(request, NewOrder)
    actor = actor_of(request)
    draft = _Draft(actor, given.value.items, gateway.views)
    ask = Ask(
        effect=CREATE_ORDER,
        build=draft.command,
        actor=actor,
        data=given.data,
        check=draft.price,
    )
    return await gateway.commands.submit(request, ask)


@post("/v1/orders/{order_id:str}/cancel", name="cancelOrder", status_code=HTTP_202_ACCEPTED)
async def cancel_order(request: HttpRequest) -> Answer:
    """Give an order up; what it holds goes back into stock."""
    gateway = gateway_of(request)
    order_id = _order_id(request)
    given = await read_body(request, NoBody, optional=True)
    await _require_theirs(order_id, request, gateway.views)
    ask = Ask(
        effect=CANCEL_ORDER,
        build=lambda _: CancelOrder(order_id),
        actor=actor_of(request),
        data=given.data,
    )
    return await gateway.commands.submit(request, ask)


@post("/v1/orders/{order_id:str}/status", name="advanceOrder", status_code=HTTP_202_ACCEPTED)
async def advance_order(request: HttpRequest) -> Answer:
    """Take an order one step further on its way to the buyer."""
    gateway = gateway_of(request)
    order_id = _order_id(request)
    given = await read_body(request, NextStatus)
    await _require_theirs(order_id, request, gateway.views)
    ask = Ask(
        effect=ADVANCE_ORDER,
        build=lambda _: AdvanceOrder(order_id, given.value.status),
        actor=actor_of(request),
        data=given.data,
    )
    return await gateway.commands.submit(request, ask)


@get("/v1/orders", name="listOrders")
async def list_orders(request: HttpRequest) -> Answer:
    """List the orders that the caller may see, newest first."""
    gateway = gateway_of(request)
    query = Query(request, ("status", "cursor", "limit"))
    status = query.one_of("status", OrderStatus, tuple(OrderStatus))
    cut = query.cut(sort=ORDER_SORT)
    query.check()
    where = _orders_of(actor_of(request), whose_for(request), status)
    page = await gateway.reads.orders(where, after=cut.after, limit=cut.limit)
    return page_answer(request, query, page, sort=ORDER_SORT, shown=OrderView.document)


@get("/v1/orders/{order_id:str}", name="getOrder")
async def get_order(request: HttpRequest) -> Answer:
    """Show an order."""
    gateway = gateway_of(request)
    order_id = _order_id(request)
    view = await gateway.reads.order(order_id)
    return json_answer(_visible(view, order_id, request).document())


@get("/v1/orders/{order_id:str}/events", name="followOrder")
async def follow_order(request: HttpRequest) -> ASGIApp:
    """Tell every step of an order as it happens."""
    gateway = gateway_of(request)
    order_id = _order_id(request)
    gateway.streams.require_room()
    view = await shown_soon(lambda: gateway.reads.order(order_id))
    order = _visible(view, order_id, request)
    last_id = last_event_id(headers_of(request.scope).get(b"last-event-id")) or 0
    if order.status in LAST_STATUSES and last_id >= order.status.rank:
        return Answer(204, b"", (PRIVATE,))
    return EventStream(gateway.streams.order(order, last_id=last_id))


def _orders_of(actor: Actor, whose: Whose, status: OrderStatus | None) -> OrderFilter:
    match whose:
        case Whose.ANYBODYS:
            return OrderFilter(status=status)
        case Whose.SOLD:
            return OrderFilter(status=status, seller=actor.user_id)
        case _:
            return OrderFilter(status=status, buyer=actor.user_id)


def _order_id(request: HttpRequest) -> OrderId:
    order_id = uuid_in(request, "order_id")
    if order_id is None:
        raise OrderNotFound.of(OrderId(request.scope["path_params"]["order_id"]))
    return OrderId(order_id)


def _is_theirs(view: OrderView, actor: Actor, whose: Whose) -> bool:
    match whose:
        case Whose.ANYBODYS:
            return True
        case Whose.SOLD:
            return actor.user_id in view.sellers
        case _:
            return actor.user_id == view.user_id


def _visible(view: OrderView | None, order_id: OrderId, request: HttpRequest) -> OrderView:
    if view is None or not _is_theirs(view, actor_of(request), whose_for(request)):
        raise OrderNotFound.of(order_id)
    return view


async def _require_theirs(order_id: OrderId, request: HttpRequest, views: ViewQueries) -> None:
    """Raise OrderNotFound where the view knows that the order is none of the caller's business.

    What the view does not know, an order or its sellers, the orders service will tell.
    """
    view = await views.order(order_id)
    if view is None or (whose_for(request) is Whose.SOLD and not view.sellers):
        return
    _visible(view, order_id, request)
