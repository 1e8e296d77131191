"""The shop that is measured: a seller's products, and a buyer who orders two of them at a time."""

from collections.abc import Callable, Sequence
from typing import Final

from apps.gateway.bodies import NewOrder, OrderItem
from apps.gateway.effects import order_id_of, product_id_of
from apps.platform.platform import Platform
from tradex_core.events import codec
from tradex_core.events.envelope import Actor
from tradex_core.events.fields import Command
from tradex_core.events.order import CreateOrder, OrderLine, OrderStatus
from tradex_core.events.product import CreateProduct
from tradex_core.events.user import Role
from tradex_core.ids import OperationId
from tradex_core.money import Money
from tradex_core.operations.submit import Request, Submission

SELLER: Final = Actor(user_id="018d0c1e-8a00-7000-8000-0000000000c1", role=Role.SELLER)
BUYER: Final = Actor(user_id="018d0c1e-8a00-7000-8000-0000000000b1", role=Role.BUYER)
PRODUCTS: Final = 1_000
PRICE: Final = Money("18.50")

_STOCK: Final = 2_000_000_000
_STRIDES: Final = (7, 13)
"""Odd steps through the products, so that orders meet on some and not on others."""
_PATIENCE_SECONDS: Final = 600

Build = Callable[[OperationId], Command]


class Shop:
    """Products that never run out, and orders of two of them each, sent as the gateway sends."""

    def __init__(self, platform: Platform, product_ids: Sequence[str]) -> None:
        self.product_ids = product_ids
        self._platform = platform
        self._submission: Submission = platform.container.gateway.submission()

    async def order(self, count: int) -> None:
        """Publish so many CREATE_ORDERs, each acknowledged before the next."""
        for number in range(count):
            build = an_order(lines_of(number, self.product_ids))
            await submit(self._submission, CreateOrder, build, BUYER)

    async def settled(self) -> None:
        """Wait until every order is confirmed in the view and nothing is left to do.

        Raises RuntimeError where one is not.
        """
        if not await self._platform.quiet(_PATIENCE_SECONDS):
            msg = f"the platform was still busy after {_PATIENCE_SECONDS} s"
            raise RuntimeError(msg)
        views = self._platform.views_database.views
        for order_id in self._platform.orders_database.histories:
            view = await views.order(order_id)
            if view is None or view.status is not OrderStatus.CONFIRMED:
                msg = f"order {order_id} is {view.status if view else 'not there'}"
                raise RuntimeError(msg)


async def open_shop(platform: Platform, *, products: int = PRODUCTS) -> Shop:
    """Put products into a platform's catalogue, as their seller does."""
    submission: Submission = platform.container.gateway.submission()
    product_ids: list[str] = []
    for number in range(products):
        command = await submit(submission, CreateProduct, _product(number), SELLER)
        product_ids.append(str(command.subject))
    shop = Shop(platform, product_ids)
    await shop.settled()
    return shop


async def submit(
    submission: Submission, kind: type[Command], build: Build, actor: Actor
) -> Command:
    """Give a command its operation and publish it; return it."""
    request = Request(command=kind, build=build, actor=actor)
    return await submission.publish(request, await submission.open(request))


def lines_of(number: int, product_ids: Sequence[str]) -> tuple[OrderLine, ...]:
    """Return the two lines of an order: neighbours buy other things."""
    places = [(number * stride + place) % len(product_ids) for place, stride in enumerate(_STRIDES)]
    return tuple(
        OrderLine(product_ids[place], quantity, PRICE)
        for quantity, place in enumerate(places, start=1)
    )


def body_of(number: int, product_ids: Sequence[str]) -> bytes:
    """Return the body of an order's request, with the prices that the client saw."""
    items = [
        OrderItem(product_id=line.product_id, quantity=line.quantity, price=line.price)
        for line in lines_of(number, product_ids)
    ]
    return codec.encode(NewOrder(items=tuple(items)))


def an_order(lines: tuple[OrderLine, ...]) -> Build:
    """Return what makes the buyer's order of these lines."""
    return lambda operation_id: CreateOrder(BUYER.user_id, lines, order_id_of(operation_id))


def _product(number: int) -> Build:
    return lambda operation_id: CreateProduct(
        name=f"Product {number}",
        description="A thing that people buy.",
        sku=f"SKU-{number:06}",
        price=PRICE,
        stock=_STOCK,
        category=f"Category {number % 20}",
        product_id=product_id_of(operation_id),
        seller_id=SELLER.user_id,
    )
