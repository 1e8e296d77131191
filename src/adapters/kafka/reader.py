"""Reading on from where one is: what members of groups and followers have in common."""

import logging
from collections.abc import Iterable
from time import monotonic
from typing import Final

from confluent_kafka import Consumer, KafkaError, TopicPartition

from adapters.kafka.faults import NOT_ALLOWED, Faults, failed_for_good, no_answer
from adapters.kafka.handover import Handover
from adapters.kafka.records import record_of
from adapters.kafka.settings import Configuration
from adapters.kafka.thread import ClientThread
from tradex_core.errors import TradexError
from tradex_core.messaging.broker import Partition

_POLL_SECONDS: Final = 0.05
_ANSWER_SECONDS: Final = 0.002
# To pause drops what librdkafka has fetched, and a second passes before it fetches again: only
# whoever takes longer than that over what is ready does not come to wait for it.
_PAUSE_AFTER_SECONDS: Final = 1.0

_log = logging.getLogger("tradex.kafka")


class ReadingThread(ClientThread):
    """Owns a consumer, and reads ahead of whoever takes from `handover`.

    Where somebody waits for records it waits for them in `poll`; else for its jobs, so that a
    commit begins at once; while an answer is expected, which comes in `poll`, a little for each.
    It polls on where the hand-over is full, for a rebalance is to wait for
    no handler, and a record that comes with it is held too; where it stays full it pauses, and no
    more come.
    """

    def __init__(self, name: str, configuration: Configuration, *, capacity: int) -> None:
        super().__init__(name)
        self.handover = Handover(capacity=capacity, taken=self.wake)
        self._faults = Faults(name)
        self._partitions: set[Partition] = set()
        self._full_since: float | None = None
        self._is_paused = False
        self._expects_answer = False
        self._leaves_a_word = True
        self._consumer = Consumer({**configuration, "error_cb": self._faults})

    def abandon(self) -> None:
        """End at once and without a word to the group, as a process that crashes does."""
        self._leaves_a_word = False
        self.stop()

    def _turn(self) -> None:
        self._do_jobs(0 if self.handover.wanted or self._expects_answer else _POLL_SECONDS)
        room = self.handover.room
        self._pause_or_resume(room)
        if not self._is_stopping:
            self._read(max(room, 1), self._patience())

    def _patience(self) -> float:
        """Return how many seconds to wait in `poll`: what is asked for meanwhile waits too."""
        if self._expects_answer:
            return _ANSWER_SECONDS
        return _POLL_SECONDS if self.handover.wanted else 0

    def _read(self, room: int, wait: float) -> None:
        first = self._consumer.poll(wait)
        if first is None:
            return
        # `consume` would wait for as many as it is asked for; so it takes only what is there.
        rest = self._consumer.consume(room - 1, 0) if room > 1 else []
        records = []
        for message in (first, *rest):
            error = message.error()
            if error is not None:
                self._hear(error)
            elif (message.topic(), message.partition()) in self._partitions:
                records.append(record_of(message))
        self.handover.put(records)

    def _hear(self, error: KafkaError) -> None:
        if error.fatal():
            raise failed_for_good(self._name, error.str())
        if error.name() in NOT_ALLOWED:
            self.handover.report(no_answer(error, asked=f"let {self._name} read"))
        _log.warning("%s: %s (%s)", self._name, error.str(), error.name())

    def _pause_or_resume(self, room: int) -> None:
        if room > 0:
            self._full_since = None
            if self._is_paused:
                self._is_paused = False
                self._consumer.resume(positions(self._partitions))
        elif self._full_since is None:
            self._full_since = monotonic()
        elif not self._is_paused and monotonic() - self._full_since > _PAUSE_AFTER_SECONDS:
            self._is_paused = True
            self._consumer.pause(positions(self._partitions))

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, TradexError):
            error = failed_for_good(self._name, error)
        self.handover.fail(error)

    def _close(self) -> None:
        if self._leaves_a_word:
            self._consumer.close()
        # Without `close`, that nothing refers to it any more ends it.
        del self._consumer


def positions(partitions: Iterable[Partition]) -> list[TopicPartition]:
    """Return partitions as librdkafka takes them."""
    return [TopicPartition(topic, number) for topic, number in partitions]
