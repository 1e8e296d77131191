"""The broker's contract for consumer groups: fetching, committing, rebalancing."""

import asyncio
from itertools import chain

import pytest
from tests.contracts.broker_harness import (
    PARTITIONS,
    BrokerHarness,
    a_message,
    count_of,
    let_others_run,
    partitions,
    positions,
    spread,
    values,
)

from tradex_core.messaging.broker import Broker, Message, Record


class FetchingContract(BrokerHarness):
    async def test_a_group_starts_at_the_beginning_and_goes_on_with_each_fetch(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, [a_message(topic, str(number)) for number in range(10)])
        member = await broker.subscribe(group, [topic])
        assert [str(number) for number in range(6)] == values(await self.fetch(member, 6))
        assert [str(number) for number in range(6, 10)] == values(await self.fetch(member, 4))

    async def test_a_fetch_returns_no_more_than_the_limit(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, spread(topic, 40))
        member = await broker.subscribe(group, [topic])
        fetched: list[Record] = []
        async with asyncio.timeout(self.patience):
            while len(fetched) < 40:
                records = await member.fetch(limit=3)
                assert len(records) in range(1, 4)
                fetched += records
        assert 40 == len(set(positions(fetched)))

    async def test_a_fetch_waits_for_the_first_record_and_no_longer(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        member = await broker.subscribe(group, [topic])
        waiting = asyncio.create_task(member.fetch(limit=100))
        await let_others_run()
        await self.publish(broker, [a_message(topic)])
        async with asyncio.timeout(self.patience):
            assert ["value"] == values(await waiting)

    @pytest.mark.parametrize("turns", range(4))
    async def test_a_fetch_that_is_cancelled_loses_nothing(
        self, broker: Broker, topic: str, group: str, turns: int
    ) -> None:
        member = await broker.subscribe(group, [topic])
        await self.settle(broker, topic, member)
        waiting = asyncio.create_task(member.fetch(limit=100))
        for _ in range(turns):
            await asyncio.sleep(0)
        await self.publish(broker, [a_message(topic)])
        waiting.cancel()
        await asyncio.wait([waiting])
        fetched = [] if waiting.cancelled() else list(waiting.result())
        assert ["value"] == values([*fetched, *await self.fetch(member, 1 - len(fetched))])

    async def test_records_of_several_topics_come_to_one_member(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        another = await self.make_topic(broker)
        await self.publish(broker, [*spread(topic, 4), *spread(another, 4)])
        member = await broker.subscribe(group, [topic, another])
        fetched = await self.fetch(member, 8)
        assert 8 == len(set(positions(fetched)))
        assert {topic, another} == {record.topic for record in fetched}

    async def test_every_group_sees_everything(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, spread(topic, 8))
        members = [await broker.subscribe(name, [topic]) for name in (group, f"{group}-another")]
        seen = [sorted(values(await self.fetch(member, 8))) for member in members]
        assert [sorted(f"value-{number}" for number in range(8))] * 2 == seen

    async def test_order_per_key_holds_while_many_publish(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        keys = [f"key-{number}" for number in range(20)]
        sent = [str(number) for number in range(60)]

        async def produce(key: str) -> None:
            for start in range(0, 60, 6):
                batch = [a_message(topic, value, key=key) for value in sent[start : start + 6]]
                await self.publish(broker, batch)
                await asyncio.sleep(0)

        member = await broker.subscribe(group, [topic])
        async with asyncio.TaskGroup() as tasks:
            fetching = tasks.create_task(self.fetch(member, 20 * 60))
            for key in keys:
                tasks.create_task(produce(key))
        for key in keys:
            assert sent == values(r for r in fetching.result() if r.key == key.encode())


class CommittingContract(BrokerHarness):
    async def test_a_group_that_committed_nothing_has_no_offsets(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        assert {} == await broker.committed(group)
        member = await broker.subscribe(group, [topic])
        await member.commit([])
        assert {} == await broker.committed(group)

    async def test_what_is_committed_is_the_offset_behind_the_last_record(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, [Message(topic, None, b"", (), 2) for _ in range(5)])
        member = await broker.subscribe(group, [topic])
        await member.commit((await self.fetch(member, 5))[:3])
        assert {(topic, 2): 3} == await broker.committed(group)

    async def test_what_is_committed_is_not_to_be_changed_from_outside(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, [a_message(topic)])
        member = await broker.subscribe(group, [topic])
        await member.commit(await self.fetch(member, 1))
        committed = await broker.committed(group)
        if isinstance(committed, dict):
            committed.clear()
        assert [1] == list((await broker.committed(group)).values())

    async def test_the_order_in_which_records_are_committed_does_not_matter(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, [Message(topic, None, b"", (), 2) for _ in range(5)])
        member = await broker.subscribe(group, [topic])
        await member.commit((await self.fetch(member, 5))[::-1])
        assert {(topic, 2): 5} == await broker.committed(group)

    async def test_committed_offsets_outlive_the_members(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, [a_message(topic, str(number)) for number in range(5)])
        member = await broker.subscribe(group, [topic])
        await member.commit(await self.fetch(member, 3))
        await member.close()
        later = await broker.subscribe(group, [topic])
        assert ["3", "4"] == values(await self.fetch(later, 2))

    async def test_rewinding_fetches_again_what_was_not_committed(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, [a_message(topic, str(number)) for number in range(5)])
        member = await broker.subscribe(group, [topic])
        await member.commit((await self.fetch(member, 4))[:2])
        await member.rewind()
        assert ["2", "3", "4"] == values(await self.fetch(member, 3))

    async def test_one_group_commits_nothing_for_another(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, [a_message(topic)])
        for name in (group, f"{group}-another"):
            member = await broker.subscribe(name, [topic])
            assert {} == await broker.committed(name)
            await member.commit(await self.fetch(member, 1))


class RebalancingContract(BrokerHarness):
    async def test_two_members_see_everything_once_between_them(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        members = [await broker.subscribe(group, [topic]) for _ in range(2)]
        await self.settle(broker, topic, *members)
        await self.publish(broker, spread(topic, 100))
        taken = await self.consume(*members, until=count_of(100))
        mine, others = ([r for r in part if r.value != b"probe"] for part in taken)
        assert set() == partitions(mine) & partitions(others)
        assert PARTITIONS == len(partitions(mine)) + len(partitions(others))
        assert sorted(f"value-{number}" for number in range(100)) == sorted(
            values([*mine, *others])
        )

    async def test_what_a_crashed_member_had_not_committed_is_delivered_again(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, spread(topic, 40))
        crashing = await broker.subscribe(group, [topic])
        fetched = await self.fetch(crashing, 30)
        await crashing.commit(fetched[:10])
        before = await broker.committed(group)
        await self.crash(crashing)
        again = await self.fetch(await broker.subscribe(group, [topic]), 40 - sum(before.values()))
        assert all(record.offset >= before.get((topic, record.partition), 0) for record in again)
        assert 40 - sum(before.values()) == len(set(positions(again)))

    async def test_what_a_member_leaves_goes_to_those_who_stay(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        leaving, staying = [await broker.subscribe(group, [topic]) for _ in range(2)]
        await self.settle(broker, topic, leaving, staying)
        await self.publish(broker, spread(topic, 40))
        [handled] = await self.consume(leaving, until=count_of(3))
        committed = await broker.committed(group)
        await leaving.close()
        left = {f"value-{number}" for number in range(40)} - set(values(handled))
        [taken] = await self.consume(staying, until=lambda taken: left <= set(values(taken[0])))
        lost = partitions(handled)
        assert all(
            record.offset >= committed[record.topic, record.partition]
            for record in taken
            if (record.topic, record.partition) in lost
        )

    async def test_a_member_that_waits_is_given_what_another_leaves(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        leaving, waiting = [await broker.subscribe(group, [topic]) for _ in range(2)]
        await self.settle(broker, topic, leaving, waiting)
        await self.publish(broker, spread(topic, PARTITIONS))
        left, own = await self.consume(leaving, waiting, until=count_of(PARTITIONS), commit=False)
        fetching = asyncio.create_task(self.fetch(waiting, PARTITIONS - len(own)))
        await let_others_run()
        await leaving.close()
        assert sorted(positions(left)) == sorted(positions(await fetching))

    async def test_a_member_that_joins_midway_costs_nothing_but_what_was_not_committed(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, spread(topic, 200))
        first = await broker.subscribe(group, [topic])
        fetched = await self.fetch(first, 80)
        await first.commit(fetched[:40])
        committed = await broker.committed(group)
        joining = await broker.subscribe(group, [topic])
        seen = set(positions(fetched))
        taken = await self.consume(
            first,
            joining,
            until=lambda taken: len(seen.union(positions(chain(*taken)))) == 200,
        )
        assert all(
            record.offset >= committed.get((topic, record.partition), 0) for record in chain(*taken)
        )

    async def test_a_commit_of_lost_partitions_is_dropped(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, spread(topic, 40))
        first = await broker.subscribe(group, [topic])
        fetched = await self.fetch(first, 40)
        joining = await broker.subscribe(group, [topic])
        _, gained = await self.consume(
            first, joining, until=lambda taken: bool(taken[1]), commit=False
        )
        await first.commit(fetched)
        committed = await broker.committed(group)
        assert set() == partitions(gained) & set(committed)
        assert len(committed) in range(1, PARTITIONS)

    async def test_records_come_in_order_per_partition_through_a_rebalance(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, spread(topic, 200))
        first = await broker.subscribe(group, [topic])
        before = await self.consume(first, until=count_of(40))
        joining = await broker.subscribe(group, [topic])
        between = await self.consume(first, joining, until=lambda taken: bool(taken[1]))
        await first.close()
        seen = set(positions(chain(*before, *between)))
        [rest] = await self.consume(
            joining, until=lambda taken: len(seen.union(positions(taken[0]))) == 200
        )
        for partition in range(PARTITIONS):
            offsets = [record.offset for record in rest if record.partition == partition]
            assert sorted(set(offsets)) == offsets
