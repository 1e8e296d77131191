from dataclasses import replace

import pytest
from msgspec import structs
from tests.apps.demo import market_evidence as market
from tests.apps.demo.market_evidence import BOUGHT, REFUSED, RETURNED, SALT, SECRET, TEA, evidence

from apps.demo.evidence import Evidence
from apps.demo.invariants import check
from apps.demo.log import Log
from tradex_core.events.order import OrderStatus
from tradex_core.events.reply import OutcomeStatus
from tradex_core.events.stock import StockReserved
from tradex_core.events.user import Role, UserRegistered
from tradex_core.messaging.broker import Record


def faults(evidence: Evidence, number: int) -> str:
    """Return what breaks one promise, and see that each of the others is judged as well."""
    findings = check(evidence)
    assert [1, 2, 3, 4, 5, 6] == [finding.number for finding in findings]
    found = findings[number - 1]
    assert found.held is (not found.faults)
    return "\n".join(found.faults)


def test_books_that_balance_hold_every_promise() -> None:
    assert [()] * 6 == [finding.faults for finding in check(evidence())]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_a_record_that_was_published_twice_breaks_nothing(number: int) -> None:
    assert "" == faults(evidence(log=Log(market.records() * 2)), number)


def test_1_fires_when_a_command_has_no_outcome() -> None:
    tampered = evidence(log=market.without(market.replied(BOUGHT)))

    assert f"command {market.operation_of(BOUGHT)} has no outcome" in faults(tampered, 1)


def test_1_fires_when_a_command_has_two_outcomes() -> None:
    tampered = evidence(log=market.with_more(market.replied(BOUGHT)))

    assert f"2 outcomes of command {market.operation_of(BOUGHT)}" in faults(tampered, 1)


def test_1_fires_when_an_accepted_command_is_not_on_the_log() -> None:
    command = market.command(BOUGHT)
    tampered = evidence(log=Log([each for each in market.records() if each != command]))

    assert f"outcome of {market.operation_of(BOUGHT)}, which nobody sent" in faults(tampered, 1)


def test_1_fires_when_an_operations_outcome_changed() -> None:
    operations = {**evidence().operations, market.operation_of(BOUGHT): "failed"}

    assert "was first succeeded, then failed" in faults(evidence(operations=operations), 1)


def test_1_fires_when_the_api_tells_another_outcome_than_the_topic() -> None:
    log = Log(
        [
            *market.without(market.replied(BOUGHT)).records,
            market.published(market.replied(BOUGHT, OutcomeStatus.FAILED), message_id="failed"),
        ]
    )

    assert "was first succeeded, then succeeded" in faults(evidence(log=log), 1)


def test_1_fires_when_an_orders_outcome_changed() -> None:
    cancelled = market.shown_order(BOUGHT, OrderStatus.CANCELLED)
    tampered = evidence(orders={**evidence().orders, BOUGHT: cancelled})

    assert f"order {BOUGHT} was first confirmed, then cancelled" in faults(tampered, 1)


def test_1_fires_when_an_order_stays_pending() -> None:
    pending = market.shown_order(BOUGHT, OrderStatus.PENDING)
    placed = (market.placed(BOUGHT, OrderStatus.PENDING), *evidence().placed[1:])
    tampered = evidence(placed=placed, orders={**evidence().orders, BOUGHT: pending})

    assert f"order {BOUGHT} was first pending, then pending" in faults(tampered, 1)


def test_1_fires_when_a_message_was_given_up() -> None:
    letter = market.record("order.commands.dlq", BOUGHT, b"{}", message_id="letter")
    tampered = evidence(log=Log([*market.records(), letter]))

    assert "a message was given up: order.commands.dlq-0-0" in faults(tampered, 1)


def test_2_fires_when_an_accepted_order_was_not_made() -> None:
    tampered = evidence(log=market.without(market.created(BOUGHT)))

    assert f"{BOUGHT} was accepted and not made" in faults(tampered, 2)


def test_2_fires_when_an_order_was_made_twice() -> None:
    tampered = evidence(log=market.with_more(market.created(BOUGHT)))

    assert f"2 creations of order {BOUGHT}" in faults(tampered, 2)


def test_2_fires_when_an_order_was_made_that_nobody_placed() -> None:
    tampered = evidence(placed=evidence().placed[1:])

    assert f"{BOUGHT} was made and not accepted" in faults(tampered, 2)


def test_2_fires_when_two_orders_are_one_operation() -> None:
    tampered = evidence(placed=(*evidence().placed, evidence().placed[0]))

    assert "2 places for operation" in faults(tampered, 2)


def test_2_fires_when_an_order_is_not_shown() -> None:
    orders = {id_: order for id_, order in evidence().orders.items() if id_ != BOUGHT}

    assert f"{BOUGHT} was made and is not shown" in faults(evidence(orders=orders), 2)


def test_2_holds_when_a_refused_command_made_no_order() -> None:
    kept = [each for each in market.records() if each.key != BOUGHT.encode()]
    refusal = market.published(market.replied(BOUGHT, OutcomeStatus.FAILED), message_id="refusal")
    orders = {id_: order for id_, order in evidence().orders.items() if id_ != BOUGHT}
    log = Log([each for each in kept if b"operation-of-order-bought" not in (each.key or b"")])

    assert "" == faults(evidence(log=Log([*log.records, refusal]), orders=orders), 2)


def test_3_fires_when_stock_is_not_what_its_movements_add_up_to() -> None:
    products = {**evidence().products, TEA: market.shown_product(TEA, stock=12, version=5)}

    assert f"product {TEA} shows 12 and should 11" in faults(evidence(products=products), 3)


def test_3_fires_when_stock_was_below_zero() -> None:
    negative = market.moved(SALT, -2, stock=-1, version=4, order_id=REFUSED)

    assert f"product {SALT} had -1 in stock" in faults(evidence(log=market.with_more(negative)), 3)


def test_3_fires_when_an_order_took_other_than_it_holds() -> None:
    taken = market.moved(SALT, -1, stock=0, version=4, order_id=BOUGHT)

    assert f"order {BOUGHT} took 2 of product {SALT} and holds 1" in faults(
        evidence(log=market.with_more(taken)), 3
    )


def test_3_fires_when_stock_was_taken_for_no_order_that_there_is() -> None:
    taken = market.moved(SALT, -1, stock=0, version=4, order_id="order-unknown")

    assert f"order order-unknown took 1 of product {SALT} and holds 0" in faults(
        evidence(log=market.with_more(taken)), 3
    )


def test_3_fires_when_stock_was_given_back_twice() -> None:
    again = market.moved(TEA, 3, stock=14, version=6, order_id=RETURNED)

    assert f"order {RETURNED} took -3" in faults(evidence(log=market.with_more(again)), 3)


def test_3_fires_when_stock_came_in_that_the_seller_did_not_put_in() -> None:
    raised = market.moved(TEA, 7, stock=18, version=6)

    assert f"product {TEA} was raised by 12 on the log alone" in faults(
        evidence(log=market.with_more(raised)), 3
    )


def test_3_fires_when_a_product_is_gone() -> None:
    products = {TEA: evidence().products[TEA]}

    assert f"{SALT} is not shown" in faults(evidence(products=products), 3)


def test_4_fires_when_an_order_is_confirmed_without_a_reservation() -> None:
    log = market.without(StockReserved(order_id=BOUGHT, reserved_at=market.NOW))

    assert f"order {BOUGHT} is confirmed without a reservation" in faults(evidence(log=log), 4)


def test_4_fires_when_an_order_is_confirmed_without_all_of_its_stock() -> None:
    log = market.without(market.moved(SALT, -1, stock=1, version=3, order_id=BOUGHT))

    assert f"order {BOUGHT} is confirmed without all of its stock" in faults(evidence(log=log), 4)


def test_4_fires_when_a_cancelled_order_holds_stock() -> None:
    log = market.without(market.moved(TEA, 3, stock=11, version=5, order_id=RETURNED))

    assert f"order {RETURNED} is cancelled and holds stock" in faults(evidence(log=log), 4)


def test_5_fires_when_a_change_was_published_under_two_ids() -> None:
    log = market.with_more(market.updated(BOUGHT, OrderStatus.CONFIRMED))

    assert f"order {BOUGHT} went pending → confirmed → confirmed" in faults(evidence(log=log), 5)


def test_5_fires_when_a_step_of_an_order_is_missing() -> None:
    log = market.without(market.created(REFUSED))

    assert f"order {REFUSED} went cancelled" in faults(evidence(log=log), 5)


def test_5_fires_when_an_orders_steps_are_out_of_order() -> None:
    records = market.records()
    steps = [each for each in records if each.topic == "order.updated"]
    rest = [each for each in records if each.topic != "order.updated"]

    found = faults(evidence(log=Log([*rest, *reversed(steps)])), 5)

    assert f"order {RETURNED} went pending → cancelled → confirmed" in found


def test_5_fires_when_the_last_event_is_not_what_is_shown() -> None:
    log = market.without(market.updated(RETURNED, OrderStatus.CANCELLED, "requested"))

    assert f"order {RETURNED} is cancelled and its last event says confirmed" in faults(
        evidence(log=log), 5
    )


def test_5_fires_when_a_reason_is_shown_that_no_event_gave() -> None:
    changed = market.shown_order(REFUSED, OrderStatus.CANCELLED, "price_changed")
    tampered = evidence(orders={**evidence().orders, REFUSED: changed})

    assert f"order {REFUSED} says price_changed and its event insufficient_stock" in faults(
        tampered, 5
    )


def test_5_fires_when_a_products_version_was_not_published() -> None:
    log = market.without(market.moved(TEA, 5, stock=15, version=2))

    assert f"product {TEA}: versions 1 to 5 are not there once each" in faults(evidence(log=log), 5)


def test_5_fires_when_a_products_changes_are_out_of_order() -> None:
    late = market.moved(TEA, -4, stock=11, version=3, order_id=BOUGHT)

    assert f"stock.updated of product {TEA}: version 3 came late" in faults(
        evidence(log=market.with_more(late)), 5
    )


def test_5_fires_when_one_id_has_two_contents() -> None:
    known = published_of(BOUGHT, "order.updated")
    log = Log([*market.records(), structs.replace(known, value=b"{}")])

    assert "repeats an id with another content" in faults(evidence(log=log), 5)


def test_5_fires_when_a_key_is_in_two_partitions() -> None:
    elsewhere = structs.replace(published_of(BOUGHT, "order.updated"), partition=1)
    log = Log([*market.records(), elsewhere])

    assert f"key {BOUGHT} of order.updated is in partitions [0, 1]" in faults(evidence(log=log), 5)


def published_of(key: str, topic: str) -> Record:
    found = (each for each in market.records() if (each.key, each.topic) == (key.encode(), topic))
    return next(found)


def test_5_fires_when_somebody_registered_twice() -> None:
    event = UserRegistered(
        user_id="buyer", email="b@example.com", role=Role.BUYER, created_at=market.NOW
    )

    assert "2 registrations of buyer" in faults(evidence(log=market.with_more(event)), 5)


@pytest.mark.parametrize("part", ["key", "value", "header", "header name"])
def test_6_fires_when_a_secret_is_in_a_record(part: str) -> None:
    leak = Record(
        topic="command.replies.dlq",
        partition=0,
        offset=0,
        timestamp=market.NOW,
        key=f"x{SECRET}x".encode() if part == "key" else None,
        value=f'{{"password":"{SECRET}"}}'.encode() if part == "value" else None,
        headers=(
            ("traceparent", f"Bearer {SECRET}".encode()) if part == "header" else ("a", b"b"),
            (SECRET, b"") if part == "header name" else ("c", b"d"),
        ),
    )
    tampered = evidence(log=Log([*market.records(), leak]))

    assert "1 of 1 secrets stand in topic command.replies.dlq" in faults(tampered, 6)


def test_6_fires_when_a_secret_was_logged() -> None:
    tampered = evidence(logged=f"user signed in with {SECRET}\n")

    assert "1 of 1 secrets stand in the process's log" in faults(tampered, 6)


def test_6_fires_when_no_secret_was_looked_for() -> None:
    assert "no secret was used" in faults(evidence(secrets=frozenset()), 6)


def test_6_never_shows_the_secret_it_found() -> None:
    tampered = evidence(logged=SECRET)

    assert SECRET not in faults(tampered, 6)
    assert SECRET not in repr(tampered)


def test_an_order_that_was_placed_and_is_nowhere_breaks_what_it_has_to() -> None:
    ghost = replace(
        market.placed(BOUGHT, OrderStatus.CONFIRMED), order_id="ghost", operation_id="ghosts"
    )
    tampered = evidence(placed=(*evidence().placed, ghost))

    assert "command ghosts has no outcome" in faults(tampered, 1)
