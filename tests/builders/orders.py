"""Orders for tests, and who and when they need: a set clock, actors, a repository in a dict."""

from datetime import UTC, datetime, timedelta

from tradex_core.events.envelope import Actor
from tradex_core.events.order import (
    AdvanceOrder,
    CancelOrder,
    CreateOrder,
    OrderLine,
    OrderStatus,
)
from tradex_core.events.stock import RejectionReason, StockRejected, StockReserved
from tradex_core.events.user import Role
from tradex_core.ids import OrderId, UserId
from tradex_core.money import Money
from tradex_core.orders.order import Order, Reason
from tradex_core.orders.ports import Orders

NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
ORDER_ID = OrderId("018d0c1e-8a00-7000-8000-00000000000a")
BUYER_ID = UserId("018d0c1e-8a00-7000-8000-0000000000b1")
SELLER_ID = UserId("018d0c1e-8a00-7000-8000-0000000000c1")
STRANGER_ID = UserId("018d0c1e-8a00-7000-8000-0000000000d1")
ADMIN_ID = UserId("018d0c1e-8a00-7000-8000-0000000000e1")

BUYER = Actor(user_id=BUYER_ID, role=Role.BUYER)
SELLER = Actor(user_id=SELLER_ID, role=Role.SELLER)
ADMIN = Actor(user_id=ADMIN_ID, role=Role.ADMIN)
OTHER_BUYER = Actor(user_id=STRANGER_ID, role=Role.BUYER)
OTHER_SELLER = Actor(user_id=STRANGER_ID, role=Role.SELLER)


class SetClock:
    """A clock that shows what it is set to."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


class OrdersInDict(Orders):
    """The orders of one unit of work."""

    def __init__(self, *orders: Order) -> None:
        self.by_id = {order.state.order_id: order for order in orders}

    def find(self, order_id: OrderId) -> Order | None:
        return self.by_id.get(order_id)

    def add(self, order: Order) -> None:
        assert order.state.order_id not in self.by_id
        self.by_id[order.state.order_id] = order


def a_line(product_id: str = "product-tea", *, quantity: int = 2, price: str = "9.99") -> OrderLine:
    return OrderLine(product_id=product_id, quantity=quantity, price=Money(price))


def create_command(*items: OrderLine, user_id: str = BUYER_ID) -> CreateOrder:
    return CreateOrder(user_id=user_id, items=items or (a_line(),))


def cancel_command(order_id: str = ORDER_ID) -> CancelOrder:
    return CancelOrder(order_id=order_id)


def advance_command(status: OrderStatus, *, order_id: str = ORDER_ID) -> AdvanceOrder:
    return AdvanceOrder(order_id=order_id, status=status)


def stock_reserved(order_id: str = ORDER_ID, *, sellers: tuple[str, ...] = ()) -> StockReserved:
    return StockReserved(order_id=order_id, reserved_at=NOW, sellers=sellers)


def stock_rejected(
    order_id: str = ORDER_ID, *, reason: RejectionReason = RejectionReason.INSUFFICIENT_STOCK
) -> StockRejected:
    return StockRejected(order_id=order_id, reason=reason, items=(), rejected_at=NOW)


def a_fresh_order(*items: OrderLine, at: datetime = NOW) -> Order:
    """Place an order that has not been saved: its events and facts can still be taken."""
    return Order.place(order_id=ORDER_ID, user_id=BUYER_ID, items=items or (a_line(),), at=at)


def an_order(status: OrderStatus = OrderStatus.PENDING, *, at: datetime = NOW) -> Order:
    """Return an order as it comes out of a store: its buyer is BUYER, its seller SELLER."""
    order = a_fresh_order(at=at)
    if status is OrderStatus.CANCELLED:
        order.cancel(reason=Reason.REQUESTED, at=at)
    elif status is not OrderStatus.PENDING:
        order.confirm(sellers=(SELLER_ID,), at=at)
        _advance(order, status, at)
    return Order(order.state)


def _advance(order: Order, status: OrderStatus, at: datetime) -> None:
    for step in (OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.DELIVERED):
        if step.rank <= status.rank:
            order.advance(step, at=at)
