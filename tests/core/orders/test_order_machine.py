"""An order under any sequence of commands and events, in any order, however the clock runs."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.builders.machines import FakeClock
from tests.builders.orders import (
    ADMIN,
    BUYER,
    ORDER_ID,
    OTHER_BUYER,
    OTHER_SELLER,
    SELLER,
    SELLER_ID,
    OrdersInDict,
    a_line,
    advance_command,
    cancel_command,
    create_command,
    stock_rejected,
    stock_reserved,
)

from tradex_core.errors import Refusal
from tradex_core.events.envelope import Actor
from tradex_core.events.fields import Event
from tradex_core.events.order import OrderCreated, OrderLine, OrderStatus, OrderUpdated
from tradex_core.events.stock import RejectionReason
from tradex_core.orders.advance_order import advance_order
from tradex_core.orders.cancel_order import cancel_order
from tradex_core.orders.confirm_order import confirm_order
from tradex_core.orders.create_order import create_order
from tradex_core.orders.order import (
    TRANSITIONS,
    Order,
    OrderFact,
    OrderState,
    decode_fact,
    encode_fact,
)
from tradex_core.orders.reject_order import reject_order
from tradex_core.orders.time_out_order import time_out_order

ACTORS = st.sampled_from([BUYER, SELLER, ADMIN, OTHER_BUYER, OTHER_SELLER])
LINES = st.builds(
    a_line,
    st.sampled_from(["product-tea", "product-mug"]),
    quantity=st.integers(1, 100),
    price=st.decimals(0, 100, places=2).map(str),
)
NEXT_STEPS = {
    OrderStatus.CONFIRMED: OrderStatus.PROCESSING,
    OrderStatus.PROCESSING: OrderStatus.SHIPPED,
    OrderStatus.SHIPPED: OrderStatus.DELIVERED,
}
BASKETS = st.lists(LINES, min_size=1, max_size=3)


class OrderMachine(RuleBasedStateMachine):
    """One order id; whatever arrives for it is handled as a service would, and saved after each."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.orders = OrdersInDict()
        self.history: list[OrderState] = []
        self.facts: list[OrderFact] = []
        self.events: list[Event] = []

    def handle(self, use_case: Callable[[], object]) -> None:
        """Run a use case, then save as a store does; a refusal must have left nothing to save."""
        try:
            use_case()
            refused = False
        except Refusal:
            refused = True
        order = self.orders.find(ORDER_ID)
        if order is None:
            return
        facts, events = order.take_facts(), order.take_events()
        assert not (refused and (facts or events))
        assert len(facts) == len(events)
        self.facts += [decode_fact(encode_fact(fact)) for fact in facts]
        self.events += events
        if not self.history or self.history[-1] is not order.state:
            self.history.append(order.state)
        self.orders = OrdersInDict(Order(order.state))

    @initialize(lines=BASKETS)
    def place(self, lines: list[OrderLine]) -> None:
        self.create(lines, BUYER)

    @rule(lines=BASKETS, actor=ACTORS | st.none())
    def place_again(self, lines: list[OrderLine], actor: Actor | None) -> None:
        self.create(lines, actor)

    def create(self, lines: list[OrderLine], actor: Actor | None) -> None:
        self.handle(
            lambda: create_order(
                create_command(*lines),
                actor=actor,
                order_id=ORDER_ID,
                orders=self.orders,
                clock=self.clock,
            )
        )

    @rule()
    def hear_of_the_reservation(self) -> None:
        event = stock_reserved(sellers=(SELLER_ID,))
        self.handle(lambda: confirm_order(event, orders=self.orders, clock=self.clock))

    @rule(reason=st.sampled_from(RejectionReason))
    def hear_of_the_rejection(self, reason: RejectionReason) -> None:
        event = stock_rejected(reason=reason)
        self.handle(lambda: reject_order(event, orders=self.orders, clock=self.clock))

    @rule(actor=ACTORS)
    def cancel(self, actor: Actor) -> None:
        command = cancel_command()
        self.handle(
            lambda: cancel_order(command, orders=self.orders, actor=actor, clock=self.clock)
        )

    @rule(actor=ACTORS, status=st.sampled_from(OrderStatus))
    def advance(self, actor: Actor, status: OrderStatus) -> None:
        command = advance_command(status)
        self.handle(
            lambda: advance_order(command, orders=self.orders, actor=actor, clock=self.clock)
        )

    @precondition(lambda self: self.history and self.history[-1].status in NEXT_STEPS)
    @rule()
    def take_the_next_step(self) -> None:
        self.advance(SELLER, NEXT_STEPS[self.history[-1].status])

    @rule(seconds=st.integers(30, 90))
    def time_out(self, seconds: int) -> None:
        timeout = timedelta(seconds=seconds)
        self.handle(
            lambda: time_out_order(
                ORDER_ID, orders=self.orders, clock=self.clock, pending_timeout=timeout
            )
        )

    @rule(seconds=st.integers(-120, 120))
    def set_the_clock(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @invariant()
    def each_fact_makes_one_version_and_one_event(self) -> None:
        versions = [state.version for state in self.history]
        assert list(range(1, len(self.facts) + 1)) == versions
        assert len(self.facts) == len(self.events)

    @invariant()
    def the_facts_alone_make_the_order(self) -> None:
        for length, state in enumerate(self.history, start=1):
            assert state == Order.replay(self.facts[:length]).state

    @invariant()
    def the_status_moves_by_declared_steps_to_higher_ranks(self) -> None:
        for former, latter in zip(self.history, self.history[1:], strict=False):
            assert latter.status in TRANSITIONS[former.status]
            assert former.status.rank < latter.status.rank

    @invariant()
    def what_was_ordered_never_changes_and_time_never_runs_back(self) -> None:
        for former, latter in zip(self.history, self.history[1:], strict=False):
            assert former.items == latter.items
            assert former.total_amount == latter.total_amount
            assert former.user_id == latter.user_id
            assert former.created_at == latter.created_at
            assert former.updated_at <= latter.updated_at

    @invariant()
    def a_cancelled_order_has_a_reason_and_no_other_has(self) -> None:
        for state in self.history:
            assert (state.status is OrderStatus.CANCELLED) == (state.reason is not None)

    @invariant()
    def the_events_tell_every_state_in_order(self) -> None:
        told = [
            event.status for event in self.events if isinstance(event, OrderCreated | OrderUpdated)
        ]
        assert [state.status for state in self.history] == told
        assert all(isinstance(event, OrderUpdated) for event in self.events[1:])


TestOrder = OrderMachine.TestCase
TestOrder.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
