"""An order: what can happen to it, and the state that what happened adds up to."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self, cast

import msgspec
from msgspec.structs import replace

from tradex_core.aggregate import Aggregate
from tradex_core.events import codec
from tradex_core.events.fields import Wire
from tradex_core.events.order import (
    OrderCreated,
    OrderDocument,
    OrderLine,
    OrderStatus,
    OrderUpdated,
)
from tradex_core.events.stock import RejectionReason
from tradex_core.ids import OrderId, UserId
from tradex_core.money import Money
from tradex_core.orders.errors import BrokenHistory, IllegalTransition, OrderTotalTooLarge

TRANSITIONS: Final[Mapping[OrderStatus, frozenset[OrderStatus]]] = MappingProxyType(
    {
        OrderStatus.PENDING: frozenset({OrderStatus.CONFIRMED, OrderStatus.CANCELLED}),
        OrderStatus.CONFIRMED: frozenset({OrderStatus.PROCESSING, OrderStatus.CANCELLED}),
        OrderStatus.PROCESSING: frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELLED}),
        OrderStatus.SHIPPED: frozenset({OrderStatus.DELIVERED}),
        OrderStatus.DELIVERED: frozenset(),
        OrderStatus.CANCELLED: frozenset(),
    }
)
"""The order's life: every step that there is."""

SELLER_STEPS: Final = frozenset(
    {OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.DELIVERED}
)
"""What an order can be advanced to; the other steps have causes of their own."""


class Reason(StrEnum):
    """Why an order was cancelled: on request, for want of an answer, or by the catalogue's no."""

    REQUESTED = "requested"
    TIMED_OUT = "timed_out"
    INSUFFICIENT_STOCK = RejectionReason.INSUFFICIENT_STOCK.value
    UNKNOWN_PRODUCT = RejectionReason.UNKNOWN_PRODUCT.value
    INACTIVE_PRODUCT = RejectionReason.INACTIVE_PRODUCT.value
    PRICE_CHANGED = RejectionReason.PRICE_CHANGED.value


class Placed(Wire, frozen=True, tag=True):
    """The order was placed; it waits for its stock."""

    order_id: OrderId
    user_id: UserId
    items: tuple[OrderLine, ...]
    total_amount: Money
    at: datetime


class Confirmed(Wire, frozen=True, tag=True):
    """The catalogue holds stock for every line; `sellers` are those of the products."""

    sellers: tuple[str, ...]
    at: datetime


class Advanced(Wire, frozen=True, tag=True):
    """A seller took the order a step further."""

    status: OrderStatus
    at: datetime


class Cancelled(Wire, frozen=True, tag=True):
    """The order was given up."""

    reason: Reason
    at: datetime


OrderFact = Placed | Confirmed | Advanced | Cancelled
"""What can happen to an order; each fact makes one version of it."""


class OrderState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the facts of an order add up to; `version` is their number."""

    order_id: OrderId
    user_id: UserId
    items: tuple[OrderLine, ...]
    total_amount: Money
    status: OrderStatus
    reason: Reason | None
    sellers: tuple[str, ...]
    version: int
    created_at: datetime
    updated_at: datetime


def encode_fact(fact: OrderFact) -> bytes:
    """Return a fact as JSON; its `type` is the fact's name."""
    return codec.encode(fact)


def decode_fact(data: bytes) -> OrderFact:
    """Read a fact from its JSON; raises Undecodable where it is none."""
    return codec.decode(data, cast("type[OrderFact]", OrderFact))


def evolve(state: OrderState | None, fact: OrderFact) -> OrderState:
    """Return what a fact makes of an order, for the first one of nothing.

    What happened is not judged again, so a history outlives the rules it was made under.
    Raises BrokenHistory where an order is placed twice, or anything happens to none.
    """
    if isinstance(fact, Placed):
        if state is not None:
            msg = f"order {state.order_id} was placed twice"
            raise BrokenHistory(msg)
        return _placed(fact)
    if state is None:
        msg = f"an order was {type(fact).__name__.lower()} before it was placed"
        raise BrokenHistory(msg)
    state = replace(state, version=state.version + 1, updated_at=fact.at)
    match fact:
        case Confirmed(sellers=sellers):
            return replace(state, status=OrderStatus.CONFIRMED, sellers=sellers)
        case Advanced(status=status):
            return replace(state, status=status)
        case Cancelled(reason=reason):
            return replace(state, status=OrderStatus.CANCELLED, reason=reason)


def _placed(fact: Placed) -> OrderState:
    return OrderState(
        order_id=fact.order_id,
        user_id=fact.user_id,
        items=fact.items,
        total_amount=fact.total_amount,
        status=OrderStatus.PENDING,
        reason=None,
        sellers=(),
        version=1,
        created_at=fact.at,
        updated_at=fact.at,
    )


def total_of(items: Iterable[OrderLine]) -> Money:
    """Add up an order's lines; raises OrderTotalTooLarge where no amount of money is that large."""
    cents = sum(line.price.cents * line.quantity for line in items)
    try:
        return Money.of_cents(cents)
    except ValueError as error:
        msg = "an order may come to 99999999.99 at most; split it"
        raise OrderTotalTooLarge(msg) from error


class Order(Aggregate[OrderState]):
    """An order, which decides by recording a fact and changes only by what the fact makes of it.

    Times never run back within an order: what happens while the clock is behind happens at the
    time of the latest change.
    """

    def __init__(self, state: OrderState, facts: Iterable[OrderFact] = ()) -> None:
        super().__init__(state)
        self._facts = list(facts)

    @classmethod
    def place(
        cls, *, order_id: OrderId, user_id: UserId, items: tuple[OrderLine, ...], at: datetime
    ) -> Self:
        """Place a new order; raises OrderTotalTooLarge."""
        fact = Placed(
            order_id=order_id, user_id=user_id, items=items, total_amount=total_of(items), at=at
        )
        order = cls(evolve(None, fact), [fact])
        order.change(order.state, _created(order.state))
        return order

    @classmethod
    def replay(cls, facts: Iterable[OrderFact]) -> Self:
        """Return the order that these facts make, with nothing new to tell.

        Raises BrokenHistory where they make none.
        """
        state: OrderState | None = None
        for fact in facts:
            state = evolve(state, fact)
        if state is None:
            msg = "an order without a fact was never placed"
            raise BrokenHistory(msg)
        return cls(state)

    @property
    def is_pending(self) -> bool:
        """Whether the order still waits for its stock."""
        return self.state.status is OrderStatus.PENDING

    def confirm(self, *, sellers: tuple[str, ...], at: datetime) -> None:
        """Take note that all lines are held; raises IllegalTransition unless pending."""
        self._require(OrderStatus.CONFIRMED)
        self._record(Confirmed(sellers=sellers, at=self._not_before(at)))

    def advance(self, status: OrderStatus, *, at: datetime) -> None:
        """Take the next of the sellers' steps; raises IllegalTransition for any other."""
        if status not in SELLER_STEPS:
            raise IllegalTransition.between(self.state.status, status)
        self._require(status)
        self._record(Advanced(status=status, at=self._not_before(at)))

    def cancel(self, *, reason: Reason, at: datetime) -> None:
        """Give the order up; raises IllegalTransition once it is shipped or cancelled."""
        self._require(OrderStatus.CANCELLED)
        self._record(Cancelled(reason=reason, at=self._not_before(at)))

    def take_facts(self) -> list[OrderFact]:
        """Return the facts since the last call, oldest first, for the store to append."""
        facts, self._facts = self._facts, []
        return facts

    def document(self) -> OrderDocument:
        """Return the order as it is shown."""
        state = self.state
        return OrderDocument(
            order_id=state.order_id,
            user_id=state.user_id,
            items=state.items,
            total_amount=state.total_amount,
            status=state.status,
            reason=state.reason,
            created_at=state.created_at,
            updated_at=state.updated_at,
        )

    def _require(self, status: OrderStatus) -> None:
        if status not in TRANSITIONS[self.state.status]:
            raise IllegalTransition.between(self.state.status, status)

    def _not_before(self, at: datetime) -> datetime:
        return max(at, self.state.updated_at)

    def _record(self, fact: OrderFact) -> None:
        state = evolve(self.state, fact)
        self._facts.append(fact)
        self.change(state, _updated(state))


def _created(state: OrderState) -> OrderCreated:
    return OrderCreated(
        order_id=state.order_id,
        user_id=state.user_id,
        items=state.items,
        total_amount=state.total_amount,
        status=state.status,
        created_at=state.created_at,
    )


def _updated(state: OrderState) -> OrderUpdated:
    return OrderUpdated(
        order_id=state.order_id,
        status=state.status,
        updated_at=state.updated_at,
        reason=state.reason,
    )
