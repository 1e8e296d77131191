"""What a group has committed, asked as one of its own who never joins it."""

from collections.abc import Iterator
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from adapters.kafka.faults import cause_of, no_answer
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.thread import ClientThread
from tradex_core.messaging.broker import Offsets

_JOB_SECONDS: Final = 1.0
_NOTHING_COMMITTED: Final = -1


class CommitsThread(ClientThread):
    """Owns a consumer of a group, kept from one question to the next.

    librdkafka's admin client knows no group of its own: asked for this while a coordinator is
    elsewhere or not ready, it follows a null pointer and takes the process with it
    (confluentinc/confluent-kafka-javascript#374). A consumer of that group does not.
    """

    def __init__(self, settings: KafkaSettings, group: str) -> None:
        super().__init__(f"what {group} committed")
        self._group = group
        self._timeout = settings.request_timeout.total_seconds()
        self._consumer = Consumer({**settings.reader(), "group.id": group})

    def committed(self) -> Offsets:
        """Return the group's committed offsets; blocks. Raises Outage."""
        try:
            asked = list(self._partitions())
            found = self._consumer.committed(asked, timeout=self._timeout) if asked else []
        except KafkaException as error:
            raise no_answer(cause_of(error), asked=f"tell what {self._group} committed") from error
        return {(e.topic, e.partition): e.offset for e in found if e.offset > _NOTHING_COMMITTED}

    def _partitions(self) -> Iterator[TopicPartition]:
        for topic in self._consumer.list_topics(timeout=self._timeout).topics.values():
            for number in topic.partitions:
                yield TopicPartition(topic.topic, number)

    def _begin(self) -> None:
        """Wait to be asked."""

    def _turn(self) -> None:
        self._do_jobs(_JOB_SECONDS)

    def _failed(self, error: Exception) -> None:
        """Whoever asks is told by the thread's end."""

    def _close(self) -> None:
        self._consumer.close()
