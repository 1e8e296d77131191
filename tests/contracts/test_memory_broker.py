import asyncio
import gc
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.broker import MemoryBroker
from adapters.memory.groups import MemorySubscription
from tests.contracts.broker import BrokerContract
from tests.contracts.broker_harness import (
    PARTITIONS,
    Forget,
    a_message,
    partitions,
    positions,
    spread,
    values,
)
from tradex_core.errors import Outage, Unpublishable
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message, Record, Subscription


class AdvancingClock:
    def __init__(self) -> None:
        self.at = datetime(2024, 2, 29, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, *, days: int) -> None:
        self.at += timedelta(days=days)


class TestMemoryBroker(BrokerContract):
    @pytest.fixture
    def clock(self) -> AdvancingClock:
        return AdvancingClock()

    @pytest.fixture
    def broker(self, clock: AdvancingClock) -> MemoryBroker:
        return MemoryBroker(clock)

    @pytest.fixture
    def forget(self, broker: MemoryBroker, clock: AdvancingClock) -> Forget:
        async def forget(topic: str) -> None:  # noqa: RUF029 - as the contract calls it
            clock.advance(days=8)
            broker.expire()

        return forget

    async def crash(self, subscription: Subscription) -> None:
        assert isinstance(subscription, MemorySubscription)
        subscription.abandon()


class TestMembership:
    async def test_a_member_that_is_dropped_leaves_its_partitions_to_the_others(
        self, broker: MemoryBroker
    ) -> None:
        dropped = await broker.subscribe("group", ["topic"])
        staying = await broker.subscribe("group", ["topic"])
        await broker.publish(spread("topic", 8))
        assert 4 == len(await dropped.fetch(limit=100))
        del dropped
        gc.collect()
        assert 8 == len(await staying.fetch(limit=100))
