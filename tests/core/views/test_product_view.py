"""The product view: the latest details and the latest stock, whichever event came when."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.views import PRODUCT_ID, later, product_created, product_updated, stock_updated

from tradex_core.events.product import ProductDocument
from tradex_core.events.stock import StockUpdated
from tradex_core.money import Money
from tradex_core.views.product_view import ProductView, apply_product, apply_stock

ProductEvent = ProductDocument | StockUpdated


def seen(*events: ProductEvent) -> ProductView:
    view = None
    for event in events:
        if isinstance(event, StockUpdated):
            view = apply_stock(view, event)
        else:
            view = apply_product(view, event)
    assert view is not None
    return view


@st.composite
def histories(draw: st.DrawFn) -> list[ProductEvent]:
    """Draw a product's events as the catalogue publishes them: one a version, whole documents."""
    events: list[ProductEvent] = [product_created(stock=100)]
    stock = 100
    for version in range(2, draw(st.integers(1, 8)) + 1):
        if draw(st.booleans()):
            stock = draw(st.integers(0, 100))
            events.append(stock_updated(version, stock=stock))
        else:
            name = draw(st.sampled_from(["Chai", "Chang"]))
            events.append(product_updated(version, name=name, stock=stock))
    return events


def test_a_created_product_is_shown_as_it_was_created() -> None:
    view = seen(product_created())

    assert view.is_shown
    assert (
        ProductDocument(
            product_id=PRODUCT_ID,
            name="Chai",
            description="A spiced tea.",
            sku="CHAI-1",
            price=Money("18.00"),
            stock=10,
            category="Beverages",
            image_url=None,
            is_active=True,
            seller_id=product_created().seller_id,
            version=1,
            created_at=later(0),
            updated_at=later(0),
        )
        == view.document()
    )


def test_an_update_replaces_the_details() -> None:
    view = seen(product_created(), product_updated(2, name="Chang", price="19.00", is_active=False))

    assert ("Chang", Money("19.00"), False) == (view.name, view.price, view.is_active)
    assert (2, later(2)) == (view.version, view.updated_at)


def test_a_stock_movement_changes_the_stock_and_the_version_alone() -> None:
    before = seen(product_created(stock=10))
    view = apply_stock(before, stock_updated(2, stock=9))

    assert (9, 2, later(2)) == (view.stock, view.version, view.updated_at)
    assert (before.name, 1) == (view.name, view.details_version)


def test_an_update_carries_the_stock_too() -> None:
    view = seen(product_created(stock=10), product_updated(2, stock=4))

    assert 4 == view.stock


def test_details_older_than_the_stock_are_taken_without_their_stock() -> None:
    view = seen(product_created(), stock_updated(3, stock=7), product_updated(2, name="Chang"))

    assert ("Chang", 7, 3) == (view.name, view.stock, view.version)


def test_stock_older_than_what_is_known_is_passed_over() -> None:
    view = seen(product_created(), product_updated(3, stock=5), stock_updated(2, stock=9))

    assert (5, 3, later(3)) == (view.stock, view.version, view.updated_at)


def test_details_older_than_what_is_known_are_passed_over() -> None:
    view = seen(product_updated(3, name="Chang"), product_updated(2, name="Chai"))

    assert ("Chang", 3) == (view.name, view.version)


def test_a_creation_that_comes_last_changes_nothing() -> None:
    view = seen(product_updated(2, name="Chang"))

    assert view is apply_product(view, product_created(name="Chai"))


def test_stock_before_the_creation_makes_a_stub_that_is_not_shown() -> None:
    view = seen(stock_updated(2, stock=7))

    assert not view.is_shown
    assert (7, 2) == (view.stock, view.version)


def test_a_stub_is_shown_once_the_details_are_known_and_keeps_its_stock() -> None:
    view = seen(stock_updated(2, stock=7), product_created(stock=10))

    assert view.is_shown
    assert ("Chai", 7, 2) == (view.name, view.stock, view.version)


@pytest.mark.parametrize(
    "event", [product_created(), product_updated(2), stock_updated(3, stock=1)]
)
def test_an_event_that_comes_twice_leaves_the_very_same_view(event: ProductEvent) -> None:
    view = seen(product_created(), product_updated(2), stock_updated(3, stock=1))

    assert view is (
        apply_stock(view, event) if isinstance(event, StockUpdated) else apply_product(view, event)
    )


def test_every_order_of_the_three_kinds_of_event_ends_in_the_same_view() -> None:
    events: list[ProductEvent] = [
        product_created(),
        product_updated(2, name="Chang"),
        stock_updated(3, stock=1),
    ]

    assert {("Chang", 1, 3)} == {
        (view.name, view.stock, view.version)
        for view in (seen(*order) for order in permutations(events))
    }


@given(st.data(), histories())
def test_any_order_with_any_repeats_ends_in_the_same_view(
    data: st.DataObject, events: list[ProductEvent]
) -> None:
    repeats = data.draw(st.lists(st.sampled_from(events), max_size=5))
    delivered = data.draw(st.permutations([*events, *repeats]))

    assert seen(*events) == seen(*delivered)
