import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest
from confluent_kafka import Consumer, TopicPartition
from tests.contracts.broker_harness import partitions, positions, spread

from adapters.kafka import groups
from adapters.kafka.broker import KafkaBroker
from adapters.kafka.groups import KafkaSubscription, MemberThread
from adapters.kafka.settings import KafkaSettings
from tradex_core.errors import Outage
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message, Record, Subscription

LONGER_THAN_IT_READS_ON = 1.5
"""Seconds: where nobody takes for so long, it pauses."""


@pytest.fixture(params=["classic", "consumer"])
def protocol(request: pytest.FixtureRequest) -> Literal["classic", "consumer"]:
    protocol: Literal["classic", "consumer"] = request.param
    return protocol


@pytest.fixture
def settings(settings: KafkaSettings, protocol: Literal["classic", "consumer"]) -> KafkaSettings:
    return replace(settings, group_protocol=protocol)


async def fetch(member: Subscription, count: int) -> list[Record]:
    records: list[Record] = []
    async with asyncio.timeout(20):
        while len(records) < count:
            records += await member.fetch(limit=count - len(records))
    return records


async def test_a_member_holds_no_more_than_it_may_and_loses_nothing_by_pausing(
    settings: KafkaSettings, broker: KafkaBroker, topic: str
) -> None:
    await broker.publish([Message(topic, None, b"%d" % n, (), n % 4) for n in range(2000)])
    thread = MemberThread(settings, topic, [topic], capacity=50)
    thread.start()
    taken = list(await thread.handover.take(1))
    await asyncio.sleep(LONGER_THAN_IT_READS_ON)
    held = thread.handover.room
    assert -30 < held <= 0
    await asyncio.sleep(0.2)
    assert held == thread.handover.room
    async with asyncio.timeout(20):
        while len(taken) < 2000:
            taken += await thread.handover.take(50)
    await thread.stopped(within=timedelta(seconds=5))
    for partition in range(4):
        offsets = [record.offset for record in taken if record.partition == partition]
        assert list(range(500)) == offsets


async def test_a_rebalance_waits_for_no_member_that_does_not_fetch(
    settings: KafkaSettings, topic: str
) -> None:
    broker = KafkaBroker(settings, read_ahead=10)
    await broker.publish(spread(topic, 400))
    busy = await broker.subscribe(topic, [topic])
    before = await fetch(busy, 1)
    await asyncio.sleep(LONGER_THAN_IT_READS_ON)
    joining = await broker.subscribe(topic, [topic])
    gained = partitions(await fetch(joining, 150))
    kept = partitions(await fetch(busy, 150))
    assert set() == gained & kept
    assert {(topic, number) for number in range(4)} == gained | kept
    assert 1 == len(before)
    await broker.close()


async def test_what_was_read_ahead_of_a_lost_partition_is_not_handed_out(
    broker: KafkaBroker, topic: str
) -> None:
    await broker.publish(spread(topic, 40))
    first = await broker.subscribe(topic, [topic])
    await fetch(first, 1)
    joining = await broker.subscribe(topic, [topic])
    gained = partitions(await fetch(joining, 19))
    rest = await fetch(first, 19)
    assert set() == gained & partitions(rest)


async def test_a_member_that_is_one_too_many_stands_by_and_takes_over(
    settings: KafkaSettings, broker: KafkaBroker, name: str
) -> None:
    await broker.apply([Topic(name, partitions=1)])
    patient = KafkaBroker(replace(settings, join_wait=timedelta(milliseconds=500)))
    members = [await each.subscribe(name, [name]) for each in (broker, patient)]
    await broker.publish([Message(name, b"key", b"value")])
    # A broker that assigns may give the partition to whoever came second.
    waiting = {asyncio.create_task(fetch(member, 1)): member for member in members}
    [reading], [standing_by] = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert [f"{name}-0-0"] == positions(reading.result())
    await waiting[reading].close()
    assert [f"{name}-0-0"] == positions(await standing_by)
    await patient.close()


@pytest.mark.parametrize("protocol", ["consumer"])
async def test_members_to_which_the_broker_assigns_share_each_topic(
    broker: KafkaBroker, name: str
) -> None:
    topics = [f"{name}.{each}" for each in ("busy", "idle", "silent")]
    await broker.apply([Topic(topic, partitions=4) for topic in topics])
    for topic in topics:
        await broker.publish(spread(topic, 40))
    first, joining = [await broker.subscribe(name, topics) for _ in range(2)]
    gained, kept = [partitions(await fetch(member, 60)) for member in (joining, first)]
    assert set() == gained & kept
    assert [2, 2, 2] == [sum(topic == of for of, _ in gained) for topic in topics]


async def test_a_commit_never_goes_back(broker: KafkaBroker, name: str) -> None:
    await broker.apply([Topic(name, partitions=1)])
    await broker.publish([Message(name, None, b"")] * 5)
    member = await broker.subscribe(name, [name])
    records = await fetch(member, 5)
    await member.commit(records)
    await member.commit(records[:2])
    assert {(name, 0): 5} == await broker.committed(name)


class DeafOnce:
    """A consumer that loses its first commit without a word."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self.lost: list[TopicPartition] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a consumer has
        return getattr(self._consumer, name)

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert asynchronous
        if self.lost:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        self.lost = self.lost or offsets


async def test_a_commit_of_which_nothing_is_heard_is_sent_again(
    settings: KafkaSettings, broker: KafkaBroker, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await broker.publish([Message(topic, None, b"1", (), 0)])
    thread = MemberThread(settings, topic, [topic], capacity=50)
    monkeypatch.setattr(thread, "_consumer", DeafOnce(thread._consumer))  # noqa: SLF001
    thread.start()
    member = KafkaSubscription(thread, settings)
    records = await fetch(member, 1)
    with monkeypatch.context() as impatient:
        impatient.setattr(groups, "_HEARD_WITHIN_SECONDS", 0.1)
        with pytest.raises(Outage, match="did not commit"):
            await member.commit(records)
    await member.commit(records)
    assert {(topic, 0): 1} == await broker.committed(topic)
    await member.close()


async def test_rewinding_goes_back_over_what_was_read_ahead(
    broker: KafkaBroker, topic: str
) -> None:
    await broker.publish(spread(topic, 400))
    member = await broker.subscribe(topic, [topic])
    committed = await fetch(member, 100)
    await member.commit(committed)
    await fetch(member, 50)
    await member.rewind()
    again = await fetch(member, 300)
    assert 400 == len(set(positions([*committed, *again])))


async def test_a_member_that_is_dropped_leaves_the_group(broker: KafkaBroker, name: str) -> None:
    await broker.apply([Topic(name, partitions=1)])
    await broker.publish([Message(name, None, b"")])
    member = await broker.subscribe(name, [name])
    await fetch(member, 1)
    del member
    async with asyncio.timeout(4):  # a session lasts 6 s
        assert 1 == len(await fetch(await broker.subscribe(name, [name]), 1))
