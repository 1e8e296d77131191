import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient
from tests.contracts.broker_harness import a_message, values

from adapters.kafka import producer
from adapters.kafka.broker import KafkaBroker
from adapters.kafka.faults import Faults
from adapters.kafka.settings import KafkaSettings
from tradex_core.errors import Outage, Unpublishable
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message

FATAL = -150  # librdkafka's ERR__FATAL
PATIENCE = 10


async def test_messages_of_one_key_lie_in_order_beside_those_of_others(
    broker: KafkaBroker, name: str
) -> None:
    await broker.apply([Topic(name, partitions=1)])
    messages = [a_message(name, str(n), key="hot" if n % 3 else f"key-{n}") for n in range(90)]
    assert [None] * 90 == await broker.publish(messages)
    records = await broker.read(name, 0, start=0, limit=100)
    assert 90 == len(records)
    hot = [record for record in records if record.key == b"hot"]
    assert [str(n) for n in range(90) if n % 3] == values(hot)


async def test_headers_count_for_the_size(broker: KafkaBroker, topic: str) -> None:
    half = b"x" * 500_000
    [answer] = await broker.publish([Message(topic, b"key", half, (("name", half),))])
    assert isinstance(answer, Unpublishable)
    assert "1000007 bytes" in str(answer)


@pytest.mark.parametrize("stranger", ["", ".", "no topic!", "nul\0", "x" * 250, "lösung"])
async def test_a_topic_that_there_can_never_be_is_missing_as_any_other(
    broker: KafkaBroker, topic: str, stranger: str
) -> None:
    answers = await broker.publish([a_message(stranger), a_message(topic)])
    assert [Unpublishable, type(None)] == [type(answer) for answer in answers]


async def answered(broker: KafkaBroker, topic: str) -> Exception | None:
    [answer] = await broker.publish([a_message(topic)])
    return answer


async def test_a_topic_that_is_deleted_is_missing_from_then_on(
    broker: KafkaBroker, kafka: str, topic: str
) -> None:
    await broker.publish([a_message(topic)])
    client = AdminClient({"bootstrap.servers": kafka})
    [deleted] = client.delete_topics([topic]).values()
    await asyncio.wrap_future(deleted)
    async with asyncio.timeout(PATIENCE):
        while not isinstance(await answered(broker, topic), Unpublishable):
            """Kafka deletes it a moment after it says so."""
    assert isinstance(await answered(broker, topic), Unpublishable)
    await broker.apply([Topic(topic, partitions=4)])
    assert [None] == await broker.publish([a_message(topic)])


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Faults]:
    """What each producer that was made hears of its faults."""
    heard: list[Faults] = []

    class Hearing(Faults):
        def __init__(self, client: str) -> None:
            super().__init__(client)
            heard.append(self)

    monkeypatch.setattr(producer, "Faults", Hearing)
    return heard


async def test_what_was_got_ready_when_it_was_opened_publishes(
    broker: KafkaBroker, topic: str, heard: list[Faults]
) -> None:
    for _ in range(2):
        await broker.open()
    assert 1 == len(heard)
    assert [None] == await broker.publish([a_message(topic)])
    assert 1 == len(heard)


async def test_a_producer_that_failed_for_good_is_replaced(
    broker: KafkaBroker, topic: str, heard: list[Faults]
) -> None:
    assert [None] == await broker.publish([a_message(topic, "before")])
    heard[0](KafkaError(FATAL, "out of sequence", fatal=True))
    assert [None] == await broker.publish([a_message(topic, "after")])
    assert 2 == len(heard)


async def test_closing_answers_what_nobody_acknowledges(
    settings: KafkaSettings, topic: str
) -> None:
    broker = KafkaBroker(
        replace(settings, linger=timedelta(seconds=20), close_timeout=timedelta(milliseconds=200))
    )
    publishing = asyncio.create_task(broker.publish([a_message(topic, n) for n in "123"]))
    await asyncio.sleep(0.5)
    assert not publishing.done()
    async with asyncio.timeout(5):
        await broker.close()
        assert [Outage] * 3 == [type(answer) for answer in await publishing]
