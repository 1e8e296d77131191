"""Stock under any mix of orders, cancellations, adjustments and updates, repeated and reordered."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from tests.builders.machines import FakeClock
from tests.builders.products import (
    ADMIN,
    MUG,
    NO_PRODUCT,
    TEA,
    MovementsInDict,
    ProductsInDict,
    a_line,
    adjust_command,
    create_product_command,
    order_created,
    order_updated,
    update_command,
)

from tradex_core.errors import Refusal
from tradex_core.events.fields import Event
from tradex_core.events.order import OrderCreated, OrderLine
from tradex_core.events.product import ProductCreated, ProductUpdated
from tradex_core.events.stock import StockOperation, StockRejected, StockReserved, StockUpdated
from tradex_core.ids import ProductId
from tradex_core.money import Money
from tradex_core.products.adjust_stock import adjust_stock
from tradex_core.products.create_product import create_product
from tradex_core.products.movement import (
    Movement,
    MovementId,
    MovementState,
    MovementStatus,
    derived_stock,
)
from tradex_core.products.product import Product, ProductState
from tradex_core.products.release_stock import release_stock
from tradex_core.products.reserve_stock import reserve_stock
from tradex_core.products.update_product import update_product

PRICES = st.sampled_from(["9.99"] * 7 + ["5.00"])
LINES = st.builds(
    a_line,
    st.sampled_from([TEA, MUG] * 4 + [NO_PRODUCT]),
    quantity=st.integers(1, 6),
    price=PRICES,
)
ACTIVITIES = st.sampled_from([True, True, True, False])
"""Most of the time an order is one that can be held, or nothing would ever be given back."""


def ordered(event: OrderCreated) -> Mapping[str, int]:
    """Return how many of each product an order is about."""
    quantities: Counter[str] = Counter()
    for line in event.items:
        quantities[line.product_id] += line.quantity
    return quantities


class StockMachine(RuleBasedStateMachine):
    """A catalogue of two products; messages are delivered at any time, in any order, any often."""

    orders = Bundle("orders")
    adjustments = Bundle("adjustments")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.products = ProductsInDict()
        self.movements = MovementsInDict()
        self.placed: dict[str, OrderCreated] = {}
        self.events: list[Event] = []

    def handle(self, use_case: Callable[[], object]) -> None:
        """Run a use case, then save as a store does; a refusal must have left nothing to save."""
        before = (self.product_states(), self.movement_states())
        try:
            use_case()
        except Refusal:
            assert before == (self.product_states(), self.movement_states())
        for product in self.products.by_id.values():
            self.events += product.take_events()
        for movement in self.movements.by_id.values():
            self.events += movement.take_events()
        self.products = ProductsInDict(*map(Product, self.product_states()))
        self.movements = MovementsInDict(*map(Movement, self.movement_states()))

    def product_states(self) -> list[ProductState]:
        return [product.state for product in self.products.by_id.values()]

    def movement_states(self) -> list[MovementState]:
        return [movement.state for movement in self.movements.by_id.values()]

    def stock(self) -> dict[str, int]:
        return {key: product.state.stock for key, product in self.products.by_id.items()}

    def status_of(self, order: OrderCreated) -> MovementStatus | None:
        movement = self.movements.find(MovementId(order.order_id))
        return movement.state.status if movement else None

    def can_hold(self, order: OrderCreated) -> bool:
        """Say, in other words than the code does, whether every line can be held now."""
        for line in order.items:
            product = self.products.find(ProductId(line.product_id))
            if product is None or not product.state.is_active or product.state.price != line.price:
                return False
        stock = self.stock()
        return all(quantity <= stock[key] for key, quantity in ordered(order).items())

    @initialize(tea=st.integers(6, 30), mugs=st.integers(0, 30))
    def open_the_catalogue(self, tea: int, mugs: int) -> None:
        for product_id, stock in ((TEA, tea), (MUG, mugs)):
            self.create(product_id, stock)

    @rule(product_id=st.sampled_from([TEA, MUG]))
    def create_again(self, product_id: ProductId) -> None:
        self.create(product_id, 100)

    def create(self, product_id: ProductId, stock: int) -> None:
        command = create_product_command(sku=f"SKU-{product_id}", stock=stock)
        self.handle(
            lambda: create_product(
                command,
                actor=ADMIN,
                product_id=product_id,
                products=self.products,
                clock=self.clock,
            )
        )

    @rule(target=orders, lines=st.lists(LINES, min_size=1, max_size=3))
    def place(self, lines: list[OrderLine]) -> OrderCreated:
        order = order_created(*lines, order_id=f"order-{len(self.placed)}")
        self.placed[order.order_id] = order
        return order

    @rule(order=orders)
    def hear_of_the_order(self, order: OrderCreated) -> None:
        status, stock, can_hold = self.status_of(order), self.stock(), self.can_hold(order)
        self.handle(
            lambda: reserve_stock(
                order, products=self.products, movements=self.movements, clock=self.clock
            )
        )
        if status is None and can_hold:
            expected = {key: left - ordered(order)[key] for key, left in stock.items()}
            assert self.status_of(order) is MovementStatus.HELD
            assert expected == self.stock()
        else:
            assert (status or MovementStatus.REJECTED) is self.status_of(order)
            assert stock == self.stock()

    @rule(order=orders)
    def hear_of_its_cancellation(self, order: OrderCreated) -> None:
        status, stock = self.status_of(order), self.stock()
        event = order_updated(order_id=order.order_id)
        self.handle(
            lambda: release_stock(
                event, products=self.products, movements=self.movements, clock=self.clock
            )
        )
        if status is MovementStatus.HELD:
            stock = {key: left + ordered(order)[key] for key, left in stock.items()}
        assert stock == self.stock()
        assert not self.movements.by_id[MovementId(order.order_id)].is_held

    @rule(
        target=adjustments,
        product_id=st.sampled_from([TEA, MUG]),
        operation=st.sampled_from(StockOperation),
        quantity=st.integers(1, 10) | st.just(2**31 - 1),
        number=st.integers(0, 10**6),
    )
    def ask_for_an_adjustment(
        self, product_id: ProductId, operation: StockOperation, quantity: int, number: int
    ) -> tuple[MovementId, ProductId, StockOperation, int]:
        return MovementId(f"message-{number}"), product_id, operation, quantity

    @rule(adjustment=adjustments)
    def adjust(self, adjustment: tuple[MovementId, ProductId, StockOperation, int]) -> None:
        movement_id, product_id, operation, quantity = adjustment
        command = adjust_command(operation, quantity, product_id=product_id)
        self.handle(
            lambda: adjust_stock(
                command,
                actor=ADMIN,
                movement_id=movement_id,
                products=self.products,
                movements=self.movements,
                clock=self.clock,
            )
        )

    @rule(product_id=st.sampled_from([TEA, MUG]), price=PRICES, is_active=ACTIVITIES)
    def update(self, product_id: ProductId, price: str, is_active: bool) -> None:
        command = update_command(product_id, price=Money(price), is_active=is_active)
        self.handle(
            lambda: update_product(command, actor=ADMIN, products=self.products, clock=self.clock)
        )

    @rule(seconds=st.integers(-60, 60))
    def set_the_clock(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @invariant()
    def stock_is_never_below_zero(self) -> None:
        assert all(left >= 0 for left in self.stock().values())

    @invariant()
    def stock_is_what_the_ledger_says(self) -> None:
        created = {
            event.product_id: event.stock
            for event in self.events
            if isinstance(event, ProductCreated)
        }
        expected = {
            key: derived_stock(ProductId(key), initial=initial, movements=self.movement_states())
            for key, initial in created.items()
        }
        assert expected == self.stock()

    @invariant()
    def the_events_alone_add_up_to_the_stock(self) -> None:
        told: dict[str, int] = {}
        for event in self.events:
            if isinstance(event, ProductCreated):
                assert event.product_id not in told
                told[event.product_id] = event.stock
            elif isinstance(event, StockUpdated):
                raised = event.operation is StockOperation.INCREASE
                told[event.product_id] += event.quantity if raised else -event.quantity
                assert event.stock == told[event.product_id]
        assert told == self.stock()

    @invariant()
    def an_order_takes_all_its_lines_or_none_and_gives_back_what_it_took_once(self) -> None:
        moves: defaultdict[str, dict[StockOperation, Counter[str]]] = defaultdict(
            lambda: {operation: Counter() for operation in StockOperation}
        )
        for event in self.events:
            if isinstance(event, StockUpdated) and event.order_id is not None:
                moves[event.order_id][event.operation][event.product_id] += event.quantity
        for order_id, moved in moves.items():
            taken, given_back = moved[StockOperation.DECREASE], moved[StockOperation.INCREASE]
            held = self.status_of(self.placed[order_id]) is MovementStatus.HELD
            assert ordered(self.placed[order_id]) == taken
            assert ({} if held else taken) == given_back

    @invariant()
    def an_order_is_answered_once_and_by_what_was_done(self) -> None:
        answers = [
            event for event in self.events if isinstance(event, StockReserved | StockRejected)
        ]
        assert len(answers) == len({answer.order_id for answer in answers})
        holders = {event.order_id for event in self.events if isinstance(event, StockUpdated)}
        reserved = {answer.order_id for answer in answers if isinstance(answer, StockReserved)}
        assert reserved == holders - {None}

    @invariant()
    def each_version_of_a_product_is_told_once_and_in_order(self) -> None:
        for key, product in self.products.by_id.items():
            told = [
                event.version
                for event in self.events
                if isinstance(event, ProductCreated | ProductUpdated | StockUpdated)
                and event.product_id == key
            ]
            assert list(range(1, product.state.version + 1)) == told


TestStock = StockMachine.TestCase
TestStock.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
