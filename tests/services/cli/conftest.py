"""A broker on the real server, the settings that name it, and a consumer of the tests' own."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.kafka.broker import KafkaBroker
from adapters.kafka.settings import KafkaSettings

KEY = "0123456789abcdef" * 4
"""The key that operators and services sign with, as its setting has it."""


def a_broker(address: str) -> KafkaBroker:
    """Return a connection of its own, as each process has one."""
    fetch_wait = timedelta(milliseconds=20)
    return KafkaBroker(KafkaSettings(bootstrap_servers=address, fetch_wait=fetch_wait))


@pytest.fixture
async def broker(kafka: str) -> AsyncIterator[KafkaBroker]:
    broker = a_broker(kafka)
    yield broker
    await broker.close()


@pytest.fixture
def on_kafka(kafka: str) -> dict[str, str]:
    """The settings of commands on the real broker."""
    return {"broker": "kafka", "kafka_bootstrap_servers": kafka, "actor_signing_key": KEY}


@pytest.fixture
def name() -> str:
    """A name that only this test has."""
    return f"test-{uuid4().hex}"
