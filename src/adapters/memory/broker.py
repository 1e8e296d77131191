"""The broker in memory: topics, partitions, groups and followers, without a server or a task."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final, Self

from adapters.memory.groups import Group, MemorySubscription
from adapters.memory.log import TopicLog
from adapters.memory.reader import Cursor, Ending, Reader
from tradex_core.clock import Clock
from tradex_core.errors import Outage, TradexError, Unpublishable
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message, Offsets, Record

_FOLLOWED_AT_ONCE: Final = 500


class MemoryBroker:
    """Keeps records until their topic's time is over, or the process is.

    With `max_records`, a partition keeps that many of the latest (and up to a quarter more between
    two sweeps). What it acknowledges is in the log at once, and every reader is woken once a call.
    It belongs to one event loop.
    """

    def __init__(
        self, clock: Clock, *, max_message_bytes: int = 1_048_576, max_records: int | None = None
    ) -> None:
        self._clock = clock
        self._max_message_bytes = max_message_bytes
        self._max_records = max_records
        self._topics: dict[str, TopicLog] = {}
        self._groups: dict[str, Group] = {}
        self._readers: dict[str, list[Reader]] = {}
        self._is_open = True

    async def open(self) -> None:
        """Answer at once; raises Outage once it is closed."""
        await self.ping()

    async def ping(self) -> None:
        """Answer at once; raises Outage once it is closed."""
        self._require_open()

    async def apply(self, topics: Iterable[Topic]) -> Sequence[str]:
        """Create the topics that are missing; return their names. A repeat changes nothing.

        Raises TradexError, having made none, where one is there with another number of partitions.
        """
        self._require_open()
        missing = {}
        for topic in topics:
            existing = self._topics.get(topic.name)
            if existing is None:
                missing[topic.name] = topic
            elif len(existing.partitions) != topic.partitions:
                msg = (
                    f"topic {topic.name!r} has {len(existing.partitions)} partitions, not "
                    f"{topic.partitions}: its keys would move; ask for as many as it has, or "
                    "delete it before `tradex topics apply`"
                )
                raise TradexError(msg)
        for name, topic in missing.items():
            self._topics[name] = TopicLog(topic, max_records=self._max_records)
            self._readers[name] = []
        return list(missing)

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        if not self._is_open:
            outage = _closed()
            return [outage for _ in messages]
        now = self._clock.now()
        answers: list[Exception | None] = []
        failed: dict[tuple[str, bytes | None], Exception] = {}
        reached: dict[str, None] = {}
        for message in messages:
            error = failed.get((message.topic, message.key)) if failed else None
            if error is None:
                try:
                    self._append(message, now)
                    reached[message.topic] = None
                except Unpublishable as refusal:
                    error = refusal
                    if message.key is not None:
                        failed[message.topic, message.key] = refusal
            answers.append(error)
        self._wake(reached)
        return answers

    async def subscribe(self, group: str, topics: Sequence[str]) -> MemorySubscription:
        self._require_open()
        reader = self._reader(topics)
        members = self._groups.setdefault(group, Group())
        members.join(reader)
        return MemorySubscription(members, reader, partial(self._end, reader, members))

    def follow(self, topics: Sequence[str]) -> AsyncIterator[Sequence[Record]]:
        """Read what is published from now on, in no group; ends when the broker is closed.

        Raises Unpublishable naming a topic that does not exist.
        """
        reader = self._reader(topics)
        logs = [log for topic in reader.topics for log in topic.partitions]
        reader.cursors = {log.id: Cursor(log, log.end) for log in logs}
        if not self._is_open:
            reader.close()
        return _Follower(reader, partial(self._end, reader))

    async def read(self, topic: str, partition: int, *, start: int, limit: int) -> Sequence[Record]:
        return self._topic(topic).partition(partition).read(start, limit)

    async def offsets(self, topic: str) -> Mapping[int, tuple[int, int]]:
        logs = self._topic(topic).partitions
        return {number: (log.first, log.end) for number, log in enumerate(logs)}

    async def committed(self, group: str) -> Offsets:
        known = self._groups.get(group)
        return {} if known is None else dict(known.committed)

    async def size_of(self, group: str) -> int:
        """Return how many are in a group now."""
        known = self._groups.get(group)
        return 0 if known is None else known.size

    def expire(self) -> None:
        """Let go now of every record past its time; appending does so by and by."""
        now = self._clock.now()
        for topic in self._topics.values():
            for log in topic.partitions:
                log.expire(now)

    async def close(self) -> None:
        self._is_open = False
        for readers in self._readers.values():
            for reader in readers:
                reader.close()

    def _append(self, message: Message, now: datetime) -> None:
        log = self._topic(message.topic).place(message)
        size = len(message.key or b"") + len(message.value or b"")
        for name, value in message.headers:
            size += len(name) + len(value)
        if size > self._max_message_bytes:
            msg = (
                f"a message for topic {message.topic!r} has {size} bytes, and the broker takes at "
                f"most {self._max_message_bytes}; send less, or raise max_message_bytes"
            )
            raise Unpublishable(msg)
        log.append(message, now)

    def _wake(self, topics: Iterable[str]) -> None:
        for topic in topics:
            for reader in self._readers[topic]:
                reader.wake()

    def _topic(self, name: str) -> TopicLog:
        topic = self._topics.get(name)
        if topic is None:
            msg = f"there is no topic {name!r}; create it with `tradex topics apply`"
            raise Unpublishable(msg)
        return topic

    def _reader(self, names: Sequence[str]) -> Reader:
        reader = Reader([self._topic(name) for name in names])
        for topic in reader.topics:
            self._readers[topic.name].append(reader)
        return reader

    def _end(self, reader: Reader, group: Group | None = None) -> None:
        reader.close()
        for topic in reader.topics:
            self._readers[topic.name].remove(reader)
        if group is not None:
            group.leave(reader)

    def _require_open(self) -> None:
        if not self._is_open:
            raise _closed()


class _Follower:
    def __init__(self, reader: Reader, leave: Callable[[], None]) -> None:
        self._reader = reader
        self._leave = Ending(self, leave)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Sequence[Record]:
        records = await self._reader.take(_FOLLOWED_AT_ONCE)
        if not records:
            raise StopAsyncIteration
        return records


def _closed() -> Outage:
    return Outage("the broker in memory is closed")
