"""A message is handled once in effect, however often and in whatever company it is delivered."""

import pytest
from tests.builders.journals import JournalService
from tests.builders.messages import (
    ORDER_ID,
    an_event,
    bare,
    cancel_order,
    create_order,
    signed,
    stock_reserved,
    unsigned,
)

from tradex_core.errors import InvalidInput, Outage, StoreConflict
from tradex_core.events import topics
from tradex_core.messaging.broker import Message


def a(message_id: str, order_id: str = ORDER_ID) -> Message:
    return signed(cancel_order(order_id), message_id)


async def test_a_batch_is_handled_in_order(service: JournalService) -> None:
    await service.receive(a("1"), a("2"), a("3"))
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)
    assert ["done", "done", "done"] == service.observer.outcomes


async def test_a_message_that_is_delivered_again_is_not_handled_again(
    service: JournalService,
) -> None:
    records = await service.publish(a("1"), a("2"))
    await service.dispatcher.handle(records)
    await service.dispatcher.handle(records)
    await service.dispatcher.handle(records[1:])
    assert ["1", "2"] == service.database.entries(ORDER_ID)
    assert 2 == len(await service.replies())


async def test_a_message_that_was_published_twice_is_handled_once(service: JournalService) -> None:
    await service.receive(a("1"), a("2"), a("1"))
    await service.receive(a("2"))
    assert ["1", "2"] == service.database.entries(ORDER_ID)
    assert 2 == len(await service.replies())


async def test_what_is_of_no_concern_is_passed_over_whatever_becomes_of_the_store(
    service: JournalService,
) -> None:
    service.no_concern.add(ORDER_ID)
    service.database.fail("load", Outage("the store is away"))
    await service.receive(an_event(stock_reserved(), "1"))
    assert ["done"] == service.observer.outcomes
    with pytest.raises(Outage):
        await service.receive(an_event(stock_reserved(), "2"), a("3"))
    await service.receive(a("4"), an_event(stock_reserved(), "5"))
    assert ["4"] == service.database.entries(ORDER_ID)
    assert ["done", "done", "done"] == service.observer.outcomes


async def test_the_same_id_signed_and_unsigned_is_two_messages(service: JournalService) -> None:
    await service.receive(unsigned(create_order(), "1"), signed(create_order(), "1"))
    assert ["tea", "tea"] == service.database.entries(ORDER_ID)
    replies = await service.replies()
    assert {b"unsigned/1", b"1"} == {record.key for record in replies}


async def test_messages_without_headers_are_as_many_as_lie_in_the_log(
    service: JournalService,
) -> None:
    records = await service.publish(bare(create_order()), bare(create_order()))
    await service.dispatcher.handle(records)
    await service.dispatcher.handle(records)
    assert ["tea", "tea"] == service.database.entries(ORDER_ID)


async def test_a_refused_command_is_answered_and_not_tried_again(service: JournalService) -> None:
    service.trouble("1", InvalidInput("send less"))
    records = await service.publish(a("1"), a("2"))
    await service.dispatcher.handle(records)
    await service.dispatcher.handle(records)
    await service.retry(3)
    assert ["2"] == service.database.entries(ORDER_ID)
    assert 2 == len(await service.replies())
    assert ["invalid_input", "done"] == service.observer.outcomes
    assert [] == await service.records(f"{topics.ORDER_COMMANDS}.dlq")


async def test_a_refused_event_is_handled_too(service: JournalService) -> None:
    service.trouble("1", InvalidInput("too late"))
    records = await service.publish(an_event(stock_reserved(), "1"))
    await service.dispatcher.handle(records)
    await service.dispatcher.handle(records)
    assert [] == service.database.entries(ORDER_ID)
    assert [] == await service.replies()
    assert ["invalid_input"] == service.observer.outcomes


@pytest.mark.parametrize("call", ["load", "commit", "committed"])
async def test_an_outage_loses_and_doubles_nothing(service: JournalService, call: str) -> None:
    records = await service.publish(a("1"), a("2"))
    service.database.fail(call, Outage("the store is away"))
    with pytest.raises(Outage):
        await service.dispatcher.handle(records)
    await service.dispatcher.handle(records)
    assert ["1", "2"] == service.database.entries(ORDER_ID)
    assert 2 == len(await service.replies())
    assert [] == await service.parked()
    assert [] == service.observer.failures


@pytest.mark.parametrize("call", ["load", "commit", "committed"])
@pytest.mark.parametrize("alone", [1, 2, 3])
async def test_an_outage_while_each_is_handled_alone_loses_and_doubles_nothing(
    service: JournalService, call: str, alone: int
) -> None:
    records = await service.publish(a("1"), a("2"), a("3"))
    service.trouble("2", ValueError("only in company"))
    calls = alone if call == "load" else alone - 1
    service.database.fail(call, *[None] * calls, Outage("the store is away"))
    with pytest.raises(Outage):
        await service.dispatcher.handle(records)
    await service.dispatcher.handle(records)
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)
    assert 3 == len(await service.replies())


async def test_a_conflict_is_tried_again_at_once(service: JournalService) -> None:
    conflicts = [StoreConflict("somebody was first") for _ in range(10)]
    service.database.fail("commit", *conflicts)
    await service.receive(a("1"))
    assert ["1"] == service.database.entries(ORDER_ID)
    assert [] == service.observer.failures


async def test_a_batch_that_met_a_conflict_is_tried_again_as_one(service: JournalService) -> None:
    second = Outage("this was a second transaction")
    service.database.fail("commit", StoreConflict("somebody was first"), None, second)
    await service.receive(a("1"), a("2"), a("3"))
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)


async def test_a_conflict_that_does_not_end_is_set_aside(service: JournalService) -> None:
    conflicts = [StoreConflict("somebody was first") for _ in range(11)]
    service.database.fail("commit", *conflicts)
    await service.receive(a("1"))
    assert [] == service.database.entries(ORDER_ID)
    await service.retry()
    assert ["1"] == service.database.entries(ORDER_ID)


async def test_nothing_is_told_of_what_did_not_come_true(service: JournalService) -> None:
    service.database.fail("commit", Outage("the store is away"))
    records = await service.publish(a("1"), Message(topics.ORDER_COMMANDS, b"k", b"garbage"))
    with pytest.raises(Outage):
        await service.dispatcher.handle(records)
    assert ([], []) == (service.observer.outcomes, service.observer.given_up)
    await service.dispatcher.handle(records)
    assert (["done"], ["undecodable"]) == (service.observer.outcomes, service.observer.given_up)


async def test_two_members_that_handle_the_same_message_have_one_effect(
    service: JournalService,
) -> None:
    [record] = await service.publish(a("1"))
    opening = service.opener.open(record)
    async with service.unit() as late:
        assert [] == list(await late.handled([opening]))
        await service.dispatcher.handle([record])
        late.record(opening, [])
        with pytest.raises(StoreConflict):
            await late.commit()
    assert ["1"] == service.database.entries(ORDER_ID)


async def test_how_old_a_message_was_is_told(service: JournalService) -> None:
    records = await service.publish(a("1"))
    service.clock.advance(seconds=5)
    await service.dispatcher.handle(records)
    assert [5.0] == [age.total_seconds() for age in service.observer.ages]
