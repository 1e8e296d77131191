"""Following what is published from now on, in no group."""

import asyncio
import logging
import weakref
from collections.abc import Sequence
from typing import Final, Self

from confluent_kafka import KafkaException, TopicPartition

from adapters.kafka.asking import partitions_of
from adapters.kafka.faults import cause_of
from adapters.kafka.reader import ReadingThread
from adapters.kafka.settings import KafkaSettings
from tradex_core.messaging.broker import Record

_FOLLOWED_AT_ONCE: Final = 500
_TRY_AGAIN_SECONDS: Final = 0.2

_log = logging.getLogger("tradex.kafka")


class FollowingThread(ReadingThread):
    """Owns a follower's consumer; `standing` is done once its ends are fixed, or never will be."""

    def __init__(self, settings: KafkaSettings, topics: Sequence[str], *, capacity: int) -> None:
        super().__init__(f"a follower of {', '.join(topics)}", settings.reader(), capacity=capacity)
        self._topics = topics
        self._timeout = settings.request_timeout.total_seconds()
        self.standing: asyncio.Future[None] = self._loop.create_future()

    def _begin(self) -> None:
        """Stand at the ends; a broker that is away is waited for."""
        while not self._is_stopping and not self._partitions:
            try:
                ends = [end for topic in self._topics for end in self._ends_of(topic)]
            except KafkaException as error:
                _log.warning("%s: %s", self._name, cause_of(error).str())
                self._do_jobs(_TRY_AGAIN_SECONDS)
            else:
                self._consumer.assign(ends)
                self._partitions = {(end.topic, end.partition) for end in ends}
        self.answer(self.standing, None)

    def _ends_of(self, topic: str) -> list[TopicPartition]:
        numbers = partitions_of(self._consumer, topic, timeout=self._timeout)
        return [TopicPartition(topic, number, self._end_of(topic, number)) for number in numbers]

    def _end_of(self, topic: str, number: int) -> int:
        partition = TopicPartition(topic, number)
        _, end = self._consumer.get_watermark_offsets(partition, timeout=self._timeout)
        return end

    def _failed(self, error: Exception) -> None:
        super()._failed(error)
        self.answer(self.standing, None)


class KafkaFollower:
    """Goes on until its thread is closed, or it is dropped by whoever held it."""

    def __init__(self, thread: FollowingThread) -> None:
        self._thread = thread
        self._dropped = weakref.finalize(self, thread.stop)
        self._dropped.atexit = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Sequence[Record]:
        records = await self._thread.handover.take(_FOLLOWED_AT_ONCE)
        if not records:
            raise StopAsyncIteration
        return records
