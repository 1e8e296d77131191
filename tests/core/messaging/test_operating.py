"""Many dead letters decided on together: in order per key, once, by however many operators."""

import asyncio
from collections.abc import Sequence

import pytest
from tests.builders.journals import JournalService
from tests.builders.machines import FlakyBroker
from tests.builders.messages import (
    ORDER_ID,
    SIGNATURES,
    an_event,
    create_order,
    signed,
    stock_reserved,
    with_headers,
)

from tradex_core.errors import Outage
from tradex_core.events import topics
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.broker import Message
from tradex_core.messaging.dead_letters import DeadLetter
from tradex_core.messaging.operating import DeadLetters, OtherKey, OutOfTurn


async def give_up_all(service: JournalService, *ids: str) -> list[str]:
    """Let events of one key become dead letters, and return their ids in order."""
    for entry in ids:
        service.trouble(entry, *[ValueError("it is broken") for _ in range(11)])
    await service.receive(*(an_event(stock_reserved(), entry) for entry in ids))
    await service.retry(10 * len(ids) + 5)
    service.troubles.clear()
    await service.settle()
    return await open_ids(service)


async def give_up_command(service: JournalService) -> DeadLetter:
    service.trouble("tea", *[ValueError("it is broken") for _ in range(11)])
    await service.receive(signed(create_order()))
    await service.retry(10)
    await service.settle()
    [letter] = await service.dead_letters.open()
    return letter


async def open_ids(service: JournalService) -> list[str]:
    return [letter.id for letter in await service.dead_letters.open()]


async def test_what_is_sent_again_together_comes_in_the_order_in_which_it_first_came(
    service: JournalService,
) -> None:
    letters = await give_up_all(service, "1", "2", "3")
    await service.dead_letters.redrive(*reversed(letters))
    await service.consume()
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)
    assert [] == await open_ids(service)


async def test_what_comes_later_is_not_sent_again_before_what_came_first(
    service: JournalService,
) -> None:
    first, second, third = await give_up_all(service, "1", "2", "3")
    for early in ([second], [first, third]):
        with pytest.raises(OutOfTurn, match=r"has the same key: redrive both, or decide on"):
            await service.dead_letters.redrive(*early)
    assert [first, second, third] == await open_ids(service)
    await service.dead_letters.discard(first)
    await service.dead_letters.redrive(second, third)
    await service.consume()
    assert ["2", "3"] == service.database.entries(ORDER_ID)


async def test_anything_can_be_discarded_before_what_came_first(service: JournalService) -> None:
    first, second = await give_up_all(service, "1", "2")
    await service.dead_letters.discard(second)
    assert [first] == await open_ids(service)


async def test_what_can_never_be_handled_keeps_nothing_from_being_sent_again(
    service: JournalService,
) -> None:
    await service.receive(Message(topics.STOCK_RESERVED, ORDER_ID.encode(), b"garbage"))
    _garbage, letter = await give_up_all(service, "1")
    await service.dead_letters.redrive(letter)
    await service.consume()
    assert ["1"] == service.database.entries(ORDER_ID)


async def test_of_what_is_sent_again_the_later_waits_while_the_first_is_tried_again(
    service: JournalService,
) -> None:
    letters = await give_up_all(service, "1", "2")
    await service.dead_letters.redrive(*letters)
    service.trouble("1", ValueError("not yet"), ValueError("not yet"))
    await service.consume()
    assert [] == service.database.entries(ORDER_ID)
    await service.retry(3)
    assert ["1", "2"] == service.database.entries(ORDER_ID)


async def test_what_fails_again_keeps_its_turn(service: JournalService) -> None:
    first, second = await give_up_all(service, "1", "2")
    await service.dead_letters.redrive(first)
    service.trouble("1", *[ValueError("still broken") for _ in range(11)])
    await service.consume()
    await service.retry(10)
    await service.settle()
    again, then = await open_ids(service)
    assert first != again
    assert second == then
    with pytest.raises(OutOfTurn):
        await service.dead_letters.redrive(second)
    await service.dead_letters.redrive(again, then)
    await service.consume()
    assert ["1", "2"] == service.database.entries(ORDER_ID)


@pytest.mark.parametrize("after", range(6))
async def test_wherever_a_decision_on_many_is_interrupted_it_is_taken_once_and_in_order(
    service: JournalService, after: int
) -> None:
    letters = await give_up_all(service, "1", "2", "3")
    passed: list[Message] = []

    def interrupted(message: Message) -> Exception | None:
        passed.append(message)
        return Outage("interrupted") if len(passed) > after else None

    service.broker.refuse = interrupted
    with pytest.raises(Outage):
        await service.dead_letters.redrive(*letters)
    service.broker.restore()
    await service.consume()
    left = await open_ids(service)
    assert left == letters[len(letters) - len(left) :]
    await service.dead_letters.redrive(*left)
    await service.consume()
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)
    assert [] == await open_ids(service)


async def test_all_that_is_asked_for_is_sent_again(service: JournalService) -> None:
    letters = await give_up_all(service, "1", "2")
    *_, other = await give_up_all(JournalService(broker=service.log, name="other"), "3")
    sent = await service.dead_letters.redrive_all(lambda each: each.consumer == "journals")
    assert letters == [letter.id for letter in sent]
    assert [other] == await open_ids(service)


@pytest.mark.parametrize("late", ["redrive", "discard"])
async def test_operators_who_decide_at_once_decide_once(service: JournalService, late: str) -> None:
    letters = await give_up_all(service, "1", "2", "3")
    other = DeadLetters(Hesitant(service.log), [topics.STOCK_RESERVED], SIGNATURES)
    deciding = (getattr(other, late)(*letters), service.dead_letters.redrive(*letters))
    await asyncio.gather(*deciding)
    await service.consume()
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)
    assert [] == await open_ids(service)


class Hesitant(FlakyBroker):
    """A broker that lets everybody else go first."""

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        await asyncio.sleep(0)
        return await super().publish(messages)


async def test_with_another_key_than_the_services_nothing_is_decided(
    service: JournalService,
) -> None:
    letter = await give_up_command(service)
    stranger = DeadLetters(service.log, [topics.ORDER_COMMANDS], ActorSignatures(b"another key"))
    for decide in (stranger.redrive, stranger.discard):
        with pytest.raises(OtherKey, match="set TRADEX_ACTOR_SIGNING_KEY"):
            await decide(letter.id)
    assert [letter.id] == await open_ids(service)


@pytest.mark.parametrize("header", ["dlq-replay-count", "dlq-origin"])
async def test_a_letter_that_somebody_made_up_keeps_nobody_from_deciding_on_others(
    service: JournalService, header: str
) -> None:
    letter = await give_up_command(service)
    record = letter.record
    made_up = Message(record.topic, record.key, record.value, record.headers, record.partition)
    endless = {header.replace("-", "_"): b"order.commands-0-" + b"9" * 5000, "dlq_id": b"made up"}
    await service.publish(with_headers(made_up, **endless))
    assert [letter.id] == await open_ids(service)
