"""What came of the demo: the numbers, the invariants, and whether all is well."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from apps.demo.evidence import Evidence
from apps.demo.invariants import Finding
from apps.demo.northwind import Northwind
from apps.demo.shop import RULE
from tradex_core.events import codec
from tradex_core.events.fields import Wire
from tradex_core.events.order import OrderDocument, OrderStatus
from tradex_core.money import Money
from tradex_core.orders.order import Reason

_SHOWN_FAULTS: Final = 5
_UNSOLD: Final = frozenset({OrderStatus.PENDING, OrderStatus.CANCELLED})
_EXPECTED_REASONS: Final = (Reason.INSUFFICIENT_STOCK, Reason.PRICE_CHANGED)


class Promise(Wire, frozen=True):
    """An invariant, and what breaks it."""

    number: int
    promise: str
    held: bool
    faults: tuple[str, ...]


class Category(Wire, frozen=True):
    """What was sold of a category."""

    category: str
    units: int
    turnover: Money


class Summary(Wire, frozen=True, kw_only=True):
    """The demo in numbers; units and turnover are those of confirmed orders."""

    orders: int
    accepted: int
    confirmed: int
    pending: int
    cancelled: dict[str, int]
    price_moves: int
    units_replenished: int
    replenishment: str
    units: int
    turnover: Money
    categories: tuple[Category, ...]
    median_ms: float
    p99_ms: float
    seconds: float
    repeats: int
    invariants: tuple[Promise, ...]

    @property
    def all_is_well(self) -> bool:
        """Whether every order was accepted and came to its end, and every invariant holds."""
        everything = self.accepted == self.orders and not self.pending
        return everything and all(promise.held for promise in self.invariants)


def summarise(
    northwind: Northwind,
    evidence: Evidence,
    findings: Iterable[Finding],
    *,
    price_moves: int,
    seconds: float,
) -> Summary:
    """Count what the evidence holds; `seconds` is how long the whole of it took."""
    orders = [evidence.orders[p.order_id] for p in evidence.placed if p.order_id in evidence.orders]
    sold = [order for order in orders if order.status not in _UNSOLD]
    categories = _categories(northwind, evidence, sold)
    waits = sorted(placed.seconds * 1000 for placed in evidence.placed)
    return Summary(
        orders=len(northwind.orders),
        accepted=len(evidence.placed),
        confirmed=len(sold),
        pending=sum(order.status is OrderStatus.PENDING for order in orders),
        cancelled=_cancelled(orders),
        price_moves=price_moves,
        units_replenished=sum(evidence.replenished.values()),
        replenishment=RULE,
        units=sum(category.units for category in categories),
        turnover=Money.of_cents(sum(category.turnover.cents for category in categories)),
        categories=categories,
        median_ms=round(statistics.median(waits), 1) if waits else 0.0,
        p99_ms=round(_percentile(waits, 99), 1) if waits else 0.0,
        seconds=round(seconds, 1),
        repeats=evidence.log.repeats,
        invariants=tuple(Promise(f.number, f.promise, f.held, f.faults) for f in findings),
    )


def to_json(summary: Summary) -> str:
    """Return the summary as JSON."""
    return codec.encode(summary).decode()


def show(summary: Summary, console: Console) -> None:
    """Print the summary for people."""
    console.print(_numbers(summary), _sales(summary), _promises(summary), sep="\n")
    console.print(
        f"{summary.replenishment} Line discounts are not part of the replay.", style="dim"
    )
    verdict = "All is well" if summary.all_is_well else "Something is wrong"
    console.print(f"{verdict}, after {summary.seconds:.1f} seconds.", style="bold")


def _cancelled(orders: Iterable[OrderDocument]) -> dict[str, int]:
    cancelled = (order for order in orders if order.status is OrderStatus.CANCELLED)
    found = Counter(order.reason or "without a reason" for order in cancelled)
    return {**{reason.value: 0 for reason in _EXPECTED_REASONS}, **found}


def _categories(
    northwind: Northwind, evidence: Evidence, sold: Iterable[OrderDocument]
) -> tuple[Category, ...]:
    units: Counter[str] = Counter()
    cents: Counter[str] = Counter()
    for order in sold:
        for line in order.items:
            product = evidence.products.get(line.product_id)
            category = product.category if product else "not in the catalogue"
            units[category] += line.quantity
            cents[category] += (line.price * line.quantity).cents
    names = sorted({*units, *(product.category for product in northwind.products)})
    return tuple(Category(name, units[name], Money.of_cents(cents[name])) for name in names)


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the nearest-rank percentile of values in ascending order."""
    return ordered[ceil(percent / 100 * len(ordered)) - 1]


def _numbers(summary: Summary) -> RenderableType:
    table = Table("orders", "", box=box.SIMPLE_HEAD)
    table.columns[1].justify = "right"
    rows = {
        "accepted": f"{summary.accepted:,} of {summary.orders:,}",
        "confirmed": f"{summary.confirmed:,}",
        **{f"cancelled: {why}": f"{n:,}" for why, n in sorted(summary.cancelled.items())},
        "pending": f"{summary.pending:,}",
        "prices moved": f"{summary.price_moves:,}",
        "units put into stock": f"{summary.units_replenished:,}",
        "202 to outcome, median": f"{summary.median_ms:.1f} ms",
        "202 to outcome, 99th percentile": f"{summary.p99_ms:.1f} ms",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _sales(summary: Summary) -> RenderableType:
    table = Table("category", "units", "turnover", box=box.SIMPLE_HEAD, show_footer=True)
    for column in table.columns[1:]:
        column.justify = "right"
    for sold in summary.categories:
        table.add_row(sold.category, f"{sold.units:,}", f"{sold.turnover.amount:,}")
    footers = ("all", f"{summary.units:,}", f"{summary.turnover.amount:,}")
    for column, footer in zip(table.columns, footers, strict=True):
        column.footer = footer
    return table


def _promises(summary: Summary) -> RenderableType:
    table = Table("", "invariant", "", box=box.SIMPLE_HEAD)
    for promise in summary.invariants:
        verdict = Text("held", "green") if promise.held else Text("BROKEN", "bold red")
        table.add_row(str(promise.number), promise.promise, verdict)
    return Group(table, *(_faults(promise) for promise in summary.invariants if not promise.held))


def _faults(promise: Promise) -> Text:
    rest = len(promise.faults) - _SHOWN_FAULTS
    lines = [f"  {promise.number}: {fault}" for fault in promise.faults[:_SHOWN_FAULTS]]
    return Text("\n".join([*lines, f"  … and {rest} more"] if rest > 0 else lines), "red")
