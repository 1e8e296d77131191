"""Dead letters: listed, sent again or given up, and handled once whatever interrupts it."""

import pytest
from tests.builders.journals import JournalService
from tests.builders.messages import (
    OPERATION_ID,
    ORDER_ID,
    an_event,
    bare,
    cancel_order,
    create_order,
    signed,
    stock_reserved,
    unsigned,
    with_headers,
)

from adapters.memory.partitioner import partition_of
from tradex_core.errors import Outage, OutcomeUnknown
from tradex_core.events import codec, topics
from tradex_core.events.reply import CommandReplied, OutcomeStatus
from tradex_core.events.user import LoginUser
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.dead_letters import DeadLetter
from tradex_core.messaging.operating import UnknownDeadLetter

DEAD = f"{topics.ORDER_COMMANDS}.dlq"


async def give_up(service: JournalService, *messages: Message, entry: str = "tea") -> DeadLetter:
    """Let the first message, whose entry this is, become a dead letter, and return it."""
    service.trouble(entry, *[ValueError("it is broken") for _ in range(11)])
    await service.receive(*messages)
    await service.retry(10)
    await service.settle()
    [letter] = await service.dead_letters.open()
    return letter


async def last(service: JournalService, topic: str = topics.ORDER_COMMANDS) -> Record:
    return (await service.records(topic))[-1]


async def outcomes(service: JournalService) -> list[CommandReplied]:
    return [codec.decode(r.value or b"", CommandReplied) for r in await service.replies()]


async def test_what_was_given_up_is_listed_until_somebody_decides(
    service: JournalService,
) -> None:
    assert [] == await service.dead_letters.open()
    letter = await give_up(service, signed(create_order()))
    assert "journals/order.commands-" in letter.id
    assert topics.ORDER_COMMANDS == letter.original_topic
    assert "exhausted" == letter.headers["dlq-reason"]
    await service.dead_letters.redrive(letter.id)
    assert [] == await service.dead_letters.open()


async def test_an_unknown_dead_letter_cannot_be_decided_on(service: JournalService) -> None:
    letter = await give_up(service, signed(create_order()))
    await service.dead_letters.discard(letter.id)
    for letter_id in ("nothing/there", letter.id):
        with pytest.raises(UnknownDeadLetter, match="tradex dead-letters list"):
            await service.dead_letters.redrive(letter_id)


@pytest.mark.parametrize(
    "message",
    [
        signed(create_order(), OPERATION_ID),
        unsigned(create_order(), "mine"),
        bare(create_order()),
        bare(create_order(), key=None),
    ],
    ids=["signed", "unsigned", "bare", "without a key"],
)
async def test_a_message_that_is_sent_again_is_handled_as_itself(
    service: JournalService, message: Message
) -> None:
    letter = await give_up(service, message)
    original = await last(service)
    assert [] == await outcomes(service)
    await service.dead_letters.redrive(letter.id)
    again = await last(service)
    assert (original.partition, original.key, original.value) == (
        again.partition,
        again.key,
        again.value,
    )
    await service.consume()
    assert ["tea"] == service.database.entries(ORDER_ID)
    [outcome] = await outcomes(service)
    assert service.opener.open(original).id == outcome.operation_id
    assert OutcomeStatus.SUCCEEDED is outcome.status


@pytest.mark.parametrize(
    "message",
    [signed(create_order(), OPERATION_ID), unsigned(create_order(), "mine"), bare(create_order())],
    ids=["signed", "unsigned", "bare"],
)
@pytest.mark.parametrize("decision", ["redrive", "discard"])
async def test_a_decision_that_is_interrupted_and_taken_again_has_one_effect(
    service: JournalService, message: Message, decision: str
) -> None:
    letter = await give_up(service, message)
    decide = getattr(service.dead_letters, decision)
    service.broker.refuse = lambda sent: Outage("away") if sent.topic == DEAD else None
    with pytest.raises(Outage):
        await decide(letter.id)
    service.broker.restore()
    await service.consume()
    assert [letter.id] == [each.id for each in await service.dead_letters.open()]
    await decide(letter.id)
    await service.consume()
    assert (["tea"] if decision == "redrive" else []) == service.database.entries(ORDER_ID)
    assert 1 == len(await outcomes(service))
    assert [] == await service.dead_letters.open()


async def test_a_decision_that_could_not_be_published_is_not_taken(
    service: JournalService,
) -> None:
    letter = await give_up(service, signed(create_order()))
    service.broker.cut_off()
    with pytest.raises(Outage):
        await service.dead_letters.redrive(letter.id)
    service.broker.restore()
    service.broker.lose_answers = 1
    with pytest.raises(OutcomeUnknown):
        await service.dead_letters.redrive(letter.id)
    assert [letter.id] == [each.id for each in await service.dead_letters.open()]
    await service.dead_letters.redrive(letter.id)
    await service.consume()
    assert ["tea"] == service.database.entries(ORDER_ID)


async def test_a_discarded_command_is_answered_as_failed(service: JournalService) -> None:
    letter = await give_up(service, signed(create_order(), OPERATION_ID))
    await service.dead_letters.discard(letter.id)
    await service.consume()
    [outcome] = await outcomes(service)
    assert (OPERATION_ID, OutcomeStatus.FAILED) == (outcome.operation_id, outcome.status)
    assert outcome.error is not None
    assert ("failed", "discarded") == (outcome.error.kind, outcome.error.type)
    assert [] == service.database.entries(ORDER_ID)


@pytest.mark.parametrize(
    "message",
    [
        Message(topics.ORDER_COMMANDS, b"key", b"garbage"),
        Message(topics.ORDER_COMMANDS, b"key", None),
        bare(cancel_order()),
        with_headers(signed(cancel_order()), ce_time=b"yesterday"),
    ],
    ids=["garbage", "no value", "forged", "malformed headers"],
)
async def test_what_can_never_be_read_is_gone_once_it_is_discarded(
    service: JournalService, message: Message
) -> None:
    await service.receive(message)
    await service.settle()
    [letter] = await service.dead_letters.open()
    await service.dead_letters.discard(letter.id)
    await service.consume()
    assert [] == await outcomes(service)
    assert [] == await service.dead_letters.open()


@pytest.mark.parametrize("step", ["needs", "prepare"])
async def test_whatever_made_it_fail_a_command_can_be_discarded(
    service: JournalService, step: str
) -> None:
    command = LoginUser(email="ana@b.c", password="secret")
    broken = [ValueError("it is broken") for _ in range(99)]
    service.trouble(f"{step} ana@b.c", *broken)
    letter = await give_up(service, signed(command))
    await service.dead_letters.discard(letter.id)
    await service.consume()
    [outcome] = await outcomes(service)
    assert OutcomeStatus.FAILED is outcome.status


async def test_what_fails_again_is_a_new_dead_letter_that_counts_the_times(
    service: JournalService,
) -> None:
    letter = await give_up(service, bare(create_order()))
    for times in range(1, 3):
        await service.dead_letters.redrive(letter.id)
        service.trouble("tea", *[ValueError("still broken") for _ in range(11)])
        await service.consume()
        await service.retry(10)
        await service.settle()
        [letter] = await service.dead_letters.open()
        assert str(times) == letter.headers["dlq-replay-count"]
        assert "0" == letter.headers["dlq-origin"].rpartition("-")[2]
    await service.dead_letters.redrive(letter.id)
    await service.consume()
    assert ["tea"] == service.database.entries(ORDER_ID)
    [outcome] = await outcomes(service)
    assert letter.headers["dlq-origin"] == outcome.operation_id


@pytest.mark.parametrize("has_id", [True, False])
async def test_only_who_gave_a_message_up_handles_it_again(*, has_id: bool) -> None:
    service = JournalService(name="gave-up")
    await service.start()
    other = JournalService(name="other", broker=service.log)
    event = an_event(stock_reserved(), "1")
    message = event if has_id else Message(event.topic, event.key, event.value)
    place = partition_of(ORDER_ID.encode(), topics.PARTITIONS)
    entry = "1" if has_id else f"stock.reserved-{place}-0"
    letter = await give_up(service, message, entry=entry)
    await service.dead_letters.redrive(letter.id)
    await other.consume()
    await service.consume()
    assert [entry] == service.database.entries(ORDER_ID)
    assert [entry] == other.database.entries(ORDER_ID)


async def test_each_consumer_has_a_dead_letter_of_its_own() -> None:
    service = JournalService(name="gave-up")
    await service.start()
    other = JournalService(name="gave-up-too", broker=service.log)
    garbage = Message(topics.STOCK_RESERVED, b"k", b"garbage")
    await service.receive(garbage)
    await other.consume()
    await service.settle()
    await other.settle()
    assert {"gave-up", "gave-up-too"} == {
        letter.id.partition("/")[0] for letter in await service.dead_letters.open()
    }


async def test_a_dead_letter_that_the_relay_publishes_twice_stays_decided(
    service: JournalService,
) -> None:
    letter = await give_up(service, signed(create_order()))
    await service.dead_letters.redrive(letter.id)
    record = letter.record
    await service.publish(
        Message(record.topic, record.key, record.value, record.headers, record.partition)
    )
    assert [] == await service.dead_letters.open()


async def test_headers_that_a_client_made_up_do_not_survive_in_a_dead_letter(
    service: JournalService,
) -> None:
    made_up = (("dlq-replay-count", b"many"), ("dlq-id", b"x"), ("dlq-resolution", b"discarded"))
    await service.receive(Message(topics.ORDER_COMMANDS, b"k", b"garbage", made_up))
    await service.settle()
    [letter] = await service.dead_letters.open()
    assert "0" == letter.headers["dlq-replay-count"]
    await service.dead_letters.redrive(letter.id)


async def test_a_signed_command_is_not_done_again_for_who_copies_it(
    service: JournalService,
) -> None:
    letter = await give_up(service, signed(create_order(), OPERATION_ID))
    await service.dead_letters.redrive(letter.id)
    await service.consume()
    copied = await last(service)
    for count in (b"1", b"2", b"3"):
        message = Message(copied.topic, copied.key, copied.value, copied.headers)
        await service.receive(with_headers(message, dlq_replay_count=count))
    assert ["tea"] == service.database.entries(ORDER_ID)
    assert 1 == len(await outcomes(service))


async def test_order_within_a_partition_survives_a_long_list(service: JournalService) -> None:
    garbage = [Message(topics.ORDER_COMMANDS, b"key", b"%d" % number) for number in range(1200)]
    await service.receive(*garbage)
    await service.settle()
    assert [message.value for message in garbage] == [
        letter.record.value for letter in await service.dead_letters.open()
    ]
