"""Asking Kafka without waiting in the event loop: the admin client's futures, and metadata."""

import asyncio
import re
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from confluent_kafka import Consumer, KafkaException, Producer

from adapters.kafka.faults import NEVER_TAKEN, cause_of, no_topic, undelivered

K = TypeVar("K")

_NAME: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")
"""What Kafka's own `Topic.validate` takes: strangers name topics for their answers."""


async def answers_of(futures: Mapping[K, Future[Any]]) -> dict[K, Any]:
    """Return what each future of the admin client brings: its result, or a KafkaError."""
    waiting = [asyncio.wrap_future(future) for future in futures.values()]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    return dict(zip(futures, map(_answer, answers), strict=True))


def _answer(answer: Any) -> Any:  # noqa: ANN401 - each question its own
    if isinstance(answer, KafkaException):
        return cause_of(answer)
    if isinstance(answer, BaseException):
        raise answer
    return answer


def partitions_of(client: Consumer | Producer, topic: str, *, timeout: float) -> list[int]:
    """Return the numbers of a topic's partitions; blocks for `timeout` seconds at most.

    Raises Unpublishable where there is none that we may use, and KafkaException.
    """
    if not _NAME.fullmatch(topic) or topic in {".", ".."}:
        raise no_topic(topic)
    described = client.list_topics(topic, timeout=timeout).topics[topic]
    if described.error is None:
        return sorted(described.partitions)
    if described.error.name() in NEVER_TAKEN:
        raise undelivered(topic, described.error)
    raise KafkaException(described.error)
