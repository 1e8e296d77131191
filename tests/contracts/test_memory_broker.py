import asyncio
import gc
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from tests.contracts.broker import BrokerContract
from tests.contracts.broker_harness import (
    PARTITIONS,
    Forget,
    a_message,
    let_others_run,
    partitions,
    positions,
    spread,
    values,
)

from adapters.memory.broker import MemoryBroker
from adapters.memory.groups import MemorySubscription
from adapters.memory.reader import Reader
from tradex_core.errors import Outage, Unpublishable
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message, Partition, Subscription


class AdvancingClock:
    def __init__(self) -> None:
        self.at = datetime(2024, 2, 29, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, *, days: int) -> None:
        self.at += timedelta(days=days)


@pytest.fixture
def clock() -> AdvancingClock:
    return AdvancingClock()


@pytest.fixture
async def broker(clock: AdvancingClock) -> MemoryBroker:
    broker = MemoryBroker(clock)
    await broker.apply([Topic("topic", partitions=PARTITIONS)])
    return broker


class TestMemoryBroker(BrokerContract):
    @pytest.fixture
    def broker(self, clock: AdvancingClock) -> MemoryBroker:
        return MemoryBroker(clock)

    @pytest.fixture
    def forget(self, broker: MemoryBroker, clock: AdvancingClock) -> Forget:
        async def forget(topic: str) -> None:
            clock.advance(days=8)
            broker.expire()

        return forget

    async def crash(self, subscription: Subscription) -> None:
        assert isinstance(subscription, MemorySubscription)
        subscription.abandon()


async def owned(member: Subscription) -> set[Partition]:
    """Read on to the end, and return the partitions that there was something in."""
    return partitions(await member.fetch(limit=10_000))


async def test_messages_without_a_key_go_to_the_partitions_in_turn(broker: MemoryBroker) -> None:
    await broker.publish([a_message("topic", key=None)] * (2 * PARTITIONS))
    assert dict.fromkeys(range(PARTITIONS), (0, 2)) == await broker.offsets("topic")


async def test_a_failed_message_without_a_key_blocks_no_other(clock: AdvancingClock) -> None:
    broker = MemoryBroker(clock, max_message_bytes=3)
    await broker.apply([Topic("topic")])
    failed, published = await broker.publish(
        [a_message("topic", v, key=None) for v in ("long", "")]
    )
    assert isinstance(failed, Unpublishable)
    assert published is None


async def test_a_message_is_as_large_as_its_key_value_and_headers(clock: AdvancingClock) -> None:
    broker = MemoryBroker(clock, max_message_bytes=10)
    await broker.apply([Topic("topic")])
    assert [None] == await broker.publish([Message("topic", b"12", b"345", (("67", b"890"),))])
    [answer] = await broker.publish([Message("topic", b"12", b"345", (("67", b"8901"),))])
    assert "has 11 bytes, and the broker takes at most 10" in str(answer)


async def test_a_record_carries_the_time_it_was_published(
    broker: MemoryBroker, clock: AdvancingClock
) -> None:
    await broker.publish([Message("topic", None, b"", (), 0)])
    clock.advance(days=1)
    [record] = await broker.read("topic", 0, start=0, limit=1)
    assert clock.at - timedelta(days=1) == record.timestamp


async def test_a_long_partition_does_not_keep_the_others_waiting(broker: MemoryBroker) -> None:
    await broker.publish([Message("topic", None, b"", (), 0)] * 1000)
    await broker.publish(spread("topic", 12))
    member = await broker.subscribe("group", ["topic"])
    fetched = [Counter(r.partition for r in await member.fetch(limit=8)) for _ in range(2)]
    assert [{0: 2, 1: 2, 2: 2, 3: 2}, {0: 5, 1: 1, 2: 1, 3: 1}] == fetched


async def test_a_limit_below_the_partitions_serves_each_in_turn(broker: MemoryBroker) -> None:
    await broker.publish(spread("topic", 40))
    member = await broker.subscribe("group", ["topic"])
    fetched = [record for _ in range(4) for record in await member.fetch(limit=1)]
    assert PARTITIONS == len(partitions(fetched))


async def test_a_consumer_that_never_runs_dry_lets_others_run(broker: MemoryBroker) -> None:
    await broker.publish(spread("topic", 100))
    member = await broker.subscribe("group", ["topic"])
    other = asyncio.create_task(broker.close())
    fetched = 0
    while records := await member.fetch(limit=1):
        fetched += len(records)
    await other
    assert fetched < 100


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_below_one_is_a_mistake(broker: MemoryBroker, limit: int) -> None:
    member = await broker.subscribe("group", ["topic"])
    with pytest.raises(ValueError, match="at least 1 record"):
        await member.fetch(limit=limit)


async def test_reading_no_topic_is_a_mistake(broker: MemoryBroker) -> None:
    with pytest.raises(ValueError, match="at least one topic"):
        await broker.subscribe("group", [])


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


async def test_members_share_evenly_and_a_new_one_takes_no_more_than_its_part(
    broker: MemoryBroker,
) -> None:
    await broker.apply([Topic("another", partitions=5)])
    members = [await broker.subscribe("group", ["topic", "another"]) for _ in range(2)]
    everything = [*spread("topic", 4), *(Message("another", None, b"", (), n) for n in range(5))]
    await broker.publish(everything)
    before = [await owned(member) for member in members]
    joining = await broker.subscribe("group", ["topic", "another"])
    assert 3 == len(await owned(joining))
    await broker.publish(everything)
    after = [await owned(member) for member in (*members, joining)]
    assert [3, 3, 3] == [len(part) for part in after]
    assert all(now <= then for now, then in zip(after, before, strict=False))


async def test_members_of_different_topics_get_only_their_own(broker: MemoryBroker) -> None:
    await broker.apply([Topic("another", partitions=1)])
    of_both = await broker.subscribe("group", ["topic", "another"])
    of_one = await broker.subscribe("group", ["another"])
    await broker.publish([*spread("topic", 4), a_message("another")])
    assert {"topic"} == {name for name, _ in await owned(of_both)}
    assert {("another", 0)} == await owned(of_one)


async def test_what_a_member_keeps_through_a_rebalance_it_reads_on(broker: MemoryBroker) -> None:
    await broker.publish(spread("topic", 40))
    first = await broker.subscribe("group", ["topic"])
    fetched = await first.fetch(limit=20)
    joining = await broker.subscribe("group", ["topic"])
    rest = await first.fetch(limit=100)
    assert set() == set(positions(fetched)) & set(positions(rest))
    assert 20 == len(await joining.fetch(limit=100))


async def test_a_commit_from_before_a_partition_was_lost_and_won_back_is_dropped(
    broker: MemoryBroker,
) -> None:
    await broker.publish(spread("topic", 40))
    first = await broker.subscribe("group", ["topic"])
    fetched = await first.fetch(limit=100)
    between = await broker.subscribe("group", ["topic"])
    theirs = await between.fetch(limit=100)
    await between.close()
    await first.commit(fetched)
    assert set() == partitions(theirs) & set(await broker.committed("group"))
    assert set(positions(theirs)) == set(positions(await first.fetch(limit=100)))


async def test_an_older_commit_does_not_take_a_later_one_back(broker: MemoryBroker) -> None:
    await broker.publish([Message("topic", None, b"", (), 0)] * 4)
    member = await broker.subscribe("group", ["topic"])
    earlier, later = await member.fetch(limit=2), await member.fetch(limit=2)
    await member.commit(later)
    await member.commit(earlier)
    assert {("topic", 0): 4} == await broker.committed("group")


async def test_a_fetch_that_waits_goes_back_with_a_rewind(broker: MemoryBroker) -> None:
    await broker.publish([a_message("topic")])
    member = await broker.subscribe("group", ["topic"])
    fetched = await member.fetch(limit=1)
    waiting = asyncio.create_task(member.fetch(limit=1))
    await let_others_run()
    await member.rewind()
    async with asyncio.timeout(5):
        assert fetched == await waiting


async def test_a_member_that_is_dropped_has_left(broker: MemoryBroker) -> None:
    await broker.publish(spread("topic", 8))
    dropped = await broker.subscribe("group", ["topic"])
    staying = await broker.subscribe("group", ["topic"])
    assert 4 == len(await dropped.fetch(limit=100))
    assert 4 == len(await staying.fetch(limit=100))
    del dropped
    gc.collect()
    async with asyncio.timeout(5):
        assert 4 == len(await staying.fetch(limit=100))


async def test_a_member_whose_task_is_cancelled_has_left(broker: MemoryBroker) -> None:
    async def work() -> None:
        member = await broker.subscribe("group", ["topic"])
        while True:
            await member.fetch(limit=100)

    crashing = asyncio.create_task(work())
    await asyncio.sleep(0)
    staying = await broker.subscribe("group", ["topic"])
    crashing.cancel()
    await asyncio.wait([crashing])
    del crashing
    gc.collect()
    await broker.publish(spread("topic", 8))
    async with asyncio.timeout(5):
        assert 8 == len(await staying.fetch(limit=100))


async def test_a_follower_that_is_dropped_costs_nothing_any_more(broker: MemoryBroker) -> None:
    def readers() -> int:
        return sum(isinstance(each, Reader) for each in gc.get_objects())

    before = readers()
    follower = broker.follow(["topic"])
    assert before + 1 == readers()
    del follower
    gc.collect()
    assert before == readers()


async def test_appending_lets_go_of_what_is_past_its_time(
    broker: MemoryBroker, clock: AdvancingClock
) -> None:
    await broker.publish([Message("topic", None, b"", (), 0)] * 100)
    clock.advance(days=8)
    await broker.publish([Message("topic", None, b"", (), 0)] * 100)
    assert (100, 200) == (await broker.offsets("topic"))[0]


async def test_a_topic_without_a_retention_keeps_everything(
    broker: MemoryBroker, clock: AdvancingClock
) -> None:
    await broker.apply([Topic("kept", partitions=1, retention_days=None)])
    await broker.publish([a_message("kept")] * 200)
    clock.advance(days=10_000)
    await broker.publish([a_message("kept")] * 200)
    broker.expire()
    assert {0: (0, 400)} == await broker.offsets("kept")


async def test_a_partition_keeps_the_latest_records_up_to_its_bound(clock: AdvancingClock) -> None:
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
