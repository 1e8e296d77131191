import asyncio

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from adapters.kafka.broker import KafkaBroker
from adapters.kafka.settings import KafkaSettings
from tradex_core.events.topics import Topic


def configuration(kafka: str, topic: str) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    client = AdminClient({"bootstrap.servers": kafka})
    [described] = client.describe_configs([resource]).values()
    return {name: entry.value for name, entry in described.result().items()}


def configure(kafka: str, topic: str, setting: str, value: str) -> None:
    entry = ConfigEntry(setting, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    client = AdminClient({"bootstrap.servers": kafka})
    [altered] = client.incremental_alter_configs([resource]).values()
    altered.result()


@pytest.mark.parametrize(("days", "kept"), [(7, "604800000"), (None, "-1")])
async def test_a_topic_keeps_messages_as_long_as_is_asked_for(
    broker: KafkaBroker, kafka: str, name: str, days: int | None, kept: str
) -> None:
    await broker.apply([Topic(name, retention_days=days)])
    assert kept == configuration(kafka, name)["retention.ms"]


async def test_replicas_are_as_many_as_the_operator_says(
    broker: KafkaBroker, kafka: str, name: str
) -> None:
    await broker.apply([Topic(name)], replication_factor=1, min_insync_replicas=1)
    assert "1" == configuration(kafka, name)["min.insync.replicas"]


async def test_topics_as_asked_for_have_nothing_to_say(broker: KafkaBroker, name: str) -> None:
    topics = [Topic(name), Topic(f"{name}.dlq", retention_days=None)]
    await broker.apply(topics)
    assert [] == list(await broker.check(topics))


async def test_a_missing_topic_is_named_with_its_remedy(broker: KafkaBroker, name: str) -> None:
    assert [f"topic '{name}' is missing: `tradex topics apply` creates it"] == list(
        await broker.check([Topic(name)])
    )
    assert [] == list(await broker.check([]))


async def test_what_differs_is_named_with_its_remedy(
    broker: KafkaBroker, kafka: str, name: str
) -> None:
    await broker.apply([Topic(name, partitions=2, retention_days=90)])
    configure(kafka, name, "max.message.bytes", "1000")
    partitions, retention, size = await broker.check(
        [Topic(name, partitions=3, retention_days=None)]
    )
    assert f"'{name}' has 2 partitions, not 3" in partitions
    assert f"'{name}' keeps messages for 90 days, not for ever" in retention
    assert f"--entity-name {name} --add-config retention.ms=-1" in retention
    assert f"'{name}' takes messages of 1000 bytes, and those of 1000000 are sent" in size


async def test_two_that_apply_at_once_make_each_topic_once(
    broker: KafkaBroker, settings: KafkaSettings, name: str
) -> None:
    another = KafkaBroker(settings)
    made = await asyncio.gather(broker.apply([Topic(name)]), another.apply([Topic(name)]))
    assert [name] == [topic for names in made for topic in names]
    await another.close()
