"""The seller's work: a catalogue of the Northwind products, its prices and its stock."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final

from apps.demo.client import ApiClient, until
from apps.demo.concurrency import each
from apps.demo.northwind import Product
from tradex_core.events.product import ProductDocument
from tradex_core.money import Money

AT_ONCE: Final = 8
LOW: Final = 50
FULL: Final = 120
RULE: Final = (
    f"On the first day of trade of a month, every product with fewer than {LOW} units in stock"
    f" is raised to {FULL}."
)


def _unheard(_product: Product) -> None:
    """Tell nobody."""


class Shop:
    """A seller and what they have in the catalogue."""

    def __init__(self, api: ApiClient, token: str) -> None:
        self._api = api
        self._token = token
        self._ids: dict[str, str] = {}
        self._prices: dict[str, Money] = {}
        self.initial_stock: dict[str, int] = {}
        self.replenished: dict[str, int] = {}
        self.price_moves = 0

    def product_id(self, number: str) -> str:
        """Return the id that a Northwind product has in the catalogue."""
        return self._ids[number]

    async def open(
        self, products: Iterable[Product], *, made: Callable[[Product], None] = _unheard
    ) -> None:
        """Create the products with their catalogue prices and what is in stock of them."""

        async def create(product: Product) -> None:
            await self._create(product)
            made(product)

        await each(products, create, at_once=AT_ONCE)

    async def move_prices(self, prices: Mapping[str, Money]) -> None:
        """Change the prices that differ from these, and wait until everybody sees the new ones."""
        moved = [number for number, price in prices.items() if self._prices[number] != price]
        await each(moved, lambda number: self._move(number, prices[number]), at_once=AT_ONCE)
        self.price_moves += len(moved)

    async def replenish(self, day: date) -> None:
        """Raise what is low, by the rule."""
        low = [product for product in await self._api.products() if product.stock < LOW]
        await each(low, lambda product: self._raise(product, day), at_once=AT_ONCE)

    async def _create(self, product: Product) -> None:
        body = {
            "name": product.name,
            "description": product.quantity_per_unit,
            "sku": product.sku,
            "price": product.price,
            "stock": product.stock,
            "category": product.category,
        }
        made = await self._api.create_product(self._token, body, key=f"demo-{product.sku}")
        self._ids[product.number] = made.product_id
        self._prices[product.number] = product.price
        self.initial_stock[made.product_id] = product.stock
        self.replenished[made.product_id] = 0

    async def _move(self, number: str, price: Money) -> None:
        product_id = self._ids[number]
        await self._api.update_product(self._token, product_id, price=price)
        await until(lambda: self._api.product(product_id), lambda product: product.price == price)
        self._prices[number] = price

    async def _raise(self, product: ProductDocument, day: date) -> None:
        quantity = FULL - product.stock
        key = f"demo-{day:%Y-%m}-{product.sku}"
        await self._api.increase_stock(self._token, product.product_id, quantity, key=key)
        self.replenished[product.product_id] += quantity
