"""The ledger of stock: every movement, why it was made, and whether it still counts."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NewType, Self

import msgspec
from msgspec.structs import replace

from tradex_core.aggregate import Aggregate
from tradex_core.events.stock import StockOperation, StockRejected, StockReserved
from tradex_core.ids import OrderId, ProductId

MovementId = NewType("MovementId", str)
"""The id of the order that a reservation is for, or of the message that asked for an adjustment."""


class MovementKind(StrEnum):
    """What a movement was made for."""

    RESERVATION = "reservation"
    ADJUSTMENT = "adjustment"


class MovementStatus(StrEnum):
    """What has become of a movement: `held` and `applied` ones count in the stock."""

    HELD = "held"
    REJECTED = "rejected"
    RELEASED = "released"
    APPLIED = "applied"


_COUNTED = frozenset({MovementStatus.HELD, MovementStatus.APPLIED})


class MovementLine(msgspec.Struct, frozen=True, gc=False):
    """By how much a movement changes one product's stock: below zero, it takes out."""

    product_id: ProductId
    quantity: int


class MovementState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A movement at one version; `at` is the time of its latest change.

    A product has at most one line in it. A rejected movement keeps the lines that were asked for;
    one released before anything was held (a tombstone) has none.
    """

    movement_id: MovementId
    kind: MovementKind
    lines: tuple[MovementLine, ...]
    status: MovementStatus
    at: datetime
    version: int


class Movement(Aggregate[MovementState]):
    """A movement of stock: a reservation is held or rejected whole, and released at most once."""

    @classmethod
    def hold(cls, event: StockReserved, *, quantities: Mapping[ProductId, int]) -> Self:
        """Hold all of these quantities for an order, and tell of it with this event."""
        order_id = OrderId(event.order_id)
        state = _reservation(order_id, quantities, MovementStatus.HELD, event.reserved_at)
        movement = cls(state)
        movement.change(state, event)
        return movement

    @classmethod
    def reject(cls, event: StockRejected, *, quantities: Mapping[ProductId, int]) -> Self:
        """Hold none of these quantities for an order, and tell of it with this event."""
        order_id = OrderId(event.order_id)
        state = _reservation(order_id, quantities, MovementStatus.REJECTED, event.rejected_at)
        movement = cls(state)
        movement.change(state, event)
        return movement

    @classmethod
    def tombstone(cls, order_id: OrderId, *, at: datetime) -> Self:
        """Remember that an order was over before anything was held for it, so nothing ever is."""
        return cls(_reservation(order_id, {}, MovementStatus.RELEASED, at))

    @classmethod
    def adjust(
        cls,
        movement_id: MovementId,
        *,
        product_id: ProductId,
        operation: StockOperation,
        quantity: int,
        at: datetime,
    ) -> Self:
        """Write down a correction of one product's stock."""
        delta = quantity if operation is StockOperation.INCREASE else -quantity
        state = MovementState(
            movement_id=movement_id,
            kind=MovementKind.ADJUSTMENT,
            lines=(MovementLine(product_id, delta),),
            status=MovementStatus.APPLIED,
            at=at,
            version=1,
        )
        return cls(state)

    @property
    def is_held(self) -> bool:
        """Whether it holds stock that can be given back."""
        return self.state.status is MovementStatus.HELD

    def release(self, *, at: datetime) -> None:
        """Stop counting, since what was held is given back; unless it is held, nothing happens."""
        if not self.is_held:
            return
        state = replace(
            self.state,
            status=MovementStatus.RELEASED,
            at=max(at, self.state.at),
            version=self.state.version + 1,
        )
        self.change(state)


def _reservation(
    order_id: OrderId, quantities: Mapping[ProductId, int], status: MovementStatus, at: datetime
) -> MovementState:
    return MovementState(
        movement_id=MovementId(order_id),
        kind=MovementKind.RESERVATION,
        lines=tuple(MovementLine(product, -quantity) for product, quantity in quantities.items()),
        status=status,
        at=at,
        version=1,
    )


def derived_stock(
    product_id: ProductId, *, initial: int, movements: Iterable[MovementState]
) -> int:
    """Return what a product's stock has to be: what it was created with, and what counts since.

    Rejected and released movements count as zero.
    """
    lines = (line for m in movements if m.status in _COUNTED for line in m.lines)
    return initial + sum(line.quantity for line in lines if line.product_id == product_id)
