"""What the bench itself does with Kafka, on the client library alone."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Event, Thread
from time import perf_counter
from typing import Any, Final, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka import Message as Delivered
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    NewTopic,
    OffsetSpec,
)

from tradex_core.events.topics import PARTITIONS
from tradex_core.messaging.broker import Message

_LOOK_AGAIN_SECONDS: Final = 0.02
_PATIENCE_SECONDS: Final = 120
_STABLE_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.1
_FLUSH_SECONDS: Final = 60


class KafkaLog:
    """Publishes, waiting for others to send along as long as is said; tells how much there is.

    `user` says who asks, where that is asked for.
    """

    def __init__(
        self, address: str, *, linger_ms: int = 5, user: Mapping[str, Any] | None = None
    ) -> None:
        self.address = address
        who = dict(user or {})
        self._admin = AdminClient({"bootstrap.servers": address, "log_level": 0, **who})
        self._producer = a_producer(address, linger_ms=linger_ms, user=who)

    def create(self, topic: str) -> None:
        """Make a topic as those of the platform are."""
        made = self._admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS)])
        made[topic].result()

    def publish(self, messages: Iterable[Message]) -> None:
        """Publish messages and wait for every acknowledgement; raises RuntimeError for none."""
        refused: list[KafkaError] = []

        def hear(error: KafkaError | None, _: Delivered) -> None:
            if error is not None:
                refused.append(error)

        for message in messages:
            self.send(message, on_delivery=hear)
        if self._producer.flush(_FLUSH_SECONDS) or refused:
            msg = f"not everything was published: {refused[:1]}"
            raise RuntimeError(msg)

    def send(self, message: Message, *, on_delivery: Callable[..., None] | None = None) -> None:
        """Publish a message and wait for nothing."""
        headers: list[Any] = list(message.headers)
        options: dict[str, Any] = {} if on_delivery is None else {"on_delivery": on_delivery}
        while True:
            try:
                self._producer.produce(
                    message.topic, message.value, message.key, headers=headers, **options
                )
            except BufferError:
                self._producer.poll(_POLL_SECONDS)
            else:
                self._producer.poll(0)
                return

    def ends(self, topic: str) -> dict[int, int]:
        """Return the offset behind the last record of each partition."""
        latest: Any = OffsetSpec
        asked = {TopicPartition(topic, p): latest.latest() for p in range(PARTITIONS)}
        found = self._admin.list_offsets(asked)
        return {each.partition: answer.result().offset for each, answer in found.items()}

    def length(self, topic: str) -> int:
        """Return how many records a topic has had."""
        return sum(self.ends(topic).values())

    def wait_for(self, topic: str, length: int) -> float:
        """Wait until a topic has had so many records; return when that was seen.

        Raises RuntimeError where it has more, or has not after two minutes.
        """
        until = perf_counter() + _PATIENCE_SECONDS
        while (found := self.length(topic)) < length and perf_counter() < until:
            time.sleep(_LOOK_AGAIN_SECONDS)
        if found != length:
            msg = f"{topic} has had {found} records instead of {length}"
            raise RuntimeError(msg)
        return perf_counter()

    def wait_for_members(self, group: str, topic: str, count: int) -> list[int]:
        """Wait until so many members share a topic as they keep it; return each one's partitions.

        Raises RuntimeError where they do not come to that.
        """
        until, since, before = perf_counter() + _PATIENCE_SECONDS, perf_counter(), list[int]()
        while perf_counter() < until:
            shares = self._shares(group, topic)
            if shares != before or len(shares) != count or sum(shares) != PARTITIONS:
                since, before = perf_counter(), shares
            if perf_counter() - since > _STABLE_SECONDS:
                return shares
            time.sleep(_LOOK_AGAIN_SECONDS)
        msg = f"the members of {group} have {before} partitions of {topic}"
        raise RuntimeError(msg)

    def _shares(self, group: str, topic: str) -> list[int]:
        try:
            found = self._admin.describe_consumer_groups([group])[group].result()
        except KafkaException:
            return []
        return [
            sum(each.topic == topic for each in member.assignment.topic_partitions)
            for member in found.members
        ]


class Watcher:
    """An independent consumer: notes when it first sees each key of a topic, while entered.

    `wanted` says which values count.
    """

    def __init__(
        self, log: KafkaLog, topic: str, wanted: Callable[[bytes], bool] = lambda _: True
    ) -> None:
        self.seen: dict[bytes, float] = {}
        self._wanted = wanted
        self._over = Event()
        self._consumer = a_consumer(log.address)
        ends = log.ends(topic)
        self._consumer.assign([TopicPartition(topic, p, end) for p, end in ends.items()])
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._consumer.close()

    def wait_for(self, keys: Sequence[bytes], *, patience: float) -> None:
        """Wait until every key was seen; raises RuntimeError where one is not in time."""
        until = perf_counter() + patience
        while missing := sum(key not in self.seen for key in keys):
            if perf_counter() > until:
                msg = f"{missing} of {len(keys)} never came"
                raise RuntimeError(msg)
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _watch(self) -> None:
        while not self._over.is_set():
            message = self._consumer.poll(_POLL_SECONDS)
            if message is None or message.error():
                continue
            now = perf_counter()
            if self._wanted(message.value() or b""):
                self.seen.setdefault(message.key() or b"", now)


def a_producer(address: str, *, linger_ms: int, user: Mapping[str, Any] | None = None) -> Producer:
    """Return a producer that asks for every acknowledgement, and places keys as all do here."""
    return Producer(
        {
            **(user or {}),
            "acks": "all",
            "bootstrap.servers": address,
            "enable.idempotence": True,
            "linger.ms": linger_ms,
            "log_level": 0,
            "partitioner": "murmur2_random",
        }
    )


def a_consumer(address: str) -> Consumer:
    """Return a consumer in no group, which is told what to read."""
    configuration: Mapping[str, Any] = {
        "bootstrap.servers": address,
        "enable.auto.commit": False,
        "group.id": "bench",
        "log_level": 0,
    }
    return Consumer(dict(configuration))
