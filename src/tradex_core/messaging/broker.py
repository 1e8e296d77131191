"""The broker, as ports: publish with an acknowledgement, consume in a group, read the log."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tradex_core.events.envelope import Headers
from tradex_core.events.topics import Topic


class Message(msgspec.Struct, frozen=True, gc=False):
    """What is published; without a partition the key places it, as Java's clients do."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


class Record(msgspec.Struct, frozen=True, gc=False):
    """A message as it lies in the log: where, and since when."""

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def position(self) -> str:
        """Where it lies, as `topic-partition-offset`."""
        return f"{self.topic}-{self.partition}-{self.offset}"


Partition = tuple[str, int]
Offsets = Mapping[Partition, int]


class Producer(Protocol):
    """Publishes messages."""

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Publish in the order given and wait for every acknowledgement; one answer a message.

        None: the broker has it. Unpublishable: it never will. OutcomeUnknown: it may have it.
        Outage: it has not got it and cannot be reached. After a failed message of a key, later
        ones of that key in the same call are not published either (they answer its exception).
        """
        ...


class Subscription(Protocol):
    """One member of a consumer group: some of the topics' partitions are its own to read."""

    async def fetch(self, *, limit: int) -> Sequence[Record]:
        """Wait for records and return at most `limit`, in order per partition; empty once closed.

        Nothing is lost by cancelling it. Each call goes on after the last one; a rebalance, or
        joining anew, goes back to what was committed.
        """
        ...

    async def commit(self, records: Sequence[Record]) -> None:
        """Commit the offsets behind these records, but of partitions lost meanwhile."""
        ...

    async def rewind(self) -> None:
        """Go back to the committed offsets: what was fetched and not committed is fetched again."""
        ...

    async def close(self) -> None:
        """Leave the group; what was not committed goes to another member."""
        ...


class Broker(Producer, Protocol):
    """The whole of a broker as the apps use it."""

    async def apply(self, topics: Iterable[Topic]) -> Sequence[str]:
        """Create the topics that are missing; return their names. A repeat changes nothing."""
        ...

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        """Join a consumer group, which starts at the beginning of each topic.

        Raises Unpublishable naming a topic that does not exist.
        """
        ...

    def follow(self, topics: Sequence[str]) -> AsyncIterator[Sequence[Record]]:
        """Read what is published from now on, in no group; ends when the broker is closed.

        The end of each topic is fixed when this is called, not when the first batch is awaited.
        """
        ...

    async def read(self, topic: str, partition: int, *, start: int, limit: int) -> Sequence[Record]:
        """Return at most `limit` records from an offset (or the first kept one after it) on."""
        ...

    async def offsets(self, topic: str) -> Mapping[int, tuple[int, int]]:
        """Return each partition's first kept offset and the offset behind its last record."""
        ...

    async def committed(self, group: str) -> Offsets:
        """Return a group's committed offsets."""
        ...

    async def close(self) -> None:
        """Wait for what is being published, then end every subscription and follower."""
        ...
