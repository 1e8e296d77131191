"""The Northwind sample: a trading company's products, customers and orders of 1996 to 1998."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import groupby
from typing import Self

from tradex_core.money import Money


@dataclass(frozen=True)
class Product:
    """A product with the catalogue's price, and what was in stock of it."""

    number: str
    name: str
    quantity_per_unit: str
    category: str
    price: Money
    stock: int

    @property
    def sku(self) -> str:
        """Its stock keeping unit."""
        return f"NW-{int(self.number):04d}"


@dataclass(frozen=True)
class Customer:
    """A company that buys."""

    code: str
    company: str
    contact: str


@dataclass(frozen=True)
class Line:
    """So many of a product at the price of that day, which has no discount taken off."""

    product: str
    quantity: int
    price: Money


@dataclass(frozen=True)
class Order:
    """What a customer ordered on a day."""

    number: str
    customer: str
    day: date
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Day:
    """The orders of one day, which all saw the same prices."""

    day: date
    orders: tuple[Order, ...]

    @property
    def prices(self) -> Mapping[str, Money]:
        """The prices of the products that were ordered on that day."""
        return {line.product: line.price for order in self.orders for line in order.lines}


@dataclass(frozen=True)
class Northwind:
    """The whole of the sample; the orders by date."""

    products: tuple[Product, ...]
    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]

    @classmethod
    def read(cls, folder: Traversable | None = None) -> Self:
        """Read the sample from its CSV files, which are those that Tradex brings along."""
        folder = files("apps.demo") / "northwind" if folder is None else folder
        lines: dict[str, list[Line]] = {}
        for row in _rows(folder, "order_lines"):
            lines.setdefault(row["order_id"], []).append(_line(row))
        orders = [_order(row, lines) for row in _rows(folder, "orders")]
        return cls(
            products=tuple(_product(row) for row in _rows(folder, "products")),
            customers=tuple(_customer(row) for row in _rows(folder, "customers")),
            orders=tuple(sorted(orders, key=lambda order: (order.day, int(order.number)))),
        )

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """The days on which anything was ordered, oldest first."""
        by_day = groupby(self.orders, key=lambda order: order.day)
        return tuple(Day(day, tuple(orders)) for day, orders in by_day)


def _rows(folder: Traversable, name: str) -> Iterator[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _product(row: Mapping[str, str]) -> Product:
    return Product(
        number=row["product_id"],
        name=row["name"],
        quantity_per_unit=row["quantity_per_unit"],
        category=row["category"],
        price=Money(row["unit_price"]),
        stock=int(row["units_in_stock"]),
    )


def _customer(row: Mapping[str, str]) -> Customer:
    return Customer(row["customer_id"], row["company_name"], row["contact_name"])


def _line(row: Mapping[str, str]) -> Line:
    return Line(row["product_id"], int(row["quantity"]), Money(row["unit_price"]))


def _order(row: Mapping[str, str], lines: Mapping[str, list[Line]]) -> Order:
    return Order(
        number=row["order_id"],
        customer=row["customer_id"],
        day=date.fromisoformat(row["order_date"]),
        lines=tuple(lines[row["order_id"]]),
    )
