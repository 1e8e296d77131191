from dataclasses import replace
from io import StringIO

import msgspec
from rich.console import Console
from tests.apps.demo import market_evidence as market
from tests.apps.demo.market_evidence import BOUGHT, evidence

from apps.demo.evidence import Evidence
from apps.demo.invariants import Finding, check
from apps.demo.northwind import Northwind, Product
from apps.demo.summary import Summary, show, summarise, to_json
from tradex_core.events.order import OrderStatus
from tradex_core.money import Money

TEA = Product("1", "Tea", "20 bags", "Pantry", Money("2.50"), 10)
ORDERS = tuple(placed.order for placed in evidence().placed)
NORTHWIND = Northwind(products=(TEA,), customers=(), orders=ORDERS)


def summary(seen: Evidence | None = None, *findings: Finding) -> Summary:
    seen = seen or evidence()
    return summarise(NORTHWIND, seen, findings or check(seen), price_moves=2, seconds=1.23)


def shown(summary: Summary) -> str:
    stream = StringIO()
    show(summary, Console(file=stream, width=200))
    return stream.getvalue()


def test_orders_are_counted_by_what_became_of_them() -> None:
    counted = summary()

    assert (3, 3, 1, 0) == (counted.orders, counted.accepted, counted.confirmed, counted.pending)
    assert {"insufficient_stock": 1, "price_changed": 0, "requested": 1} == counted.cancelled


def test_only_what_was_sold_is_turnover() -> None:
    counted = summary()

    assert (5, Money("12.50")) == (counted.units, counted.turnover)
    assert [("Pantry", 5, Money("12.50"))] == [
        (sold.category, sold.units, sold.turnover) for sold in counted.categories
    ]


def test_waits_are_given_as_median_and_99th_percentile_by_nearest_rank() -> None:
    placed = tuple(
        market.placed(BOUGHT, OrderStatus.CONFIRMED, seconds=ms / 1000) for ms in range(1, 201)
    )

    counted = summary(evidence(placed=placed))

    assert (100.5, 198.0) == (counted.median_ms, counted.p99_ms)


def test_all_is_well_when_everything_was_accepted_and_every_invariant_holds() -> None:
    assert summary().all_is_well
    assert "All is well, after 1.2 seconds." in shown(summary())


def test_an_order_that_was_not_accepted_is_not_well() -> None:
    assert not summary(
        evidence(placed=evidence().placed[1:]), Finding(1, "It holds", ())
    ).all_is_well


def test_an_order_that_is_pending_is_not_well() -> None:
    orders = {**evidence().orders, BOUGHT: market.shown_order(BOUGHT, OrderStatus.PENDING)}
    counted = summary(evidence(orders=orders), Finding(1, "It holds", ()))

    assert 1 == counted.pending
    assert not counted.all_is_well


def test_a_broken_invariant_is_not_well_and_shows_its_first_faults() -> None:
    faults = tuple(f"fault {number}" for number in range(8))
    counted = summary(None, Finding(4, "Nothing is sold twice", faults))
    text = shown(counted)

    assert not counted.all_is_well
    assert "Something is wrong" in text
    assert "BROKEN" in text
    assert "4: fault 4" in text
    assert "fault 5" not in text
    assert "and 3 more" in text


def test_people_are_shown_the_numbers_the_rule_and_the_invariants() -> None:
    text = shown(summary())

    for expected in ("3 of 3", "cancelled: insufficient_stock", "12.50", "raised to 120", "held"):
        assert expected in text


def test_the_json_is_the_same_in_camel_case() -> None:
    written = msgspec.json.decode(to_json(summary()))

    assert (3, 12.5, 2) == (written["accepted"], written["turnover"], written["priceMoves"])
    assert [True] * 6 == [promise["held"] for promise in written["invariants"]]


def test_what_was_sold_of_a_product_that_is_gone_is_counted_all_the_same() -> None:
    counted = summary(evidence(products={}), Finding(3, "It holds", ()))

    assert [("Pantry", 0), ("not in the catalogue", 5)] == [
        (sold.category, sold.units) for sold in counted.categories
    ]


def test_without_any_order_there_is_no_wait_to_tell_of() -> None:
    empty = replace(NORTHWIND, orders=())
    nothing = evidence(placed=(), orders={})

    counted = summarise(empty, nothing, (), price_moves=0, seconds=0)

    assert (0.0, 0.0, 0) == (counted.median_ms, counted.p99_ms, counted.accepted)
