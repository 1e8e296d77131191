"""Buyers and sellers, each with a will of their own."""

import asyncio
from typing import Any, Final

from tests.simulation.client import Client
from tests.simulation.history import Deed, History
from tests.simulation.network import Network
from tests.simulation.world import World

from tradex_core.events.user import Role

_NEXT: Final = {"confirmed": "processing", "processing": "shipped", "shipped": "delivered"}
_NO_SUCH_PRODUCT: Final = "5f" * 12
_GIVING_UP: Final = 40


class Market:
    """What is said aloud: which products and orders there are."""

    def __init__(self) -> None:
        self.products: list[str] = []
        self.orders: list[str] = []


class Seller(Client):
    """Puts products into the catalogue, changes prices and stock, and sends orders on."""

    def __init__(
        self, name: str, *, market: Market, world: World, network: Network, history: History
    ) -> None:
        super().__init__(name, Role.SELLER, world=world, network=network, history=history)
        self._market = market

    async def run(self, *, products: int, steps: int) -> None:
        """Open a shop and mind it."""
        if not await self.sign_in():
            return
        mine = [product for product in [await self._create(n) for n in range(products)] if product]
        for _ in range(steps if mine else 0):
            await self.pause(0.8)
            product = self.chance.choice(mine)
            await self.chance.choice((self._price, self._stock, self._advance, self._advance))(
                product
            )

    async def _create(self, number: int) -> str | None:
        deed = await self.ask(
            "create",
            "POST",
            "/v1/products",
            {
                "name": f"{self.name}'s product {number}",
                "description": "",
                "sku": "rare" if self.chance.random() < 0.15 else f"{self.name}-{number}",
                "price": self._some_price(),
                "stock": self.chance.choice((0, 1, 3, 8, 12)),
                "category": "things",
            },
            keyed=True,
            wait=self.chance.choice((0, 2)),
        )
        if deed.thing is not None:
            self._market.products.append(deed.thing)
        return deed.thing

    async def _price(self, product: str) -> None:
        changes: dict[str, Any] = {"price": self._some_price()}
        if self.chance.random() < 0.1:
            changes["isActive"] = self.chance.random() < 0.5
        wait = self.chance.choice((0, 0, 1))
        for _ in range(self.chance.choice((1, 1, 2))):
            await self.ask(
                "patch",
                "PATCH",
                f"/v1/products/{product}",
                changes,
                keyed=False,
                about=product,
                wait=wait,
            )
            changes["price"] = self._some_price()

    async def _stock(self, product: str) -> None:
        operation = self.chance.choice(("increase", "increase", "decrease"))
        await self.ask(
            "adjust",
            "POST",
            f"/v1/products/{product}/stock",
            {"operation": operation, "quantity": self.chance.randint(1, 4)},
            keyed=self.chance.random() < 0.7,
            about=product,
            wait=self.chance.choice((0, 0, 1)),
        )

    async def _advance(self, _product: str) -> None:
        answer = await self.look("GET", "/v1/orders?limit=20")
        if not answer.is_ok:
            return
        waiting = [order for order in answer.json["items"] if order["status"] in _NEXT]
        if not waiting:
            return
        order = self.chance.choice(waiting)
        await self.ask(
            "advance",
            "POST",
            f"/v1/orders/{order['orderId']}/status",
            {"status": _NEXT[order["status"]]},
            keyed=self.chance.random() < 0.5,
            about=order["orderId"],
        )

    def _some_price(self) -> float:
        return self.chance.choice((1, 2.5, 9.99, 12.3))


class Buyer(Client):
    """Orders, cancels, asks what became of it, and orders again."""

    def __init__(
        self, name: str, *, market: Market, world: World, network: Network, history: History
    ) -> None:
        super().__init__(name, Role.BUYER, world=world, network=network, history=history)
        self._market = market
        self._placed: list[Deed] = []

    async def run(self, *, steps: int) -> None:
        """Go shopping."""
        if not await self.sign_in():
            return
        for _ in range(_GIVING_UP):
            if self._market.products:
                break
            await asyncio.sleep(0.25)
        await self._shop(steps)

    async def come_again(self, *, steps: int) -> None:
        """Go shopping once more, a good while later."""
        if await self.log_in():
            await self._shop(steps)

    async def _shop(self, steps: int) -> None:
        for _ in range(steps):
            await self.pause(0.6)
            await self.chance.choice(
                (self._order, self._order, self._order, self._cancel, self._follow, self._watch)
            )()
            if self.chance.random() < 0.1:
                await self.refresh()

    async def _order(self) -> None:
        items = [await self._line() for _ in range(self.chance.choice((1, 1, 2)))]
        deed = await self.ask(
            "order",
            "POST",
            "/v1/orders",
            {"items": items},
            keyed=self.chance.random() < 0.7,
            wait=self.chance.choice((0, 0, 1, 3)),
        )
        self._placed.append(deed)
        if deed.key and self.chance.random() < 0.1:
            other = Deed(
                self.name, "reuse", "POST", "/v1/orders", b'{"items":[]}', deed.began, key=deed.key
            )
            other.body = deed.body.replace(b'"quantity": ', b'"quantity": 1')
            self.history.deeds.append(other)
            await self.attempt(other)
        if self.chance.random() < 0.2:
            await self._cancel_order(deed)

    async def _line(self) -> dict[str, Any]:
        known = self._market.products
        product = self.chance.choice(known) if known else _NO_SUCH_PRODUCT
        if self.chance.random() < 0.05:
            product = _NO_SUCH_PRODUCT
        line: dict[str, Any] = {"productId": product, "quantity": self.chance.choice((1, 1, 2, 3))}
        answer = await self.look("GET", f"/v1/products/{product}")
        if answer.is_ok and self.chance.random() < 0.7:
            line["price"] = answer.json["price"]
        elif not answer.is_ok or self.chance.random() < 0.3:
            line["price"] = self.chance.choice((1, 2.5, 9.99))
        return line

    async def _cancel(self) -> None:
        if self._placed:
            await self._cancel_order(self.chance.choice(self._placed))

    async def _cancel_order(self, placed: Deed) -> None:
        if placed.thing is None:
            return
        await self.ask(
            "cancel",
            "POST",
            f"/v1/orders/{placed.thing}/cancel",
            None,
            keyed=self.chance.random() < 0.5,
            about=placed.thing,
            wait=self.chance.choice((0, 0, 1)),
        )

    async def _follow(self) -> None:
        if not self._placed:
            return
        deed = self.chance.choice(self._placed)
        for operation_id in deed.operation_ids:
            await self.look_at_operation(operation_id)
        if deed.thing is not None:
            await self.look_at_order(deed.thing)

    async def _watch(self) -> None:
        things = [deed.thing for deed in self._placed if deed.thing is not None]
        if things:
            await self.watch(self.chance.choice(things[-2:]))
