import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from tests.adapters.kafka.strangers import (
    a_broker_that_counts_for_none,
    a_broker_that_refuses_passwords,
    a_broker_with_a_certificate,
)
from tests.builders.certificates import make_certificate

from adapters.kafka.broker import KafkaBroker
from adapters.kafka.settings import KafkaSettings
from tradex_core.errors import Outage
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message, Record


def a_broker(address: str, **settings: Any) -> KafkaBroker:  # noqa: ANN401 - each its own type
    return KafkaBroker(KafkaSettings(bootstrap_servers=address, **settings))


async def collect(batches: AsyncIterator[Sequence[Record]]) -> list[Sequence[Record]]:
    return [batch async for batch in batches]


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{unused.getsockname()[1]}"


async def test_a_wrong_password_is_named_at_once() -> None:
    started = monotonic()
    async with a_broker_that_refuses_passwords("Invalid username or password") as address:
        broker = a_broker(
            address,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="PLAIN",
            sasl_username="tradex",
            sasl_password="hunter2",
        )
        with pytest.raises(Outage, match=f"{address}.*Invalid username or password") as caught:
            await broker.ping()
    assert monotonic() - started < 5
    assert "hunter2" not in str(caught.value)


async def test_a_certificate_that_nobody_vouches_for_is_named_at_once(tmp_path: Path) -> None:
    started = monotonic()
    served, trusted = (make_certificate(tmp_path, name) for name in ("one", "another"))
    async with a_broker_with_a_certificate(served.with_key) as address:
        broker = a_broker(address, security_protocol="SSL", ssl_ca_location=trusted.alone)
        with pytest.raises(Outage, match=rf"{address}.*certificate verify failed.*_SSL"):
            await broker.ping()
    assert monotonic() - started < 5


async def test_a_certificate_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    broker = a_broker(
        "127.0.0.1:1", security_protocol="SSL", ssl_ca_location=tmp_path / "missing.pem"
    )
    with pytest.raises(Outage, match=r"ssl\.ca\.location"):
        await broker.ping()


async def test_nobody_there_is_named_within_a_bound(nobody: str) -> None:
    broker = a_broker(nobody, request_timeout=timedelta(milliseconds=300))
    with pytest.raises(Outage, match=f"{nobody} cannot be reached.*Connection refused"):
        await broker.ping()


async def test_a_broker_that_its_cluster_does_not_count_is_an_outage() -> None:
    """It was heard of too late by the controller: librdkafka's admin client ends the process."""
    async with a_broker_that_counts_for_none() as address:
        broker = a_broker(address, request_timeout=timedelta(milliseconds=300))
        with pytest.raises(Outage, match=f"{address} cannot be reached"):
            await broker.ping()


async def test_what_needs_a_broker_that_is_away_is_an_outage(nobody: str) -> None:
    broker = a_broker(nobody, request_timeout=timedelta(milliseconds=300))
    [answer] = await broker.publish([Message("topic", b"key", b"value")])
    assert isinstance(answer, Outage)
    for asked in (
        broker.apply([Topic("topic")]),
        broker.check([Topic("topic")]),
        broker.subscribe("group", ["topic"]),
        broker.read("topic", 0, start=0, limit=1),
        broker.offsets("topic"),
        broker.committed("group"),
    ):
        with pytest.raises(Outage):
            await asked
    await broker.close()


async def test_a_follower_of_a_broker_that_is_away_waits_and_lets_nothing_be_published(
    nobody: str,
) -> None:
    broker = a_broker(nobody, request_timeout=timedelta(milliseconds=300))
    waiting = asyncio.create_task(collect(broker.follow(["topic"])))
    [answer] = await broker.publish([Message("topic", b"key", b"value")])
    assert isinstance(answer, Outage)
    assert "follower" in str(answer)
    assert not waiting.done()
    await broker.close()
    assert [] == await waiting
