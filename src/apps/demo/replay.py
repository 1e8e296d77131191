"""Replays the Northwind orders by date, with the prices of their day and stock raised by a rule."""

import time
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final

from apps.demo.accounts import Account, AdminMaker, open_account
from apps.demo.client import Accepted, ApiClient, NotYetThere, until
from apps.demo.concurrency import each
from apps.demo.northwind import Customer, Day, Northwind, Order
from apps.demo.progress import Reporting
from apps.demo.shop import Shop
from tradex_core.events.order import OrderDocument, OrderStatus
from tradex_core.events.user import Role

_SIGNING_UP: Final = 8
_ORDERING: Final = 16
_PENDING: Final = "pending"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An order that was accepted, and what its buyer then saw become of it."""

    order: Order
    operation_id: str
    order_id: str
    operation_status: str
    status: OrderStatus
    seconds: float


class Replay:
    """Trades as Northwind did, over HTTP alone but for the admin, and keeps what it did and saw."""

    def __init__(
        self, northwind: Northwind, api: ApiClient, platform: AdminMaker, reporting: Reporting
    ) -> None:
        self._northwind = northwind
        self._api = api
        self._platform = platform
        self._reporting = reporting
        self._tokens: dict[str, str] = {}
        self._shop = Shop(api, "")
        self.admin_token = ""
        self.secrets: set[str] = set()
        self.placed: list[Placed] = []

    @property
    def shop(self) -> Shop:
        """The seller's side of it."""
        return self._shop

    def token_of(self, customer: str) -> str:
        """Return a customer's access token."""
        return self._tokens[customer]

    async def run(self) -> None:
        """Open the shop, let the customers sign up, and trade until the last day.

        Raises ApiError where anything but an order's rejection for want of stock stands in the way.
        """
        self.admin_token = await self._sign_up(
            Account.of(Role.ADMIN, "Northwind's operator", "operator@northwind.example")
        )
        seller = Account.of(Role.SELLER, "Northwind Traders", "sales@northwind.example")
        self._shop = Shop(self._api, await self._sign_up(seller))
        await self._fill_the_catalogue()
        await self._sign_up_the_customers()
        await self._trade()

    async def _sign_up(self, account: Account) -> str:
        self.secrets.add(account.password)
        await open_account(account, api=self._api, platform=self._platform)
        tokens = await self._api.log_in(email=account.email, password=account.password)
        self.secrets |= {tokens.access_token, tokens.refresh_token}
        return tokens.access_token

    async def _fill_the_catalogue(self) -> None:
        products = self._northwind.products
        with self._reporting.stage("products", len(products)) as advance:
            await self._shop.open(products, made=lambda product: advance(product.name))

    async def _sign_up_the_customers(self) -> None:
        customers = self._northwind.customers
        with self._reporting.stage("customers", len(customers)) as advance:

            async def sign_up(customer: Customer) -> None:
                email = f"{customer.code.lower()}@customers.northwind.example"
                account = Account.of(Role.BUYER, customer.contact, email)
                self._tokens[customer.code] = await self._sign_up(account)
                advance(customer.company)

            await each(customers, sign_up, at_once=_SIGNING_UP)

    async def _trade(self) -> None:
        month = None
        with self._reporting.stage("orders", len(self._northwind.orders)) as advance:
            for day in self._northwind.days:
                if (day.day.year, day.day.month) != month:
                    month = (day.day.year, day.day.month)
                    await self._shop.replenish(day.day)
                await self._shop.move_prices(day.prices)
                self.placed += await self._trade_on(day)
                for _ in day.orders:
                    advance(day.day.isoformat())

    async def _trade_on(self, day: Day) -> list[Placed]:
        return await each(day.orders, self._order, at_once=_ORDERING)

    async def _order(self, order: Order) -> Placed:
        token = self._tokens[order.customer]
        items = [
            {
                "productId": self._shop.product_id(line.product),
                "quantity": line.quantity,
                "price": line.price,
            }
            for line in order.lines
        ]
        accepted = await self._api.place_order(token, items, key=f"demo-{order.number}")
        began = time.perf_counter()
        status = await self._outcome(token, accepted)
        seconds = time.perf_counter() - began
        operation = await until(
            lambda: self._api.operation(token, accepted.operation_id),
            lambda operation: operation.status != _PENDING,
        )
        return Placed(
            order=order,
            operation_id=accepted.operation_id,
            order_id=accepted.resource_id,
            operation_status=operation.status,
            status=status,
            seconds=seconds,
        )

    async def _outcome(self, token: str, accepted: Accepted) -> OrderStatus:
        with suppress(NotYetThere):
            async with aclosing(self._api.timeline(token, accepted.resource_id)) as timeline:
                async for entry in timeline:
                    if entry.status is not OrderStatus.PENDING:
                        return entry.status
        order = await until(lambda: self._api.order(token, accepted.resource_id), _is_over)
        return order.status


def _is_over(order: OrderDocument) -> bool:
    return order.status is not OrderStatus.PENDING
