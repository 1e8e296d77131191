"""What an order is: its life, its facts, its total and how it is shown."""

from datetime import timedelta
from itertools import product

import pytest
from tests.builders.orders import (
    BUYER_ID,
    NOW,
    ORDER_ID,
    SELLER_ID,
    a_fresh_order,
    a_line,
    an_order,
)

from tradex_core.errors import Kind, Undecodable
from tradex_core.events.order import (
    OrderCreated,
    OrderDocument,
    OrderLine,
    OrderStatus,
    OrderUpdated,
)
from tradex_core.events.stock import RejectionReason
from tradex_core.money import Money
from tradex_core.orders.errors import (
    BrokenHistory,
    IllegalTransition,
    OrderExists,
    OrderNotFound,
    OrderTotalTooLarge,
)
from tradex_core.orders.order import (
    TRANSITIONS,
    Advanced,
    Cancelled,
    Confirmed,
    Order,
    OrderFact,
    Placed,
    Reason,
    decode_fact,
    encode_fact,
    evolve,
)

LATER = NOW + timedelta(minutes=5)
PLACED = Placed(
    order_id=ORDER_ID, user_id=BUYER_ID, items=(a_line(),), total_amount=Money("19.98"), at=NOW
)
LAWFUL = [(current, asked) for current, steps in TRANSITIONS.items() for asked in sorted(steps)]
UNLAWFUL = [pair for pair in product(OrderStatus, repeat=2) if pair not in LAWFUL]


def step(order: Order, status: OrderStatus) -> None:
    """Ask for the change that leads to a status."""
    if status is OrderStatus.CONFIRMED:
        order.confirm(sellers=(), at=LATER)
    elif status is OrderStatus.CANCELLED:
        order.cancel(reason=Reason.REQUESTED, at=LATER)
    else:
        order.advance(status, at=LATER)


def test_the_life_of_an_order_is_the_declared_one() -> None:
    expected = {
        "pending": {"confirmed", "cancelled"},
        "confirmed": {"processing", "cancelled"},
        "processing": {"shipped", "cancelled"},
        "shipped": {"delivered"},
        "delivered": set(),
        "cancelled": set(),
    }
    assert expected == {status: set(steps) for status, steps in TRANSITIONS.items()}


@pytest.mark.parametrize(("current", "asked"), LAWFUL)
def test_an_order_takes_every_lawful_step(current: OrderStatus, asked: OrderStatus) -> None:
    order = an_order(current)
    before = order.state
    step(order, asked)
    assert asked == order.state.status
    assert before.version + 1 == order.state.version
    assert order.state.created_at < order.state.updated_at


@pytest.mark.parametrize(("current", "asked"), UNLAWFUL)
def test_an_order_takes_no_other_step_and_says_which_it_was(
    current: OrderStatus, asked: OrderStatus
) -> None:
    order = an_order(current)
    before = order.state
    with pytest.raises(IllegalTransition) as refused:
        step(order, asked)
    assert current in refused.value.detail
    assert asked in refused.value.detail
    assert before is order.state
    assert ([], []) == (order.take_facts(), order.take_events())


@pytest.mark.parametrize("asked", [OrderStatus.CONFIRMED, OrderStatus.CANCELLED])
def test_advancing_leads_to_the_sellers_steps_only(asked: OrderStatus) -> None:
    order = an_order(OrderStatus.PENDING)
    with pytest.raises(IllegalTransition):
        order.advance(asked, at=LATER)
    assert order.state.status is OrderStatus.PENDING


def test_a_placed_order_is_pending_and_tells_that_it_was_created() -> None:
    order = a_fresh_order(a_line("tea", quantity=3, price="0.10"), a_line("mug", quantity=1))
    expected = OrderCreated(
        order_id=ORDER_ID,
        user_id=BUYER_ID,
        items=(a_line("tea", quantity=3, price="0.10"), a_line("mug", quantity=1)),
        total_amount=Money("10.29"),
        status=OrderStatus.PENDING,
        created_at=NOW,
    )
    assert [expected] == order.take_events()
    assert order.is_pending


def test_every_later_change_tells_that_the_order_was_updated() -> None:
    order = an_order()
    order.confirm(sellers=(SELLER_ID,), at=LATER)
    order.cancel(reason=Reason.REQUESTED, at=LATER)
    expected = [
        OrderUpdated(order_id=ORDER_ID, status=OrderStatus.CONFIRMED, updated_at=LATER),
        OrderUpdated(
            order_id=ORDER_ID, status=OrderStatus.CANCELLED, updated_at=LATER, reason="requested"
        ),
    ]
    assert expected == order.take_events()


def test_the_facts_are_taken_once_in_the_order_they_happened() -> None:
    order = a_fresh_order()
    order.confirm(sellers=(SELLER_ID,), at=LATER)
    order.advance(OrderStatus.PROCESSING, at=LATER)
    expected = [
        PLACED,
        Confirmed(sellers=(SELLER_ID,), at=LATER),
        Advanced(status=OrderStatus.PROCESSING, at=LATER),
    ]
    assert expected == order.take_facts()
    assert [] == order.take_facts()


def test_replaying_the_facts_gives_the_same_order_with_nothing_new_to_tell() -> None:
    order = a_fresh_order()
    order.confirm(sellers=(SELLER_ID,), at=LATER)
    order.cancel(reason=Reason.REQUESTED, at=LATER)
    replayed = Order.replay(order.take_facts())
    assert order.state == replayed.state
    assert ([], []) == (replayed.take_facts(), replayed.take_events())


def test_history_is_not_judged_by_the_rules_of_today() -> None:
    state = evolve(evolve(None, PLACED), Advanced(status=OrderStatus.SHIPPED, at=LATER))
    assert state.status is OrderStatus.SHIPPED


def test_an_order_that_is_placed_twice_has_a_broken_history() -> None:
    with pytest.raises(BrokenHistory):
        Order.replay([PLACED, PLACED])


def test_an_order_that_begins_with_anything_else_has_a_broken_history() -> None:
    with pytest.raises(BrokenHistory):
        Order.replay([Confirmed(sellers=(), at=NOW)])


def test_an_order_without_facts_has_a_broken_history() -> None:
    with pytest.raises(BrokenHistory):
        Order.replay([])


@pytest.mark.parametrize(
    ("fact", "json"),
    [
        (
            PLACED,
            (
                b'{"type":"Placed","orderId":"018d0c1e-8a00-7000-8000-00000000000a",'
                b'"userId":"018d0c1e-8a00-7000-8000-0000000000b1",'
                b'"items":[{"productId":"product-tea","quantity":2,"price":9.99}],'
                b'"totalAmount":19.98,"at":"2024-01-15T10:00:00Z"}'
            ),
        ),
        (
            Confirmed(sellers=("one", "two"), at=NOW),
            b'{"type":"Confirmed","sellers":["one","two"],"at":"2024-01-15T10:00:00Z"}',
        ),
        (
            Advanced(status=OrderStatus.SHIPPED, at=NOW),
            b'{"type":"Advanced","status":"shipped","at":"2024-01-15T10:00:00Z"}',
        ),
        (
            Cancelled(reason=Reason.TIMED_OUT, at=NOW),
            b'{"type":"Cancelled","reason":"timed_out","at":"2024-01-15T10:00:00Z"}',
        ),
    ],
    ids=["placed", "confirmed", "advanced", "cancelled"],
)
def test_a_fact_is_kept_as_json_and_read_back(fact: OrderFact, json: bytes) -> None:
    assert json == encode_fact(fact)
    assert fact == decode_fact(json)


@pytest.mark.parametrize("data", [b"{", b"{}", b'{"type":"Forgotten","at":"2024-01-15T10:00:00Z"}'])
def test_what_is_no_fact_cannot_be_read_as_one(data: bytes) -> None:
    with pytest.raises(Undecodable):
        decode_fact(data)


def test_the_total_is_exact_where_floats_are_not() -> None:
    order = a_fresh_order(a_line(quantity=3, price="0.10"), a_line("mug", quantity=1, price="0.20"))
    assert Money("0.50") == order.state.total_amount


def test_a_total_as_large_as_money_can_be_is_accepted() -> None:
    order = a_fresh_order(a_line(quantity=1, price="99999999.98"), a_line(quantity=1, price="0.01"))
    assert Money("99999999.99") == order.state.total_amount


@pytest.mark.parametrize(
    "lines",
    [
        (a_line(quantity=1, price="99999999.99"), a_line(quantity=1, price="0.01")),
        (a_line(quantity=2**31 - 1, price="99999999.99"),) * 100,
    ],
    ids=["by a cent", "by as much as can be"],
)
def test_a_total_beyond_the_bounds_of_money_is_refused(lines: tuple[OrderLine, ...]) -> None:
    with pytest.raises(OrderTotalTooLarge):
        a_fresh_order(*lines)


def test_an_order_is_shown_with_the_reason_it_was_cancelled_for() -> None:
    order = an_order()
    order.cancel(reason=Reason.TIMED_OUT, at=LATER)
    expected = OrderDocument(
        order_id=ORDER_ID,
        user_id=BUYER_ID,
        items=(a_line(),),
        total_amount=Money("19.98"),
        status=OrderStatus.CANCELLED,
        reason="timed_out",
        created_at=NOW,
        updated_at=LATER,
    )
    assert expected == order.document()


def test_an_order_is_shown_without_a_reason_unless_it_is_cancelled() -> None:
    assert an_order(OrderStatus.DELIVERED).document().reason is None


@pytest.mark.parametrize(
    ("current", "asked"),
    [
        (OrderStatus.PENDING, OrderStatus.CONFIRMED),
        (OrderStatus.PENDING, OrderStatus.CANCELLED),
        (OrderStatus.CONFIRMED, OrderStatus.PROCESSING),
    ],
)
def test_time_never_runs_back_within_an_order(current: OrderStatus, asked: OrderStatus) -> None:
    order = an_order(current, at=LATER + timedelta(hours=1))
    step(order, asked)
    assert LATER + timedelta(hours=1) == order.state.updated_at
    assert [LATER + timedelta(hours=1)] == [fact.at for fact in order.take_facts()]


def test_every_reason_of_the_catalogue_can_be_an_orders() -> None:
    assert {"requested", "timed_out", *RejectionReason} == {reason.value for reason in Reason}


def test_refusals_have_stable_names() -> None:
    expected = {
        OrderNotFound: (Kind.NOT_FOUND, "order_not_found"),
        OrderExists: (Kind.CONFLICT, "order_exists"),
        IllegalTransition: (Kind.CONFLICT, "illegal_transition"),
        OrderTotalTooLarge: (Kind.INVALID, "order_total_too_large"),
    }
    assert expected == {refusal: (refusal.kind, refusal.slug) for refusal in expected}


@pytest.mark.parametrize("shared", [PLACED, a_fresh_order().state], ids=["a fact", "a state"])
def test_what_stores_share_cannot_be_changed_in_place(shared: object) -> None:
    with pytest.raises(AttributeError):
        setattr(shared, "user_id", "somebody else")  # noqa: B010 - a type checker would refuse it
