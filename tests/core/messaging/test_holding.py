"""Where order matters, later messages of a key wait behind its dead letter for the operator."""

import pytest
from tests.builders.journals import JournalService
from tests.builders.messages import ORDER_ID, an_event, stock_reserved, with_headers

from tradex_core.errors import Outage
from tradex_core.events import topics
from tradex_core.messaging.broker import Message
from tradex_core.messaging.parking import Lane

ANOTHER = "018d0c1e-8a00-7000-8000-00000000000b"
GARBAGE = Message(topics.STOCK_RESERVED, ORDER_ID.encode(), b"garbage")


def an(message_id: str, order_id: str = ORDER_ID) -> Message:
    return an_event(stock_reserved(order_id), message_id)


def broken(times: int) -> list[Exception]:
    return [ValueError("it is broken") for _ in range(times)]


@pytest.fixture
async def service() -> JournalService:
    service = JournalService(hold=frozenset({topics.STOCK_RESERVED}))
    await service.start()
    return service


async def only_letter(service: JournalService) -> str:
    await service.settle()
    [letter] = await service.dead_letters.open()
    return letter.id


@pytest.mark.parametrize(
    "bad", [GARBAGE, with_headers(an("1"), ce_time=b"yesterday")], ids=["value", "headers"]
)
@pytest.mark.parametrize("decision", ["redrive", "discard"])
async def test_later_messages_of_the_batch_and_after_it_wait_for_the_operator(
    service: JournalService, bad: Message, decision: str
) -> None:
    await service.receive(bad, an("2"), an("3", ANOTHER))
    await service.receive(an("4"))
    await service.retry(3)
    assert [] == service.database.entries(ORDER_ID)
    assert ["3"] == service.database.entries(ANOTHER)
    if decision == "redrive":
        await service.dead_letters.redrive(await only_letter(service))
        await service.consume()
        await service.retry(3)
        assert [] == service.database.entries(ORDER_ID)
    await service.dead_letters.discard(await only_letter(service))
    await service.consume()
    await service.receive(an("5"))
    await service.retry(5)
    assert ["2", "4", "5"] == service.database.entries(ORDER_ID)
    assert [] == await service.parked()


async def test_what_exhausted_its_tries_holds_what_waits_behind_it(
    service: JournalService,
) -> None:
    service.trouble("1", *broken(11))
    await service.receive(an("1"), an("2"))
    await service.retry(15)
    assert [] == service.database.entries(ORDER_ID)
    assert ["exhausted"] == service.observer.given_up
    await service.dead_letters.redrive(await only_letter(service))
    await service.consume()
    await service.receive(an("3"))
    await service.retry(3)
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)


async def test_what_is_of_no_concern_any_more_is_let_go_of_by_the_operator_all_the_same(
    service: JournalService,
) -> None:
    service.trouble("1", *broken(11))
    await service.receive(an("1"), an("2"))
    await service.retry(15)
    service.no_concern.add(ORDER_ID)
    await service.dead_letters.redrive(await only_letter(service))
    await service.consume()
    service.no_concern.clear()
    await service.retry(3)
    assert ["1", "2"] == service.database.entries(ORDER_ID)


async def test_what_fails_when_it_is_sent_again_goes_back_to_the_operator(
    service: JournalService,
) -> None:
    service.trouble("1", *broken(13))
    await service.receive(an("1"), an("2"))
    await service.retry(10)
    await service.dead_letters.redrive(await only_letter(service))
    await service.consume()
    await service.retry(3)
    assert [] == service.database.entries(ORDER_ID)
    await service.dead_letters.redrive(await only_letter(service))
    await service.consume()
    await service.retry(3)
    assert ["1", "2"] == service.database.entries(ORDER_ID)


async def test_an_outage_while_it_is_sent_again_changes_nothing(service: JournalService) -> None:
    await service.receive(an("1"))
    service.trouble("2", *broken(11))
    await service.receive(an("2"), an("3"))
    await service.retry(10)
    await service.dead_letters.redrive(await only_letter(service))
    service.database.fail("commit", Outage("the store is away"))
    with pytest.raises(Outage):
        await service.consume()
    await service.consume()
    await service.retry(3)
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)


async def test_what_comes_in_one_batch_with_the_message_sent_again_comes_after_it(
    service: JournalService,
) -> None:
    service.trouble("1", *broken(11))
    records = await service.publish(an("1"), an("2"))
    await service.dispatcher.handle(records)
    await service.retry(10)
    await service.dead_letters.redrive(await only_letter(service))
    await service.publish(an("3"))
    await service.consume()
    await service.retry(3)
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)


async def test_a_dead_letter_without_a_key_holds_nothing(service: JournalService) -> None:
    bad = Message(topics.STOCK_RESERVED, None, b"garbage")
    records = await service.publish(bad, Message(topics.STOCK_RESERVED, None, an("2").value))
    await service.dispatcher.handle(records)
    assert 1 == len(service.database.entries(ORDER_ID))
    assert [] == await service.parked()
    async with service.unit() as unit:
        lanes = [Lane.of("journals", record) for record in records]
        assert set() == set(await unit.occupied(lanes))


async def test_other_topics_hold_nothing(service: JournalService) -> None:
    await service.receive(
        Message(topics.ORDER_COMMANDS, ORDER_ID.encode(), b"garbage"), an("1"), an("2")
    )
    assert ["1", "2"] == service.database.entries(ORDER_ID)
