"""The order view: its life in the order of ranks, whichever event came when."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.views import (
    BUYER_ID,
    NOW,
    ORDER_ID,
    OTHER_SELLER_ID,
    SELLER_ID,
    later,
    order_created,
    order_updated,
    stock_rejected,
    stock_reserved,
)

from tradex_core.events.order import OrderCreated, OrderDocument, OrderStatus, OrderUpdated
from tradex_core.events.stock import StockRejected, StockReserved
from tradex_core.money import Money
from tradex_core.views.order_view import (
    OrderView,
    TimelineEntry,
    apply_created,
    apply_sellers,
    apply_updated,
)

OrderEvent = OrderCreated | OrderUpdated | StockReserved | StockRejected
STEPS = (OrderStatus.CONFIRMED, OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.DELIVERED)


def taken(view: OrderView | None, event: OrderEvent) -> OrderView:
    match event:
        case OrderCreated():
            return apply_created(view, event)
        case OrderUpdated():
            return apply_updated(view, event)
        case StockReserved() | StockRejected():
            return apply_sellers(view, event)


def seen(*events: OrderEvent) -> OrderView:
    view = None
    for event in events:
        view = taken(view, event)
    assert view is not None
    return view


def statuses(view: OrderView) -> list[OrderStatus]:
    return [entry.status for entry in view.timeline]


@st.composite
def lives(draw: st.DrawFn) -> list[OrderEvent]:
    """Draw an order's events: its creation, the verdict on its stock, steps, perhaps its end."""
    if draw(st.booleans()):
        rejection = order_updated(OrderStatus.CANCELLED, reason="insufficient_stock")
        return [order_created(), stock_rejected(SELLER_ID), rejection]
    steps: list[OrderEvent] = [order_updated(step) for step in STEPS[: draw(st.integers(0, 4))]]
    if len(steps) < 3 and draw(st.booleans()):
        steps.append(order_updated(OrderStatus.CANCELLED, reason="requested"))
    return [order_created(), stock_reserved(SELLER_ID, OTHER_SELLER_ID), *steps]


def test_a_created_order_is_shown_as_it_was_placed() -> None:
    view = seen(order_created())

    assert view.is_shown
    assert (
        OrderDocument(
            order_id=ORDER_ID,
            user_id=BUYER_ID,
            items=order_created().items,
            total_amount=Money("36.00"),
            status=OrderStatus.PENDING,
            reason=None,
            created_at=NOW,
            updated_at=NOW,
        )
        == view.document()
    )


def test_the_timeline_begins_with_the_creation() -> None:
    entry = TimelineEntry(id=1, status=OrderStatus.PENDING, at=NOW, reason=None)

    assert (entry,) == seen(order_created()).timeline


def test_an_update_changes_the_status_and_is_entered_in_the_timeline() -> None:
    view = seen(order_created(), order_updated(OrderStatus.CONFIRMED))

    assert (OrderStatus.CONFIRMED, later(2)) == (view.status, view.updated_at)
    assert [1, 2] == [entry.id for entry in view.timeline]


def test_a_cancelled_order_tells_why() -> None:
    view = seen(order_created(), order_updated(OrderStatus.CANCELLED, reason="price_changed"))

    assert "price_changed" == view.document().reason
    assert "price_changed" == view.timeline[-1].reason


def test_a_late_status_is_entered_in_its_place_and_is_not_the_order_s() -> None:
    view = seen(
        order_created(), order_updated(OrderStatus.PROCESSING), order_updated(OrderStatus.CONFIRMED)
    )

    assert (OrderStatus.PROCESSING, later(3)) == (view.status, view.updated_at)
    assert [OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PROCESSING] == statuses(view)


def test_an_update_before_the_creation_makes_a_stub_that_is_not_shown() -> None:
    view = seen(order_updated(OrderStatus.CONFIRMED))

    assert not view.is_shown
    assert OrderStatus.CONFIRMED is view.status


def test_a_stub_is_shown_once_the_order_is_created_with_the_status_it_has_reached() -> None:
    view = seen(order_updated(OrderStatus.CANCELLED, reason="timed_out"), order_created())

    assert view.is_shown
    assert (BUYER_ID, OrderStatus.CANCELLED) == (view.user_id, view.status)
    assert ("timed_out", later(6)) == (view.reason, view.updated_at)
    assert [OrderStatus.PENDING, OrderStatus.CANCELLED] == statuses(view)


@pytest.mark.parametrize(
    "verdict",
    [stock_reserved(SELLER_ID, OTHER_SELLER_ID), stock_rejected(SELLER_ID, OTHER_SELLER_ID)],
    ids=["reserved", "rejected"],
)
def test_the_verdict_on_the_stock_gives_the_sellers_and_nothing_else(verdict: OrderEvent) -> None:
    before = seen(order_created())
    view = taken(before, verdict)

    assert (SELLER_ID, OTHER_SELLER_ID) == view.sellers
    assert before.document() == view.document()
    assert before.timeline == view.timeline


def test_no_seller_who_was_known_is_forgotten() -> None:
    view = seen(order_created(), stock_rejected(OTHER_SELLER_ID), stock_reserved(SELLER_ID))

    assert (SELLER_ID, OTHER_SELLER_ID) == view.sellers


def test_sellers_before_the_creation_make_a_stub_and_are_kept() -> None:
    stub = seen(stock_reserved(SELLER_ID))

    assert not stub.is_shown
    assert (OrderStatus.PENDING, None) == (stub.status, stub.reason)
    assert (SELLER_ID,) == apply_created(stub, order_created()).sellers


@pytest.mark.parametrize(
    "event",
    [
        order_created(),
        order_updated(OrderStatus.CONFIRMED),
        order_updated(OrderStatus.CANCELLED, reason="requested"),
        stock_reserved(SELLER_ID),
    ],
    ids=["created", "confirmed", "cancelled", "reserved"],
)
def test_an_event_that_comes_twice_leaves_the_very_same_view(event: OrderEvent) -> None:
    view = seen(
        order_created(),
        stock_reserved(SELLER_ID),
        order_updated(OrderStatus.CONFIRMED),
        order_updated(OrderStatus.CANCELLED, reason="requested"),
    )

    assert view is taken(view, event)


@given(st.data(), lives())
def test_any_order_with_any_repeats_ends_in_the_same_view(
    data: st.DataObject, events: list[OrderEvent]
) -> None:
    repeats = data.draw(st.lists(st.sampled_from(events), max_size=5))
    delivered = data.draw(st.permutations([*events, *repeats]))

    assert seen(*events) == seen(*delivered)


@given(st.data(), lives())
def test_a_status_never_goes_back(data: st.DataObject, events: list[OrderEvent]) -> None:
    view = None
    ranks: list[int] = []
    times: list[datetime] = []
    for event in data.draw(st.permutations([order_created(), *events])):
        view = taken(view, event)
        ranks.append(view.status.rank)
        times = [entry.at for entry in view.timeline]

    assert sorted(ranks) == ranks
    assert sorted(times) == times
