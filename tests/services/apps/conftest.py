"""Servers of these tests' own: the apps' topics and groups have fixed names, one set a broker."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from pymongo import MongoClient
from tests.services.deployment import NO_LIMITS
from tests.services.migrated import Migrated
from tests.services.servers.kafka import Kafka
from tests.services.servers.process import Unavailable
from tests.services.servers.server import temporary_folder

from adapters.kafka.broker import KafkaBroker
from adapters.kafka.settings import KafkaSettings
from adapters.mongo import schema
from adapters.security.sealing import generate_key_pair
from adapters.security.token_keys import AccessTokenKeys
from tradex_core.events.topics import all_topics

_END: Final = -1
"""What Kafka takes for the offset behind a partition's last record."""


@pytest.fixture(scope="package")
def own_kafka() -> Iterator[str]:
    """A broker with every topic, that no other tests use."""
    with temporary_folder() as folder:
        try:
            server = Kafka(folder / "kafka")
            asyncio.run(server.start())
        except Unavailable as error:
            pytest.skip(str(error))
        asyncio.run(apply_topics(server.url))
        yield server.url
        asyncio.run(server.stop())


async def apply_topics(address: str) -> None:
    """Make the topics that are missing."""
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=address))
    await broker.apply(all_topics())
    await broker.close()


@pytest.fixture(scope="package")
def migrated(postgres_server: str) -> Iterator[Migrated]:
    migrated = Migrated(postgres_server)
    yield migrated
    migrated.drop()


@pytest.fixture
def admin(own_kafka: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": own_kafka})


@pytest.fixture
async def empty_topics(own_kafka: str, admin: AdminClient) -> str:
    """The broker's address, once nothing is left in its topics of what other tests did."""
    ends = [
        TopicPartition(topic.name, number, _END)
        for topic in all_topics()
        for number in range(topic.partitions)
    ]
    for deleted in admin.delete_records(ends).values():
        await asyncio.to_thread(deleted.result)
    return own_kafka


@pytest.fixture
async def catalog_url(mongo_url: str) -> AsyncIterator[str]:
    """The URL of a database with the catalogue's collections."""
    await schema.upgrade(mongo_url)
    yield mongo_url
    with MongoClient[dict[str, object]](mongo_url) as client:
        client.drop_database(client.get_default_database().name)


@pytest.fixture
async def environment(migrated: Migrated, empty_topics: str, catalog_url: str) -> dict[str, str]:
    """The variables that any app is told: empty topics, empty databases, keys made now."""
    keys = generate_key_pair()
    databases = {
        f"TRADEX_{service.upper()}_DATABASE_URL": await migrated.empty(service)
        for service in ("auth", "orders", "gateway")
    }
    return databases | {
        **NO_LIMITS,
        "TRADEX_ACTOR_SIGNING_KEY": secrets.token_hex(32),
        "TRADEX_ARGON2": "owasp-minimum",
        "TRADEX_BROKER": "kafka",
        "TRADEX_CATALOG_DATABASE_URL": catalog_url,
        "TRADEX_GATEWAY_KEY": secrets.token_hex(32),
        "TRADEX_HTTP_PORT": "0",
        "TRADEX_JWT_SIGNING_KEY": AccessTokenKeys.generate().to_text(),
        "TRADEX_KAFKA_BOOTSTRAP_SERVERS": empty_topics,
        "TRADEX_SEALING_KEYS": keys.private,
        "TRADEX_SEALING_PUBLIC_KEY": keys.public,
    }
