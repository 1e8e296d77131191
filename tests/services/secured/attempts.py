"""What clients that are not ours try at a broker, and what it answers them."""

from collections.abc import Collection, Iterable
from contextlib import ExitStack
from time import monotonic
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AclOperation, AdminClient  # type: ignore[attr-defined]

PATIENCE_SECONDS: Final = 15
LET_IN: Final = "let in"

Configuration = dict[str, Any]


def write(client: Configuration, topics: Iterable[str]) -> dict[str, str]:
    """Try to write to each topic; return what came of each."""
    came: dict[str, str] = {}
    producer = Producer({**client, "message.timeout.ms": PATIENCE_SECONDS * 1000})
    for topic in topics:

        def hear(error: KafkaError | None, _: object, topic: str = topic) -> None:
            came[topic] = LET_IN if error is None else error.name()

        producer.produce(topic, b"{}", on_delivery=hear)
    producer.flush(PATIENCE_SECONDS)
    return came


def read(client: Configuration, topics: Collection[str]) -> dict[str, str]:
    """Try to read each topic from its beginning; return what came of each."""
    with _consumer(client, "any") as consumer:
        described = {topic: consumer.list_topics(topic).topics[topic].error for topic in topics}
        came = {topic: error.name() for topic, error in described.items() if error is not None}
        seen = [TopicPartition(topic, 0, 0) for topic in topics if topic not in came]
        consumer.assign(seen)
        until = monotonic() + PATIENCE_SECONDS
        while len(came) < len(topics) and monotonic() < until:
            message = consumer.poll(0.1)
            if message is not None and (topic := message.topic()):
                error = message.error()
                came[topic] = LET_IN if error is None else error.name()
        return came


def join(client: Configuration, groups: Collection[str], *, topic: str) -> dict[str, str]:
    """Try to become a member of each group; return what came of each."""
    came: dict[str, str] = {}
    with ExitStack() as entered:
        members = {group: entered.enter_context(_consumer(client, group)) for group in groups}
        for member in members.values():
            member.subscribe([topic])
        until = monotonic() + PATIENCE_SECONDS
        while len(came) < len(groups) and monotonic() < until:
            for group, member in members.items():
                message = member.poll(0.02)
                if message is not None and message.topic() is None and (e := message.error()):
                    came[group] = e.name()
                elif member.assignment():
                    came[group] = LET_IN
        return came


def told(client: Configuration, topics: Iterable[str], operation: AclOperation) -> set[str]:
    """Return the topics of which the broker says that one may do this with them."""
    admin = AdminClient(client)
    asked = admin.describe_topics(TopicCollection(list(topics)), include_authorized_operations=True)
    described = {topic: future.exception() or future.result() for topic, future in asked.items()}
    return {
        topic
        for topic, found in described.items()
        if operation in (getattr(found, "authorized_operations", None) or ())
    }


def _consumer(client: Configuration, group: str) -> Consumer:
    return Consumer({**client, "group.id": group, "enable.auto.commit": False})
