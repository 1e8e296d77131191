"""A broker on the real server for each test, and a topic that only this test has."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.kafka.broker import KafkaBroker
from adapters.kafka.settings import KafkaSettings
from tradex_core.events.topics import Topic


@pytest.fixture
def settings(kafka: str) -> KafkaSettings:
    return KafkaSettings(
        bootstrap_servers=kafka,
        session_timeout=timedelta(seconds=6),
        heartbeat_interval=timedelta(milliseconds=200),
        fetch_wait=timedelta(milliseconds=20),
    )


@pytest.fixture
async def broker(settings: KafkaSettings) -> AsyncIterator[KafkaBroker]:
    broker = KafkaBroker(settings)
    yield broker
    await broker.close()


@pytest.fixture
def name() -> str:
    return f"test-{uuid4().hex}"


@pytest.fixture
async def topic(broker: KafkaBroker, name: str) -> str:
    """A topic with four partitions."""
    await broker.apply([Topic(name, partitions=4)])
    return name
