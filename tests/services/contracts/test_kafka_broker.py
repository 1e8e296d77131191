import asyncio
from datetime import timedelta
from typing import ClassVar, Literal

import pytest
from confluent_kafka import OFFSET_END, TopicPartition
from confluent_kafka.admin import AdminClient
from tests.contracts.broker import BrokerContract
from tests.contracts.broker_groups import CommittingContract, FetchingContract, RebalancingContract
from tests.contracts.broker_harness import PARTITIONS, BrokerHarness, Features, Forget

from adapters.kafka.broker import KafkaBroker
from adapters.kafka.groups import KafkaSubscription
from adapters.kafka.settings import KafkaSettings
from tradex_core.messaging.broker import Subscription


class KafkaHarness(BrokerHarness):
    features = Features(max_message_bytes=1_000_000)
    patience = 25.0  # a crashed member is missed after its session of 6 s
    group_protocol: ClassVar[Literal["classic", "consumer"]] = "classic"

    @pytest.fixture
    def broker(self, kafka: str) -> KafkaBroker:
        return KafkaBroker(
            KafkaSettings(
                bootstrap_servers=kafka,
                group_protocol=self.group_protocol,
                session_timeout=timedelta(seconds=6),
                heartbeat_interval=timedelta(milliseconds=200),
                fetch_wait=timedelta(milliseconds=20),
            )
        )

    @pytest.fixture
    def forget(self, kafka: str) -> Forget:
        async def forget(topic: str) -> None:
            admin = AdminClient({"bootstrap.servers": kafka})
            every = [TopicPartition(topic, number, OFFSET_END) for number in range(PARTITIONS)]
            for deleted in admin.delete_records(every).values():
                await asyncio.wrap_future(deleted)

        return forget

    async def crash(self, subscription: Subscription) -> None:
        assert isinstance(subscription, KafkaSubscription)
        await subscription.abandon()


class TestKafkaBroker(KafkaHarness, BrokerContract):
    pass


class TestGroupsAssignedByTheBroker(
    KafkaHarness, FetchingContract, CommittingContract, RebalancingContract
):
    group_protocol = "consumer"
