"""The contract of every broker: subclass `BrokerContract`, and say how one is made."""

import asyncio

from tests.contracts.broker_groups import (
    CommittingContract,
    FetchingContract,
    RebalancingContract,
)
from tests.contracts.broker_harness import BrokerHarness, a_message, let_others_run, spread
from tests.contracts.broker_log import (
    FollowingContract,
    PublishingContract,
    ReadingContract,
    RetentionContract,
    TopicsContract,
)

from tradex_core.errors import Outage, OutcomeUnknown
from tradex_core.messaging.broker import Broker


class ClosingContract(BrokerHarness):
    async def test_closing_a_member_ends_its_fetch_and_every_later_one(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        member = await broker.subscribe(group, [topic])
        waiting = asyncio.create_task(member.fetch(limit=1))
        await let_others_run()
        await member.close()
        await self.publish(broker, [a_message(topic)])
        async with asyncio.timeout(self.patience):
            assert [] == list(await waiting)
            assert [] == list(await member.fetch(limit=1))

    async def test_a_closed_member_may_be_closed_again_and_commits_nothing(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        await self.publish(broker, [a_message(topic)])
        member = await broker.subscribe(group, [topic])
        fetched = await self.fetch(member, 1)
        await member.close()
        await member.close()
        await member.commit(fetched)
        assert {} == await broker.committed(group)

    async def test_closing_the_broker_ends_every_fetch_and_every_follower(
        self, broker: Broker, topic: str, group: str
    ) -> None:
        members = [await broker.subscribe(group, [topic]) for _ in range(2)]
        follower = broker.follow([topic])

        async def follow_to_the_end() -> int:
            return len([batch async for batch in follower])

        fetching = [asyncio.create_task(member.fetch(limit=1)) for member in members]
        following = asyncio.create_task(follow_to_the_end())
        await let_others_run()
        await broker.close()
        async with asyncio.timeout(self.patience):
            assert [(), ()] == [tuple(await task) for task in fetching]
            assert 0 == await following
            assert () == tuple(await members[0].fetch(limit=1))

    async def test_a_closed_broker_answers_each_message_with_an_outage(
        self, broker: Broker, topic: str
    ) -> None:
        await broker.close()
        await broker.close()
        answers = await broker.publish(spread(topic, 3))
        assert [Outage] * 3 == [type(answer) for answer in answers]

    async def test_closing_while_publishing_leaves_no_message_without_an_answer(
        self, broker: Broker, topic: str
    ) -> None:
        async def publish_until_closed() -> list[Exception | None]:
            answers: list[Exception | None] = []
            while not any(answers):
                answers = await broker.publish(spread(topic, 10))
                assert 10 == len(answers)
                await asyncio.sleep(0)
            return answers

        publishing = [asyncio.create_task(publish_until_closed()) for _ in range(10)]
        await let_others_run()
        async with asyncio.timeout(self.patience):
            await broker.close()
            answers = [answer for task in publishing for answer in await task]
        assert all(
            answer is None or isinstance(answer, Outage | OutcomeUnknown) for answer in answers
        )


class BrokerContract(
    TopicsContract,
    PublishingContract,
    ReadingContract,
    FollowingContract,
    RetentionContract,
    FetchingContract,
    CommittingContract,
    RebalancingContract,
    ClosingContract,
):
    """Everything that `tradex_core.messaging.broker` promises, the unhappy paths included.

    Give the fixture `broker`, and `forget` where the features have it; what the features lack is
    skipped. Nothing is expected at once: records are waited for, `patience` seconds at most.
    """
