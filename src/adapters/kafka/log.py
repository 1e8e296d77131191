"""The log, read from any offset on, in no group."""

from collections.abc import Sequence
from time import monotonic
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from adapters.kafka.asking import partitions_of
from adapters.kafka.faults import cause_of, no_answer, no_partition
from adapters.kafka.records import record_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.thread import ClientThread
from tradex_core.errors import Outage
from tradex_core.messaging.broker import Record

_JOB_SECONDS: Final = 1.0
_READ_AHEAD_SECONDS: Final = 2.0
_READ_AHEAD_KIB: Final = 4_096
_FETCH_WAIT_MS: Final = 1
"""Nothing is waited for that is not there yet: a fetch that waits holds up the next question."""
_END_OF_PARTITION: Final = KafkaError._PARTITION_EOF  # noqa: SLF001 - so librdkafka names it


class LogThread(ClientThread):
    """Owns a consumer that reads a page when asked; a page after the last one is ready sooner."""

    def __init__(self, settings: KafkaSettings) -> None:
        super().__init__("the reader of the log")
        self._timeout = settings.request_timeout.total_seconds()
        self._consumer = Consumer(
            {
                **settings.reader(),
                "enable.partition.eof": True,
                "fetch.wait.max.ms": _FETCH_WAIT_MS,
                "queued.max.messages.kbytes": _READ_AHEAD_KIB,
            }
        )
        self._next: tuple[str, int, int] | None = None
        self._end = 0
        self._asked_at = 0.0

    def read(self, topic: str, number: int, start: int, limit: int) -> Sequence[Record]:
        """Return at most `limit` records from an offset, or the first kept one after it, on.

        Raises Unpublishable where there is no such partition, and Outage.
        """
        self._asked_at = monotonic()
        try:
            if self._next != (topic, number, start):
                self._go_to(topic, number, start)
            return self._page(limit) if self._next else ()
        except KafkaException as error:
            self._stand_nowhere()
            raise no_answer(cause_of(error), asked=f"read {topic!r}") from error

    def _go_to(self, topic: str, number: int, start: int) -> None:
        self._stand_nowhere()
        partitions = partitions_of(self._consumer, topic, timeout=self._timeout)
        if number not in partitions:
            raise no_partition(topic, number, len(partitions))
        first, self._end = self._consumer.get_watermark_offsets(
            TopicPartition(topic, number), timeout=self._timeout
        )
        if start < self._end:
            start = max(start, first)
            self._consumer.assign([TopicPartition(topic, number, start)])
            self._next = (topic, number, start)

    def _page(self, limit: int) -> list[Record]:
        records: list[Record] = []
        until = monotonic() + self._timeout
        while len(records) < limit:
            first = self._consumer.poll(max(until - monotonic(), 0))
            if first is None:
                self._stand_nowhere()
                msg = f"Kafka did not send what it has within {self._timeout} s"
                raise Outage(msg)
            room = limit - len(records)
            for message in (first, *(self._consumer.consume(room - 1, 0) if room > 1 else ())):
                error = message.error()
                if error is None:
                    records.append(record_of(message))
                elif error.code() == _END_OF_PARTITION:
                    self._stand_nowhere()
                    return records
                else:
                    raise KafkaException(error)
            last = records[-1]
            self._next = (last.topic, last.partition, last.offset + 1)
            if last.offset + 1 >= self._end:  # that it ends there, Kafka takes its time to tell
                self._stand_nowhere()
                break
        return records

    def _stand_nowhere(self) -> None:
        self._next = None
        self._consumer.unassign()

    def _begin(self) -> None:
        """Wait to be asked."""

    def _turn(self) -> None:
        self._do_jobs(_JOB_SECONDS)
        if self._next and monotonic() - self._asked_at > _READ_AHEAD_SECONDS:
            self._stand_nowhere()

    def _failed(self, error: Exception) -> None:
        """Whoever asks is told by the thread's end."""

    def _close(self) -> None:
        self._consumer.close()
