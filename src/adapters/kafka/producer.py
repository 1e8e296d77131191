"""Publishing: an idempotent producer, a thread that hears its reports, and honest answers."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Lock
from time import monotonic
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as Report

from adapters.kafka.asking import partitions_of
from adapters.kafka.faults import (
    Faults,
    cause_of,
    closed,
    no_answer,
    no_partition,
    no_topic,
    undelivered,
)
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.thread import ClientThread
from tradex_core.errors import TradexError, Unpublishable
from tradex_core.messaging.broker import Message

_POLL_SECONDS: Final = 0.1
_GIVING_UP_SECONDS: Final = 1.0
_ANY_PARTITION: Final = -1
_QUEUE_FULL: Final = KafkaError(KafkaError._QUEUE_FULL)  # noqa: SLF001 - so librdkafka names it

_Lane = tuple[str, bytes | None]


class KafkaProducer:
    """Publishes each message of a key only once the one before it is acknowledged.

    What is in flight cannot be called back: were all sent at once, one could be published though
    an earlier one of its key had failed. So a call sends the first message of every key at once,
    then the second of every key, and so on. Without a key the order is that of the call.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._thread: ProducingThread | None = None
        self._partitions: dict[str, int] = {}
        self._learning: dict[str, asyncio.Task[TradexError | None]] = {}
        self._publishing = 0
        self._quiet = asyncio.Event()
        self._is_open = True
        self._is_over = False

    def open(self) -> None:
        """Begin to get ready, so that the first message waits for less; it may be called again."""
        self._usable()

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        if not self._is_open:
            return [closed() for _ in messages]
        self._publishing += 1
        try:
            return await self._publish(messages)
        finally:
            self._publishing -= 1
            if not self._publishing:
                self._quiet.set()

    async def close(self) -> None:
        """Wait for what is being published; give it up where that takes too long."""
        self._is_open = False
        within = self._settings.close_timeout
        if self._publishing:
            self._quiet.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(within.total_seconds()):
                    await self._quiet.wait()
        self._is_over = True
        if self._thread is not None:
            await self._thread.stopped(within=within)

    async def _publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        answers: list[Exception | None] = [None] * len(messages)
        failed: dict[_Lane, Exception] = {}
        unreachable = await self._learn(messages)
        for turn in _turns(messages):
            errors: dict[int, Exception] = {}
            for index in turn:
                message = messages[index]
                error = failed.get((message.topic, message.key)) or unreachable.get(message.topic)
                error = error or self._refusal(message)
                if error is not None:
                    errors[index] = error
            errors |= await self._send(messages, [i for i in turn if i not in errors])
            for index, error in errors.items():
                answers[index] = error
                failed.setdefault((messages[index].topic, messages[index].key), error)
        return answers

    async def _learn(self, messages: Iterable[Message]) -> dict[str, TradexError]:
        """Learn of the topics that are not known; return why nothing can be published to some."""
        names = {m.topic for m in messages if not self._knows(m)}
        for name in names - set(self._learning):
            producer = self._usable().producer
            learning = asyncio.create_task(asyncio.to_thread(self._learn_topic, producer, name))
            self._learning[name] = learning
            learning.add_done_callback(partial(self._learnt, name))
        # However many wait to know a topic, it is asked for once.
        waiting = {name: asyncio.shield(self._learning[name]) for name in names}
        return {name: error for name in names if (error := await waiting[name]) is not None}

    def _learn_topic(self, producer: Producer, name: str) -> TradexError | None:
        timeout = self._settings.request_timeout.total_seconds()
        try:
            self._partitions[name] = len(partitions_of(producer, name, timeout=timeout))
        except Unpublishable as error:
            return error
        except KafkaException as error:
            return no_answer(cause_of(error), asked=f"describe topic {name!r}")
        return None

    def _learnt(self, name: str, _: object) -> None:
        del self._learning[name]

    def _knows(self, message: Message) -> bool:
        return (message.partition or 0) < self._partitions.get(message.topic, 0)

    def _refusal(self, message: Message) -> Unpublishable | None:
        size = len(message.key or b"") + len(message.value or b"")
        size += sum(len(name.encode()) + len(value) for name, value in message.headers)
        if size > self._settings.max_message_bytes:
            return Unpublishable(
                f"a message for topic {message.topic!r} has {size} bytes, and the broker takes at "
                f"most {self._settings.max_message_bytes}; send less"
            )
        partitions = self._partitions.get(message.topic)
        if partitions is None:  # it was deleted meanwhile
            return no_topic(message.topic)
        if message.partition is not None and not 0 <= message.partition < partitions:
            return no_partition(message.topic, message.partition, partitions)
        return None

    async def _send(
        self, messages: Sequence[Message], indexes: Sequence[int]
    ) -> dict[int, TradexError]:
        """Send some of the messages and wait for their reports; return what failed."""
        if not indexes:
            return {}
        if self._is_over:
            return {index: closed() for index in indexes}
        reports = await self._usable().send(messages, indexes)
        errors = {}
        for index, error in reports.items():
            topic = messages[index].topic
            errors[index] = undelivered(topic, error)
            if isinstance(errors[index], Unpublishable):
                self._partitions.pop(topic, None)
        return errors

    def _usable(self) -> "ProducingThread":
        """Return a producer that works: one that failed for good is replaced."""
        if self._thread is None or self._thread.is_broken:
            if self._thread is not None:
                self._thread.stop()
            self._thread = ProducingThread(self._settings)
            self._thread.start()
        return self._thread


class ProducingThread(ClientThread):
    """Owns a producer, and polls for its reports: the event loop is woken once a poll."""

    def __init__(self, settings: KafkaSettings) -> None:
        super().__init__("the producer")
        self._faults = Faults(self._name)
        self.producer = Producer({**settings.producer(), "error_cb": self._faults})
        self._settled: list[_Batch] = []

    @property
    def is_broken(self) -> bool:
        """Whether it will never publish again."""
        return self._faults.is_fatal or self.ended.done()

    async def send(
        self, messages: Sequence[Message], indexes: Sequence[int]
    ) -> Mapping[int, KafkaError]:
        """Send some of the messages, in order; return the reports of those that failed."""
        batch = _Batch(self._loop.create_future(), len(indexes))
        for index in indexes:
            message = messages[index]
            try:
                self.producer.produce(
                    message.topic,
                    message.value,
                    message.key,
                    _ANY_PARTITION if message.partition is None else message.partition,
                    on_delivery=partial(self._report, batch, index),
                    headers=list(message.headers),
                )
            except BufferError:
                batch.hear(index, _QUEUE_FULL)
            except KafkaException as error:
                batch.hear(index, cause_of(error))
        if batch.is_settled:
            return batch.errors
        await batch.settled
        return batch.errors

    def _report(self, batch: "_Batch", index: int, error: KafkaError | None, _: Report) -> None:
        if batch.hear(index, error):
            self._settled.append(batch)

    def _begin(self) -> None:
        """There is nothing to begin with."""

    def _turn(self) -> None:
        self.producer.poll(_POLL_SECONDS)
        self._tell_settled()

    def _tell_settled(self) -> None:
        if self._settled:
            settled, self._settled = self._settled, []
            self.tell(_settle, settled)

    def _failed(self, error: Exception) -> None:
        self._faults.is_fatal = True

    def _close(self) -> None:
        # What is still there was given up; each of its messages gets its answer nevertheless.
        self.producer.purge()
        until = monotonic() + _GIVING_UP_SECONDS
        while len(self.producer) and monotonic() < until:
            self.producer.poll(_POLL_SECONDS)
        self._tell_settled()
        del self.producer


class _Batch:
    """What is sent at once and waited for together; its reports come from another thread."""

    def __init__(self, settled: asyncio.Future[None], size: int) -> None:
        self.settled = settled
        self.errors: dict[int, KafkaError] = {}
        self._left = size
        self._lock = Lock()

    @property
    def is_settled(self) -> bool:
        return not self._left

    def hear(self, index: int, error: KafkaError | None) -> bool:
        """Take a report; return whether it was the last."""
        with self._lock:
            if error is not None:
                self.errors[index] = error
            self._left -= 1
            return not self._left


def _settle(batches: Iterable[_Batch]) -> None:
    for batch in batches:
        if not batch.settled.done():
            batch.settled.set_result(None)


def _turns(messages: Iterable[Message]) -> list[list[int]]:
    """Return the places of the first message of every key, then those of the second, and so on.

    All without a key belong to the first turn.
    """
    turns: list[list[int]] = []
    so_far: Counter[_Lane] = Counter()
    for index, message in enumerate(messages):
        turn = 0
        if message.key is not None:
            lane = (message.topic, message.key)
            turn = so_far[lane]
            so_far[lane] += 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(index)
    return turns
