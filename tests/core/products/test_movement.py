"""The ledger: what each movement counts for."""

from datetime import timedelta

import pytest
from tests.builders.products import MESSAGE_ID, MUG, NOW, ORDER_ID, TEA

from tradex_core.events.stock import (
    RejectionReason,
    StockOperation,
    StockRejected,
    StockReserved,
)
from tradex_core.products.movement import (
    Movement,
    MovementId,
    MovementKind,
    MovementLine,
    MovementState,
    MovementStatus,
    derived_stock,
)

LATER = NOW + timedelta(minutes=5)
RESERVED = StockReserved(order_id=ORDER_ID, reserved_at=NOW, sellers=("one",))
REJECTED = StockRejected(
    order_id=ORDER_ID, reason=RejectionReason.INSUFFICIENT_STOCK, items=(), rejected_at=NOW
)


def held() -> Movement:
    return Movement.hold(RESERVED, quantities={TEA: 2, MUG: 3})


def adjusted(operation: StockOperation) -> Movement:
    return Movement.adjust(MESSAGE_ID, product_id=TEA, operation=operation, quantity=7, at=NOW)


def test_a_reservation_takes_its_quantities_out_of_stock() -> None:
    expected = MovementState(
        movement_id=MovementId(ORDER_ID),
        kind=MovementKind.RESERVATION,
        lines=(MovementLine(TEA, -2), MovementLine(MUG, -3)),
        status=MovementStatus.HELD,
        at=NOW,
        version=1,
    )
    movement = held()
    assert expected == movement.state
    assert [RESERVED] == movement.take_events()


def test_a_rejection_keeps_what_was_asked_and_counts_for_nothing() -> None:
    movement = Movement.reject(REJECTED, quantities={TEA: 2})
    assert (MovementLine(TEA, -2),) == movement.state.lines
    assert movement.state.status is MovementStatus.REJECTED
    assert [REJECTED] == movement.take_events()
    assert 10 == derived_stock(TEA, initial=10, movements=[movement.state])


def test_an_adjustment_is_applied_at_once_and_tells_nothing_of_its_own() -> None:
    movement = adjusted(StockOperation.DECREASE)
    expected = MovementState(
        movement_id=MESSAGE_ID,
        kind=MovementKind.ADJUSTMENT,
        lines=(MovementLine(TEA, -7),),
        status=MovementStatus.APPLIED,
        at=NOW,
        version=1,
    )
    assert expected == movement.state
    assert [] == movement.take_events()


def test_a_release_is_a_version_of_its_own() -> None:
    movement = held()
    movement.release(at=LATER)
    assert movement.state.status is MovementStatus.RELEASED
    assert (2, LATER) == (movement.state.version, movement.state.at)
    assert not movement.is_held


def test_a_release_is_never_earlier_than_its_reservation() -> None:
    movement = held()
    movement.release(at=NOW - timedelta(hours=1))
    assert NOW == movement.state.at


@pytest.mark.parametrize(
    "movement",
    [
        Movement.reject(REJECTED, quantities={TEA: 2}),
        Movement.tombstone(ORDER_ID, at=NOW),
        adjusted(StockOperation.INCREASE),
    ],
    ids=["rejected", "released", "applied"],
)
def test_what_is_not_held_cannot_be_released(movement: Movement) -> None:
    before = movement.state
    movement.release(at=LATER)
    assert before is movement.state


def test_stock_is_what_there_was_and_what_counts_since_of_that_product_alone() -> None:
    released = held()
    released.release(at=LATER)
    movements = [
        held().state,
        released.state,
        Movement.reject(REJECTED, quantities={TEA: 100}).state,
        Movement.tombstone(ORDER_ID, at=NOW).state,
        adjusted(StockOperation.INCREASE).state,
    ]
    assert 10 - 2 + 7 == derived_stock(TEA, initial=10, movements=movements)
    assert 10 - 3 == derived_stock(MUG, initial=10, movements=movements)


def test_a_state_that_stores_share_cannot_be_changed_in_place() -> None:
    state: object = held().state
    with pytest.raises(AttributeError):
        setattr(state, "lines", ())  # noqa: B010 - a type checker would refuse it
