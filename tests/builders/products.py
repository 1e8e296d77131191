"""Products and movements for tests, what moves them, and their repositories in dicts."""

from datetime import UTC, datetime

from msgspec import UNSET, UnsetType

from tradex_core.events.envelope import Actor
from tradex_core.events.order import OrderCreated, OrderLine, OrderStatus, OrderUpdated
from tradex_core.events.product import AdjustStock, CreateProduct, UpdateProduct
from tradex_core.events.stock import StockOperation
from tradex_core.events.user import Role
from tradex_core.ids import OrderId, ProductId, UserId
from tradex_core.money import Money
from tradex_core.products.movement import Movement, MovementId
from tradex_core.products.ports import Movements, Products
from tradex_core.products.product import Product

NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
TEA = ProductId("65a4f0a00000000000000001")
MUG = ProductId("65a4f0a00000000000000002")
NO_PRODUCT = ProductId("65a4f0a0000000000000000f")
ORDER_ID = OrderId("018d0c1e-8a00-7000-8000-00000000000a")
MESSAGE_ID = MovementId("018d0c1e-8a00-7000-8000-00000000000b")
SELLER_ID = UserId("018d0c1e-8a00-7000-8000-0000000000c1")
STRANGER_ID = UserId("018d0c1e-8a00-7000-8000-0000000000d1")
ADMIN_ID = UserId("018d0c1e-8a00-7000-8000-0000000000e1")

SELLER = Actor(user_id=SELLER_ID, role=Role.SELLER)
OTHER_SELLER = Actor(user_id=STRANGER_ID, role=Role.SELLER)
ADMIN = Actor(user_id=ADMIN_ID, role=Role.ADMIN)
BUYER = Actor(user_id="018d0c1e-8a00-7000-8000-0000000000b1", role=Role.BUYER)


class ProductsInDict(Products):
    """The products of one unit of work."""

    def __init__(self, *products: Product) -> None:
        self.by_id = {product.state.product_id: product for product in products}

    def find(self, product_id: ProductId) -> Product | None:
        return self.by_id.get(product_id)

    def by_sku(self, sku: str) -> Product | None:
        found = (product for product in self.by_id.values() if product.state.sku == sku)
        return next(found, None)

    def add(self, product: Product) -> None:
        assert product.state.product_id not in self.by_id
        assert self.by_sku(product.state.sku) is None
        self.by_id[product.state.product_id] = product


class MovementsInDict(Movements):
    """The movements of one unit of work."""

    def __init__(self, *movements: Movement) -> None:
        self.by_id = {movement.state.movement_id: movement for movement in movements}

    def find(self, movement_id: MovementId) -> Movement | None:
        return self.by_id.get(movement_id)

    def add(self, movement: Movement) -> None:
        assert movement.state.movement_id not in self.by_id
        self.by_id[movement.state.movement_id] = movement


def create_product_command(
    *, sku: str = "TEA-1", price: str = "9.99", stock: int = 10, seller_id: str | None = None
) -> CreateProduct:
    return CreateProduct(
        name="Tea",
        description="Leaves, loose",
        sku=sku,
        price=Money(price),
        stock=stock,
        category="Beverages",
        image_url="https://example.com/tea.jpg",
        seller_id=seller_id,
    )


def update_command(
    product_id: str = TEA,
    *,
    name: str | UnsetType = UNSET,
    price: Money | UnsetType = UNSET,
    image_url: str | UnsetType | None = UNSET,
    is_active: bool | UnsetType = UNSET,
) -> UpdateProduct:
    return UpdateProduct(
        product_id=product_id, name=name, price=price, image_url=image_url, is_active=is_active
    )


def adjust_command(
    operation: StockOperation, quantity: int, *, product_id: str = TEA
) -> AdjustStock:
    return AdjustStock(product_id=product_id, operation=operation, quantity=quantity)


def a_product(
    product_id: ProductId = TEA,
    *,
    price: str = "9.99",
    stock: int = 10,
    seller_id: UserId | None = SELLER_ID,
    is_active: bool = True,
    at: datetime = NOW,
) -> Product:
    """Return a product as it comes out of a store, with a sku of its own."""
    command = create_product_command(sku=f"SKU-{product_id}", price=price, stock=stock)
    product = Product.create(command, product_id=product_id, seller_id=seller_id, at=at)
    product.update(update_command(product_id, is_active=is_active), at=at)
    return Product(product.state)


def a_line(product_id: str = TEA, *, quantity: int = 1, price: str = "9.99") -> OrderLine:
    return OrderLine(product_id=product_id, quantity=quantity, price=Money(price))


def order_created(*items: OrderLine, order_id: str = ORDER_ID) -> OrderCreated:
    return OrderCreated(
        order_id=order_id,
        user_id=BUYER.user_id,
        items=items,
        total_amount=Money("0.00"),
        status=OrderStatus.PENDING,
        created_at=NOW,
    )


def order_updated(
    status: OrderStatus = OrderStatus.CANCELLED, *, order_id: str = ORDER_ID
) -> OrderUpdated:
    return OrderUpdated(order_id=order_id, status=status, updated_at=NOW)
