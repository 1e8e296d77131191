"""Topics: made by an operator's step, checked at start, and asked where they begin and end."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from time import monotonic
from typing import Final

from confluent_kafka import KafkaError, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from adapters.kafka.asking import answers_of
from adapters.kafka.faults import no_answer, no_topic
from tradex_core.errors import Outage, TradexError
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Partition

_DAY_MS: Final = 86_400_000
_LOOK_AGAIN_SECONDS: Final = 0.02
_WITHOUT_LEADER: Final = frozenset(
    {
        "LEADER_NOT_AVAILABLE",
        "NOT_LEADER_FOR_PARTITION",
        "UNKNOWN_LEADER_EPOCH",
        "UNKNOWN_TOPIC_OR_PART",
    }
)
"""Of a partition that was described: it has no leader yet, or another than a moment ago."""
_EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class Topics:
    """What an admin client makes and tells of topics; every method may raise Outage."""

    def __init__(self, admin: AdminClient, *, timeout: float, max_message_bytes: int) -> None:
        self._admin = admin
        self._timeout = timeout
        self._max_message_bytes = max_message_bytes

    async def apply(
        self, topics: Iterable[Topic], *, replication_factor: int, min_insync_replicas: int | None
    ) -> Sequence[str]:
        """Create the topics that are missing, and return their names once they can be used.

        Raises TradexError, having made none, where one is there with another number of partitions.
        """
        wanted = {topic.name: topic for topic in topics}
        there = await self.partitions(wanted)
        for name, partitions in there.items():
            if partitions != wanted[name].partitions:
                raise TradexError(_other_partitions(wanted[name], partitions))
        extra = {}
        if min_insync_replicas is not None:
            extra = {"min.insync.replicas": str(min_insync_replicas)}
        missing = [
            NewTopic(
                name,
                topic.partitions,
                replication_factor,
                config={"retention.ms": _retention_ms(topic), **extra},
            )
            for name, topic in wanted.items()
            if name not in there
        ]
        made = await self._create(missing)
        await self._appear(made)
        return made

    async def check(self, topics: Iterable[Topic]) -> Sequence[str]:
        """Return a sentence with its remedy for each thing that is not as asked for."""
        wanted = {topic.name: topic for topic in topics}
        there = await self.partitions(wanted)
        configurations = await self._configurations(there)
        differences = []
        for name, topic in wanted.items():
            if name not in there:
                differences.append(f"topic {name!r} is missing: `tradex topics apply` creates it")
                continue
            if there[name] != topic.partitions:
                differences.append(_other_partitions(topic, there[name]))
            differences += self._differences(topic, configurations[name])
        return differences

    async def partitions(self, names: Collection[str]) -> dict[str, int]:
        """Return the number of partitions of each of the topics that is there."""
        if not names:
            return {}
        described = await answers_of(
            self._admin.describe_topics(TopicCollection(list(names)), request_timeout=self._timeout)
        )
        there = {}
        for name, topic in described.items():
            if not isinstance(topic, KafkaError):
                there[name] = len(topic.partitions)
            elif topic.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise no_answer(topic, asked=f"describe topic {name!r}")
        return there

    async def offsets(self, topic: str) -> Mapping[int, tuple[int, int]]:
        """Return each partition's first kept offset and the offset behind its last record.

        Raises Unpublishable where there is no such topic.
        """
        there = await self.partitions([topic])
        if topic not in there:
            raise no_topic(topic)
        firsts = await self._list_offsets(there, _EARLIEST)
        ends = await self._list_offsets(there, _LATEST)
        return {number: (first, ends[topic, number]) for (_, number), first in firsts.items()}

    async def _list_offsets(
        self, topics: Mapping[str, int], which: OffsetSpec
    ) -> dict[Partition, int]:
        """Return offsets of each partition of the topics; one without a leader is waited for."""
        asked = {TopicPartition(t, n): which for t, count in topics.items() for n in range(count)}
        until = monotonic() + self._timeout
        while True:
            answers = await answers_of(
                self._admin.list_offsets(asked, request_timeout=self._timeout)
            )
            errors = [answer for answer in answers.values() if isinstance(answer, KafkaError)]
            if not errors:
                return {(p.topic, p.partition): answer.offset for p, answer in answers.items()}
            if monotonic() > until or any(e.name() not in _WITHOUT_LEADER for e in errors):
                raise no_answer(errors[0], asked=f"tell the offsets of {', '.join(topics)}")
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def _create(self, topics: list[NewTopic]) -> list[str]:
        if not topics:
            return []
        answers = await answers_of(
            self._admin.create_topics(
                topics, request_timeout=self._timeout, operation_timeout=self._timeout
            )
        )
        made = []
        for name, error in answers.items():
            if error is None:
                made.append(name)
            elif error.code() != KafkaError.TOPIC_ALREADY_EXISTS:  # somebody else just made it
                raise no_answer(error, asked=f"create topic {name!r}")
        return made

    async def _appear(self, names: Collection[str]) -> None:
        """Wait until topics that were just made can be used."""
        until = monotonic() + self._timeout
        while len(there := await self.partitions(names)) < len(names):
            if monotonic() > until:
                msg = f"topics {', '.join(names)} are made, but no broker tells of them yet"
                raise Outage(msg)
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        if there:
            await self._list_offsets(there, _LATEST)

    async def _configurations(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        if not resources:
            return {}
        answers = await answers_of(
            self._admin.describe_configs(resources, request_timeout=self._timeout)
        )
        configurations = {}
        for resource, entries in answers.items():
            if isinstance(entries, KafkaError):
                raise no_answer(entries, asked=f"tell how topic {resource.name!r} is configured")
            configurations[resource.name] = {key: e.value for key, e in entries.items()}
        return configurations

    def _differences(self, topic: Topic, configuration: Mapping[str, str]) -> list[str]:
        differences = []
        wanted, kept = _retention_ms(topic), configuration["retention.ms"]
        if kept != wanted:
            differences.append(
                f"topic {topic.name!r} keeps messages for {_days(kept)}, not for {_days(wanted)}: "
                + _alter(topic, "retention.ms", wanted)
            )
        largest = int(configuration["max.message.bytes"])
        if largest < self._max_message_bytes:
            differences.append(
                f"topic {topic.name!r} takes messages of {largest} bytes, and those of "
                f"{self._max_message_bytes} are sent: "
                + _alter(topic, "max.message.bytes", str(self._max_message_bytes))
            )
        return differences


def _retention_ms(topic: Topic) -> str:
    return "-1" if topic.retention_days is None else str(topic.retention_days * _DAY_MS)


def _days(milliseconds: str) -> str:
    return "ever" if milliseconds == "-1" else f"{int(milliseconds) / _DAY_MS:g} days"


def _alter(topic: Topic, name: str, value: str) -> str:
    return (
        "`kafka-configs --alter --entity-type topics "
        f"--entity-name {topic.name} --add-config {name}={value}` changes that"
    )


def _other_partitions(topic: Topic, partitions: int) -> str:
    return (
        f"topic {topic.name!r} has {partitions} partitions, not {topic.partitions}: its keys would "
        "move; ask for as many as it has, or delete it before `tradex topics apply`"
    )
