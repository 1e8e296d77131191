"""Views for tests, the events that they are built from, and the ids of whom they are about."""

from datetime import UTC, datetime, timedelta

from msgspec import Raw

from tradex_core.errors import Kind
from tradex_core.events import codec
from tradex_core.events.order import OrderCreated, OrderLine, OrderStatus, OrderUpdated
from tradex_core.events.product import ProductCreated, ProductUpdated
from tradex_core.events.reply import NO_RESULT, CommandReplied, OutcomeStatus, ReplyError
from tradex_core.events.stock import (
    RejectionReason,
    StockOperation,
    StockRejected,
    StockReserved,
    StockUpdated,
)
from tradex_core.events.user import Role, UserDocument, UserRegistered
from tradex_core.money import Money
from tradex_core.views.operation_view import OperationView
from tradex_core.views.order_view import OrderView, TimelineEntry
from tradex_core.views.ports import (
    OPERATION_VIEWS,
    ORDER_VIEWS,
    PRODUCT_VIEWS,
    USER_VIEWS,
    View,
)
from tradex_core.views.product_view import ProductView
from tradex_core.views.user_view import UserView

NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
PRODUCT_ID = "65a50000aaaaaaaaaaaaaaaa"
ORDER_ID = "018d0c1e-8a00-7000-8000-00000000000a"
BUYER_ID = "018d0c1e-8a00-7000-8000-0000000000b1"
OTHER_BUYER_ID = "018d0c1e-8a00-7000-8000-0000000000b2"
SELLER_ID = "018d0c1e-8a00-7000-8000-0000000000c1"
OTHER_SELLER_ID = "018d0c1e-8a00-7000-8000-0000000000c2"
OPERATION_ID = "018d0c1e-8a00-7000-8000-0000000000f1"


def later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def a_product_id(number: int) -> str:
    return f"65a5{number:020x}"


def an_order_id(number: int) -> str:
    return f"018d0c1e-8a00-7000-8000-{number:012x}"


def product_created(*, name: str = "Chai", price: str = "18.00", stock: int = 10) -> ProductCreated:
    return ProductCreated(
        product_id=PRODUCT_ID,
        name=name,
        description="A spiced tea.",
        sku="CHAI-1",
        price=Money(price),
        stock=stock,
        category="Beverages",
        image_url=None,
        is_active=True,
        seller_id=SELLER_ID,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


def product_updated(
    version: int,
    *,
    name: str = "Chai",
    price: str = "18.00",
    stock: int = 10,
    is_active: bool = True,
) -> ProductUpdated:
    return ProductUpdated(
        product_id=PRODUCT_ID,
        name=name,
        description="A spiced tea.",
        sku="CHAI-1",
        price=Money(price),
        stock=stock,
        category="Beverages",
        image_url="https://pictures.example/chai.png",
        is_active=is_active,
        seller_id=SELLER_ID,
        version=version,
        created_at=NOW,
        updated_at=later(version),
    )


def stock_updated(version: int, *, stock: int) -> StockUpdated:
    return StockUpdated(
        product_id=PRODUCT_ID,
        quantity=1,
        operation=StockOperation.DECREASE,
        updated_at=later(version),
        stock=stock,
        version=version,
    )


def order_created() -> OrderCreated:
    return OrderCreated(
        order_id=ORDER_ID,
        user_id=BUYER_ID,
        items=(OrderLine(product_id=PRODUCT_ID, quantity=2, price=Money("18.00")),),
        total_amount=Money("36.00"),
        status=OrderStatus.PENDING,
        created_at=NOW,
    )


def order_updated(status: OrderStatus, *, reason: str | None = None) -> OrderUpdated:
    return OrderUpdated(
        order_id=ORDER_ID, status=status, updated_at=later(status.rank), reason=reason
    )


def stock_reserved(*sellers: str) -> StockReserved:
    return StockReserved(order_id=ORDER_ID, reserved_at=later(1), sellers=sellers)


def stock_rejected(*sellers: str) -> StockRejected:
    return StockRejected(
        order_id=ORDER_ID,
        reason=RejectionReason.INSUFFICIENT_STOCK,
        items=(),
        rejected_at=later(1),
        sellers=sellers,
    )


def user_registered() -> UserRegistered:
    return UserRegistered(
        user_id=BUYER_ID, email="ana@example.com", role=Role.BUYER, created_at=NOW
    )


def a_user_document(*, name: str = "Ana Trujillo", is_active: bool = True) -> UserDocument:
    return UserDocument(
        user_id=BUYER_ID,
        email="ana@example.com",
        name=name,
        role=Role.BUYER,
        is_active=is_active,
        created_at=NOW,
    )


def a_reply(
    command: str = "CREATE_ORDER",
    *,
    result: object = None,
    subject: str | None = ORDER_ID,
    operation_id: str = OPERATION_ID,
) -> CommandReplied:
    """Return the reply to a command that succeeded, as it comes off the wire."""
    reply = CommandReplied(
        operation_id=operation_id,
        command=command,
        status=OutcomeStatus.SUCCEEDED,
        completed_at=later(1),
        result=NO_RESULT if result is None else Raw(codec.encode(result)),
        subject=subject,
    )
    return codec.decode(codec.encode(reply), CommandReplied)


def a_refusing_reply(command: str = "CREATE_ORDER") -> CommandReplied:
    """Return the reply to a command that was refused, as it comes off the wire."""
    error = ReplyError(
        kind=Kind.CONFLICT, type="taken", title="It is taken", detail="Choose another"
    )
    reply = CommandReplied(
        operation_id=OPERATION_ID,
        command=command,
        status=OutcomeStatus.FAILED,
        completed_at=later(2),
        error=error,
    )
    return codec.decode(codec.encode(reply), CommandReplied)


def a_product_view(
    number: int = 1,
    *,
    name: str = "Chai",
    description: str = "",
    sku: str | None = None,
    price: str = "18.00",
    category: str = "Beverages",
    seller_id: str | None = SELLER_ID,
    is_active: bool = True,
    created_at: datetime = NOW,
) -> ProductView:
    """Return a product that is shown; a higher number gives a higher id."""
    return ProductView(
        product_id=a_product_id(number),
        name=name,
        description=description,
        sku=f"SKU-{number}" if sku is None else sku,
        price=Money(price),
        stock=10,
        category=category,
        is_active=is_active,
        seller_id=seller_id,
        version=1,
        created_at=created_at,
        updated_at=created_at,
        details_version=1,
    )


def a_product_stub(number: int = 1) -> ProductView:
    """Return a product of which only the stock is known."""
    return ProductView(product_id=a_product_id(number), stock=7, version=2, updated_at=NOW)


def an_order_view(
    number: int = 1,
    status: OrderStatus = OrderStatus.PENDING,
    *,
    buyer: str = BUYER_ID,
    sellers: tuple[str, ...] = (SELLER_ID,),
    created_at: datetime = NOW,
) -> OrderView:
    """Return an order that is shown; a higher number gives a higher id."""
    statuses = dict.fromkeys((OrderStatus.PENDING, status))
    return OrderView(
        order_id=an_order_id(number),
        user_id=buyer,
        items=(OrderLine(product_id=PRODUCT_ID, quantity=2, price=Money("18.00")),),
        total_amount=Money("36.00"),
        created_at=created_at,
        is_shown=True,
        sellers=sellers,
        timeline=tuple(
            TimelineEntry(id=each.rank, status=each, at=created_at + timedelta(seconds=each.rank))
            for each in statuses
        ),
    )


def an_order_stub(number: int = 1) -> OrderView:
    """Return an order of which only a later status and the sellers are known."""
    entry = TimelineEntry(id=OrderStatus.CONFIRMED.rank, status=OrderStatus.CONFIRMED, at=NOW)
    return OrderView(order_id=an_order_id(number), sellers=(SELLER_ID,), timeline=(entry,))


def a_user_view(*, name: str = "Ana Trujillo", is_active: bool = True) -> UserView:
    return UserView(
        user_id=BUYER_ID,
        email="ana@example.com",
        name=name,
        role=Role.BUYER,
        is_active=is_active,
        created_at=NOW,
    )


def an_operation_view(*, result: bytes = b'{"total":36.00}') -> OperationView:
    return OperationView(
        operation_id=OPERATION_ID,
        command="CREATE_ORDER",
        status=OutcomeStatus.SUCCEEDED,
        subject=ORDER_ID,
        result=Raw(result),
        error=None,
        completed_at=NOW,
    )


def kept_under(view: View) -> tuple[str, str]:
    """Return the collection and the key of a view."""
    match view:
        case ProductView():
            return PRODUCT_VIEWS, view.product_id
        case OrderView():
            return ORDER_VIEWS, view.order_id
        case UserView():
            return USER_VIEWS, view.user_id
        case OperationView():
            return OPERATION_VIEWS, view.operation_id
