import threading

import pytest
from tests.contracts.broker_harness import values

from adapters.kafka.broker import KafkaBroker
from adapters.kafka.settings import KafkaSettings
from tradex_core.errors import Outage, Unpublishable
from tradex_core.messaging.broker import Message


async def test_page_after_page_is_the_whole_log(broker: KafkaBroker, topic: str) -> None:
    await broker.publish([Message(topic, None, b"%d" % n, (), 1) for n in range(100)])
    pages = [await broker.read(topic, 1, start=at, limit=30) for at in range(0, 120, 30)]
    assert [30, 30, 30, 10] == [len(page) for page in pages]
    assert [str(n) for n in range(100)] == [value for page in pages for value in values(page)]


async def test_a_page_that_ended_at_the_end_goes_on_with_what_came_later(
    broker: KafkaBroker, topic: str
) -> None:
    for number in range(3):
        await broker.publish([Message(topic, None, b"%d" % number, (), 1)])
        records = await broker.read(topic, 1, start=number, limit=10)
        assert [str(number)] == values(records)


async def test_pages_of_several_partitions_in_turn_are_each_their_own(
    broker: KafkaBroker, topic: str
) -> None:
    await broker.publish([Message(topic, None, b"%d" % n, (), n % 4) for n in range(40)])
    for start in (0, 5, 3):
        for number in range(4):
            records = await broker.read(topic, number, start=start, limit=2)
            assert [str(4 * start + number), str(4 * start + 4 + number)] == values(records)


@pytest.mark.parametrize("partition", [-1, 4])
async def test_reading_a_partition_that_is_not_there_names_those_that_are(
    broker: KafkaBroker, topic: str, partition: int
) -> None:
    with pytest.raises(Unpublishable, match=rf"has no partition {partition}, only 0 to 3"):
        await broker.read(topic, partition, start=0, limit=1)


async def test_a_missing_topic_is_named(broker: KafkaBroker, name: str) -> None:
    with pytest.raises(Unpublishable, match=rf"'{name}'.*tradex topics apply"):
        await broker.read(name, 0, start=0, limit=1)
    with pytest.raises(Unpublishable, match=rf"'{name}'.*tradex topics apply"):
        await broker.offsets(name)


async def test_a_closed_broker_tells_nothing(broker: KafkaBroker, topic: str) -> None:
    await broker.close()
    for asked in (
        broker.read(topic, 0, start=0, limit=1),
        broker.offsets(topic),
        broker.committed(topic),
        broker.apply([]),
        broker.subscribe(topic, [topic]),
    ):
        with pytest.raises(Outage):
            await asked


async def test_however_often_one_asks_what_a_group_committed_one_client_is_kept_for_it(
    settings: KafkaSettings, name: str
) -> None:
    broker = KafkaBroker(settings)
    for _ in range(3):
        assert {} == await broker.committed(name)
    [asking] = [t for t in threading.enumerate() if t.name == f"what {name} committed"]
    await broker.close()
    asking.join(timeout=10)
    assert not asking.is_alive()
