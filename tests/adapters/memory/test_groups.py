import asyncio
import gc
from collections import Counter

import pytest
from tests.builders.orders import SetClock
from tests.contracts.broker_harness import (
    PARTITIONS,
    a_message,
    let_others_run,
    partitions,
    positions,
    spread,
)

from adapters.memory.broker import MemoryBroker
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message, Partition, Subscription


@pytest.fixture
async def broker() -> MemoryBroker:
    broker = MemoryBroker(SetClock())
    await broker.apply([Topic("topic", partitions=PARTITIONS)])
    return broker


async def owned(member: Subscription) -> set[Partition]:
    """Read on to the end, and return the partitions that there was something in."""
    return partitions(await member.fetch(limit=10_000))


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
