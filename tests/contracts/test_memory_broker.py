import asyncio
import gc
from datetime import timedelta
from itertools import count

import pytest
from tests.builders.faulty_producer import FaultyProducer
from tests.builders.orders import SetClock
from tests.contracts.broker import BrokerContract
from tests.contracts.broker_harness import (
    PARTITIONS,
    Forget,
    a_message,
    let_others_run,
    spread,
    values,
)

from adapters.memory.broker import MemoryBroker
from adapters.memory.groups import MemorySubscription
from adapters.memory.reader import Reader
from tradex_core.errors import Outage, OutcomeUnknown, Unpublishable
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message, Subscription


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def broker(clock: SetClock) -> MemoryBroker:
    broker = MemoryBroker(clock)
    await broker.apply([Topic("topic", partitions=PARTITIONS)])
    return broker


class TestMemoryBroker(BrokerContract):
    @pytest.fixture
    def broker(self, clock: SetClock) -> MemoryBroker:
        return MemoryBroker(clock)

    @pytest.fixture
    def forget(self, broker: MemoryBroker, clock: SetClock) -> Forget:
        async def forget(topic: str) -> None:
            clock.advance(timedelta(days=8))
            broker.expire()

        return forget

    async def crash(self, subscription: Subscription) -> None:
        assert isinstance(subscription, MemorySubscription)
        subscription.abandon()


async def test_messages_without_a_key_go_to_the_partitions_in_turn(broker: MemoryBroker) -> None:
    await broker.publish([a_message("topic", key=None)] * (2 * PARTITIONS))
    assert dict.fromkeys(range(PARTITIONS), (0, 2)) == await broker.offsets("topic")


async def test_a_failed_message_without_a_key_blocks_no_other(clock: SetClock) -> None:
    broker = MemoryBroker(clock, max_message_bytes=3)
    await broker.apply([Topic("topic")])
    failed, published = await broker.publish(
        [a_message("topic", v, key=None) for v in ("long", "")]
    )
    assert isinstance(failed, Unpublishable)
    assert published is None


async def test_a_message_is_as_large_as_its_key_value_and_headers(clock: SetClock) -> None:
    broker = MemoryBroker(clock, max_message_bytes=10)
    await broker.apply([Topic("topic")])
    assert [None] == await broker.publish([Message("topic", b"12", b"345", (("67", b"890"),))])
    [answer] = await broker.publish([Message("topic", b"12", b"345", (("67", b"8901"),))])
    assert "has 11 bytes, and the broker takes at most 10" in str(answer)


async def test_a_record_carries_the_time_it_was_published(
    broker: MemoryBroker, clock: SetClock
) -> None:
    await broker.publish([Message("topic", None, b"", (), 0)])
    clock.advance(timedelta(days=1))
    [record] = await broker.read("topic", 0, start=0, limit=1)
    assert clock.at - timedelta(days=1) == record.timestamp


async def test_a_topic_named_twice_is_read_once(broker: MemoryBroker) -> None:
    member = await broker.subscribe("group", ["topic", "topic"])
    follower = broker.follow(["topic", "topic"])
    await broker.publish(spread("topic", 4))
    assert 4 == len(await member.fetch(limit=100))
    assert 4 == len(await anext(follower))


@pytest.mark.parametrize("partition", [-1, PARTITIONS])
async def test_reading_a_partition_that_is_not_there_names_those_that_are(
    broker: MemoryBroker, partition: int
) -> None:
    with pytest.raises(Unpublishable, match=f"'topic' has no partition {partition}, only 0 to 3"):
        await broker.read("topic", partition, start=0, limit=1)


async def test_following_a_missing_topic_names_it(broker: MemoryBroker) -> None:
    with pytest.raises(Unpublishable, match=r"'missing'.*tradex topics apply"):
        broker.follow(["missing"])


async def test_a_follower_that_is_dropped_costs_nothing_any_more(broker: MemoryBroker) -> None:
    def readers() -> int:
        return sum(isinstance(each, Reader) for each in gc.get_objects())

    before = readers()
    follower = broker.follow(["topic"])
    assert before + 1 == readers()
    del follower
    gc.collect()
    await let_others_run()
    assert before == readers()


async def test_appending_lets_go_of_what_is_past_its_time(
    broker: MemoryBroker, clock: SetClock
) -> None:
    await broker.publish([Message("topic", None, b"", (), 0)] * 100)
    clock.advance(timedelta(days=8))
    await broker.publish([Message("topic", None, b"", (), 0)] * 100)
    assert (100, 200) == (await broker.offsets("topic"))[0]


async def test_a_topic_without_a_retention_keeps_everything(
    broker: MemoryBroker, clock: SetClock
) -> None:
    await broker.apply([Topic("kept", partitions=1, retention_days=None)])
    await broker.publish([a_message("kept")] * 200)
    clock.advance(timedelta(days=10_000))
    await broker.publish([a_message("kept")] * 200)
    broker.expire()
    assert {0: (0, 400)} == await broker.offsets("kept")


async def test_a_partition_keeps_the_latest_records_up_to_its_bound(clock: SetClock) -> None:
    broker = MemoryBroker(clock, max_records=400)
    await broker.apply([Topic("topic", partitions=1, retention_days=None)])
    for number in range(3000):
        await broker.publish([a_message("topic", str(number))])
        first, end = (await broker.offsets("topic"))[0]
        assert end - first <= 500
        assert min(end, 400) <= end - first
    broker.expire()
    assert {0: (2600, 3000)} == await broker.offsets("topic")
    assert ["2600"] == values(await broker.read("topic", 0, start=0, limit=1))


async def test_what_was_acknowledged_before_the_close_is_in_the_log(broker: MemoryBroker) -> None:
    acknowledged: list[str] = []

    async def publish_until_closed(name: str) -> None:
        for number in count():
            value = f"{name}-{number}"
            [answer] = await broker.publish([a_message("topic", value)])
            if answer is not None:
                return
            acknowledged.append(value)
            await asyncio.sleep(0)

    publishing = [asyncio.create_task(publish_until_closed(name)) for name in "abc"]
    await let_others_run()
    await broker.close()
    await asyncio.gather(*publishing)
    held = [
        value
        for number in range(PARTITIONS)
        for value in values(await broker.read("topic", number, start=0, limit=1000))
    ]
    assert acknowledged == held


async def test_a_closed_broker_takes_no_members_and_no_topics(broker: MemoryBroker) -> None:
    await broker.close()
    with pytest.raises(Outage):
        await broker.subscribe("group", ["topic"])
    with pytest.raises(Outage):
        await broker.apply([Topic("another")])
    assert [] == [batch async for batch in broker.follow(["topic"])]


async def test_a_message_whose_outcome_is_unknown_may_be_in_the_log_and_is_doubled_by_a_repeat(
    broker: MemoryBroker,
) -> None:
    producer = FaultyProducer(broker)
    producer.fail_next(Outage("away"))
    producer.fail_next(OutcomeUnknown("no answer"), published=True)
    answers = [answer for _ in range(3) for answer in await producer.publish([a_message("topic")])]
    assert [Outage, OutcomeUnknown, type(None)] == [type(answer) for answer in answers]
    assert 2 == sum(end for _, end in (await broker.offsets("topic")).values())
