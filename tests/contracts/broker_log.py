"""The broker's contract as a log: topics, publishing, reading, following, retention."""

import asyncio
from datetime import timedelta

import pytest
from tests.contracts.broker_harness import (
    PARTITIONS,
    BrokerHarness,
    Forget,
    a_message,
    let_others_run,
    positions,
    spread,
    values,
)

from tradex_core.errors import TradexError, Unpublishable
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Broker, Message


class TopicsContract(BrokerHarness):
    async def test_applying_returns_what_was_missing_and_changes_nothing_again(
        self, broker: Broker, topic: str, made_topics: None
    ) -> None:
        await self.publish(broker, [a_message(topic)])
        there = Topic(topic, partitions=PARTITIONS)
        missing = Topic(f"{topic}-missing", partitions=1)
        assert [missing.name] == list(await broker.apply([there, missing]))
        assert [] == list(await broker.apply([there, missing]))
        assert ["value"] == values(await self.read(broker, topic))

    async def test_a_topic_has_the_partitions_that_were_asked_for(
        self, broker: Broker, topic: str
    ) -> None:
        assert dict.fromkeys(range(PARTITIONS), (0, 0)) == await broker.offsets(topic)

    async def test_another_number_of_partitions_is_refused_and_nothing_is_made(
        self, broker: Broker, topic: str, made_topics: None
    ) -> None:
        missing = Topic(f"{topic}-missing", partitions=1)
        with pytest.raises(TradexError, match=f"{topic}'.*tradex topics apply"):
            await broker.apply([missing, Topic(topic, partitions=PARTITIONS + 1)])
        assert dict.fromkeys(range(PARTITIONS), (0, 0)) == await broker.offsets(topic)
        assert [missing.name] == list(await broker.apply([missing]))

    async def test_joining_a_group_of_a_missing_topic_names_it(
        self, broker: Broker, topic: str, group: str, made_topics: None
    ) -> None:
        with pytest.raises(Unpublishable, match=f"{topic}-missing.*tradex topics apply"):
            await broker.subscribe(group, [topic, f"{topic}-missing"])


class PublishingContract(BrokerHarness):
    async def test_a_record_is_what_was_published(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        headers = (("ce_id", b"1"), ("twice", b"\x00\xff"), ("twice", b""))
        await self.publish(broker, [Message(topic, b"key", b'{"price": 1.50}', headers)])
        [record] = await self.fetch(await broker.subscribe(group, [topic]), 1)
        assert (topic, 0) == (record.topic, record.offset)
        assert (b"key", b'{"price": 1.50}', headers) == (record.key, record.value, record.headers)
        assert timedelta(0) == record.timestamp.utcoffset()

    async def test_key_and_value_may_be_absent(self, broker: Broker, topic: str) -> None:
        await self.publish(broker, [Message(topic, None, None)])
        [record] = await self.read(broker, topic)
        assert (None, None, ()) == (record.key, record.value, record.headers)

    async def test_publishing_nothing_is_answered_with_nothing(self, broker: Broker) -> None:
        assert [] == await broker.publish([])

    @pytest.mark.parametrize(
        ("key", "partition"),
        [
            ("21", 0),
            ("foobar", 2),
            ("a-little-bit-long-string", 0),
            ("a-little-bit-longer-string", 3),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", 1),
            ("abc", 3),
        ],
    )
    async def test_a_key_goes_where_java_clients_put_it(
        self, broker: Broker, topic: str, key: str, partition: int
    ) -> None:
        await self.publish(broker, [a_message(topic, key=key)])
        assert [partition] == [record.partition for record in await self.read(broker, topic)]

    async def test_a_partition_that_is_named_goes_before_the_key(
        self, broker: Broker, topic: str
    ) -> None:
        messages = [Message(topic, b"key", b"", (), number) for number in range(PARTITIONS)]
        await self.publish(broker, messages)
        assert dict.fromkeys(range(PARTITIONS), (0, 1)) == await broker.offsets(topic)

    async def test_messages_of_a_key_lie_in_the_order_they_were_published(
        self, broker: Broker, topic: str
    ) -> None:
        published = [str(number) for number in range(100)]
        for start in range(0, 100, 25):
            batch = [a_message(topic, value) for value in published[start : start + 25]]
            await self.publish(broker, batch)
        assert published == values(await self.read(broker, topic))

    async def test_a_missing_topic_costs_its_own_message_alone(
        self, broker: Broker, topic: str, made_topics: None
    ) -> None:
        missing = f"{topic}-missing"
        answers = await broker.publish([a_message(missing), a_message(topic)])
        assert [Unpublishable, type(None)] == [type(answer) for answer in answers]
        assert missing in str(answers[0])
        assert "tradex topics apply" in str(answers[0])
        assert ["value"] == values(await self.read(broker, topic))

    async def test_a_partition_that_is_not_there_costs_its_own_message_alone(
        self, broker: Broker, topic: str
    ) -> None:
        answers = await broker.publish(
            [Message(topic, b"one", b"", (), PARTITIONS), a_message(topic, key="another")]
        )
        assert [Unpublishable, type(None)] == [type(answer) for answer in answers]
        assert topic in str(answers[0])

    async def test_a_message_too_large_costs_its_own_key_alone(
        self, broker: Broker, topic: str, too_large: bytes
    ) -> None:
        large = Message(topic, b"key", too_large)
        before, after = a_message(topic, "before"), a_message(topic, "after")
        answers = await broker.publish([before, large, after, a_message(topic, "other", key="b")])
        assert [None, None] == [answers[0], answers[3]]
        assert isinstance(answers[1], Unpublishable)
        assert answers[1] is answers[2]
        assert ["before", "other"] == sorted(values(await self.read(broker, topic)))

    async def test_a_failed_key_is_free_again_in_the_next_call(
        self, broker: Broker, topic: str, too_large: bytes
    ) -> None:
        await broker.publish([Message(topic, b"key", too_large)])
        await self.publish(broker, [a_message(topic)])
        assert ["value"] == values(await self.read(broker, topic))

    async def test_a_failed_key_does_not_block_its_namesake_in_another_topic(
        self, broker: Broker, topic: str, too_large: bytes
    ) -> None:
        another = await self.make_topic(broker)
        large = Message(topic, b"key", too_large)
        assert (await broker.publish([large, a_message(another)]))[1] is None


class ReadingContract(BrokerHarness):
    async def test_reading_begins_at_any_offset_and_ends_at_the_limit(
        self, broker: Broker, topic: str
    ) -> None:
        await self.publish(broker, [Message(topic, None, b"%d" % n, (), 1) for n in range(10)])
        records = await broker.read(topic, 1, start=3, limit=4)
        assert ["3", "4", "5", "6"] == values(records)
        assert [3, 4, 5, 6] == [record.offset for record in records]
        assert {0: (0, 0), 1: (0, 10), 2: (0, 0), 3: (0, 0)} == await broker.offsets(topic)

    async def test_behind_the_end_there_is_nothing_to_read(
        self, broker: Broker, topic: str
    ) -> None:
        await self.publish(broker, [Message(topic, None, b"", (), 1)])
        assert [] == list(await broker.read(topic, 1, start=1, limit=10))
        assert [] == list(await broker.read(topic, 2, start=0, limit=10))

    async def test_what_the_log_holds_cannot_be_changed_from_outside(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        messages = [a_message(topic)]
        await self.publish(broker, messages)
        messages.clear()
        fetched = await self.fetch(await broker.subscribe(group, [topic]), 1)
        with pytest.raises(AttributeError):
            fetched[0].value = b"another"  # type: ignore[misc]
        for records in (fetched, await broker.read(topic, fetched[0].partition, start=0, limit=9)):
            if isinstance(records, list):
                records.clear()
        assert ["value"] == values(await self.read(broker, topic))


class FollowingContract(BrokerHarness):
    async def test_a_follower_sees_only_what_is_published_after_the_call(
        self, broker: Broker, topic: str
    ) -> None:
        await self.publish(broker, [a_message(topic, "before")])
        follower = broker.follow([topic])
        await self.publish(broker, [a_message(topic, "after")])
        assert ["after"] == values(await self.follow(follower, 1))

    async def test_a_follower_waits_and_reads_on(self, broker: Broker, topic: str) -> None:
        another = await self.make_topic(broker)
        follower = broker.follow([topic, another])
        for name in (topic, another, topic):
            waiting = asyncio.create_task(self.follow(follower, 1))
            await let_others_run()
            await self.publish(broker, [a_message(name, name)])
            assert [name] == values(await waiting)

    async def test_every_follower_sees_everything_and_takes_nothing_from_a_group(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        followers = [broker.follow([topic]), broker.follow([topic])]
        await self.publish(broker, spread(topic, 8))
        seen = [sorted(positions(await self.follow(follower, 8))) for follower in followers]
        fetched = await self.fetch(await broker.subscribe(group, [topic]), 8)
        assert [sorted(positions(fetched))] * 2 == seen


class RetentionContract(BrokerHarness):
    async def test_offsets_are_not_given_again_after_their_records_are_gone(
        self, broker: Broker, topic: str, forget: Forget
    ) -> None:
        await self.publish(broker, spread(topic, 8))
        await forget(topic)
        assert dict.fromkeys(range(PARTITIONS), (2, 2)) == await broker.offsets(topic)
        await self.publish(broker, spread(topic, 4))
        assert dict.fromkeys(range(PARTITIONS), (2, 3)) == await broker.offsets(topic)

    async def test_reading_below_the_first_kept_offset_goes_on_there(
        self, broker: Broker, topic: str, forget: Forget
    ) -> None:
        await self.publish(broker, spread(topic, 8))
        await forget(topic)
        await self.publish(broker, [Message(topic, None, b"kept", (), 0)])
        [record] = await broker.read(topic, 0, start=1, limit=10)
        assert ("kept", 2) == (values([record])[0], record.offset)

    async def test_a_member_below_the_first_kept_offset_goes_on_there(
        self, broker: Broker, topic: str, group: str, forget: Forget
    ) -> None:
        await self.publish(broker, spread(topic, 8))
        member = await broker.subscribe(group, [topic])
        await member.commit(await self.fetch(member, 1))
        await member.close()
        await forget(topic)
        await self.publish(broker, [a_message(topic, "kept")])
        later = await broker.subscribe(group, [topic])
        assert ["kept"] == values(await self.fetch(later, 1))
