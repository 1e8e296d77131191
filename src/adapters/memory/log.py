"""The log: a topic's partitions, each a list of records and the offset of the first of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from adapters.memory.partitioner import partition_of
from tradex_core.errors import Unpublishable
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message, Record

_FEWEST_BETWEEN_SWEEPS: Final = 64


class PartitionLog:
    """Records in the order of their offsets: `first` is the first kept, `end` the next to be given.

    An offset is given once. Records past their time, or more than `max_records`, are let go in
    sweeps, one each time the partition has grown by a quarter, so that appending stays cheap.
    """

    __slots__ = ("_max_records", "_records", "_retention", "_sweep_at", "end", "first", "id")

    def __init__(self, topic: Topic, number: int, *, max_records: int | None) -> None:
        self.id = (topic.name, number)
        self.first = 0
        self.end = 0
        self._records: list[Record] = []
        days = topic.retention_days
        self._retention = None if days is None else timedelta(days=days)
        self._max_records = max_records
        self._sweep_at = _FEWEST_BETWEEN_SWEEPS

    def append(self, message: Message, at: datetime) -> None:
        """Add a message at the end."""
        topic, number = self.id
        self._records.append(
            Record(topic, number, self.end, at, message.key, message.value, message.headers)
        )
        self.end += 1
        if self.end >= self._sweep_at:
            self.expire(at)

    def read(self, start: int, limit: int) -> list[Record]:
        """Return at most `limit` records from an offset, or the first kept one after it, on."""
        index = max(start - self.first, 0)
        return self._records[index : index + limit]

    def expire(self, now: datetime) -> None:
        """Let go of what is past its time, and of the oldest that are too many."""
        surplus = self._surplus(now)
        if surplus:
            del self._records[:surplus]
            self.first += surplus
        self._sweep_at = self.end + max(_FEWEST_BETWEEN_SWEEPS, len(self._records) // 4)

    def _surplus(self, now: datetime) -> int:
        records = self._records
        surplus = 0
        if self._max_records is not None:
            surplus = max(len(records) - self._max_records, 0)
        if self._retention is not None:
            oldest = now - self._retention
            while surplus < len(records) and records[surplus].timestamp < oldest:
                surplus += 1
        return surplus


class TopicLog:
    """A topic's partitions, and which of them a message goes to."""

    __slots__ = ("_turn", "name", "partitions")

    def __init__(self, topic: Topic, *, max_records: int | None) -> None:
        self.name = topic.name
        self.partitions: Sequence[PartitionLog] = tuple(
            PartitionLog(topic, number, max_records=max_records)
            for number in range(topic.partitions)
        )
        self._turn = 0

    def partition(self, number: int) -> PartitionLog:
        """Return a partition; raises Unpublishable where the topic has no such one."""
        if not 0 <= number < len(self.partitions):
            msg = (
                f"topic {self.name!r} has no partition {number}, only 0 to "
                f"{len(self.partitions) - 1}; name one of these, or leave it to the key"
            )
            raise Unpublishable(msg)
        return self.partitions[number]

    def place(self, message: Message) -> PartitionLog:
        """Return the partition for a message: the one it names, its key's, or the next in turn.

        Raises Unpublishable where it names one that is not there.
        """
        if message.partition is not None:
            return self.partition(message.partition)
        if message.key is not None:
            return self.partitions[partition_of(message.key, len(self.partitions))]
        self._turn = (self._turn + 1) % len(self.partitions)
        return self.partitions[self._turn]
