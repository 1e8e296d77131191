"""What the tests of the broker's contract share: features, builders, and bounded waiting."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Broker, Message, Partition, Record, Subscription

PARTITIONS = 4

Forget = Callable[[str], Awaitable[None]]
Taken = Sequence[Sequence[Record]]


@dataclass(frozen=True)
class Features:
    """What a broker can do; a test is skipped for what stands here, and for nothing else."""

    makes_topics: bool = True
    """A topic is there once it is applied, with the partitions asked for, and not before."""
    forgets: bool = True
    """The fixture `forget` lets the time of a topic's records pass."""
    max_message_bytes: int | None = 1_048_576
    """Larger messages are refused one by one; None where the broker has no such limit."""


class BrokerHarness:
    """What a broker under test is made from; the subclass says what differs."""

    features: ClassVar[Features] = Features()
    patience: ClassVar[float] = 10.0
    """Seconds after which what must come is taken to be missing."""

    @pytest.fixture
    def broker(self) -> Broker:
        raise NotImplementedError

    @pytest.fixture
    def forget(self) -> Forget:
        if self.features.forgets:
            raise NotImplementedError
        pytest.skip("this broker cannot be made to forget")

    async def crash(self, subscription: Subscription) -> None:
        """End a member as a crash would."""
        await subscription.close()

    async def make_topic(self, broker: Broker) -> str:
        """Make a topic that no other test has, with as many partitions as `PARTITIONS`."""
        name = f"contract-{uuid4().hex}"
        await broker.apply([Topic(name, partitions=PARTITIONS)])
        return name

    @pytest.fixture(autouse=True)
    async def closed_afterwards(self, broker: Broker) -> AsyncIterator[None]:
        yield
        await broker.close()

    @pytest.fixture
    async def topic(self, broker: Broker) -> str:
        return await self.make_topic(broker)

    @pytest.fixture
    def group(self) -> str:
        return f"group-{uuid4().hex}"

    @pytest.fixture
    def made_topics(self) -> None:
        if not self.features.makes_topics:
            pytest.skip("this broker's topics appear by themselves")

    @pytest.fixture
    def too_large(self) -> bytes:
        if self.features.max_message_bytes is None:
            pytest.skip("this broker takes messages of every size")
        return b"x" * (self.features.max_message_bytes + 1)

    async def publish(self, broker: Broker, messages: Sequence[Message]) -> None:
        assert [None] * len(messages) == await broker.publish(messages)

    async def fetch(self, subscription: Subscription, count: int) -> list[Record]:
        """Fetch exactly so many records."""
        records: list[Record] = []
        async with asyncio.timeout(self.patience):
            while len(records) < count:
                records += await subscription.fetch(limit=count - len(records))
        return records

    async def follow(self, follower: AsyncIterator[Sequence[Record]], count: int) -> list[Record]:
        """Read at least so many records."""
        records: list[Record] = []
        async with asyncio.timeout(self.patience):
            while len(records) < count:
                records += await anext(follower)
        return records

    async def read(self, broker: Broker, topic: str) -> list[Record]:
        """Read everything that a topic holds."""
        return [
            record
            for partition, (first, end) in (await broker.offsets(topic)).items()
            for record in await broker.read(topic, partition, start=first, limit=end - first or 1)
        ]

    async def consume(
        self, *members: Subscription, until: Callable[[Taken], bool], commit: bool = True
    ) -> Taken:
        """Let members fetch side by side until it is enough; return what each has taken."""
        taken: list[list[Record]] = [[] for _ in members]
        enough = asyncio.Event()

        async def work(member: Subscription, mine: list[Record]) -> None:
            while not enough.is_set():
                records = await _unless(enough, member.fetch(limit=10))
                mine += records
                if commit:
                    await member.commit(records)
                if until(taken):
                    enough.set()

        async with asyncio.timeout(self.patience), asyncio.TaskGroup() as tasks:
            for member, mine in zip(members, taken, strict=True):
                tasks.create_task(work(member, mine))
        return taken

    async def settle(self, broker: Broker, topic: str, *members: Subscription) -> None:
        """Return when every member has partitions of its own, and has read all there is in them."""
        probes = [Message(topic, None, b"probe", (), number) for number in range(PARTITIONS)]
        async with asyncio.timeout(self.patience):
            everyone = False
            while not everyone:
                offsets = await broker.offsets(topic)
                await self.publish(broker, probes)
                ends = {(topic, number): end for number, (_, end) in offsets.items()}
                everyone = all(await self.consume(*members, until=_all_behind(ends)))


async def let_others_run() -> None:
    """Give other tasks their turn, often enough for each to come to where it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


def a_message(topic: str, value: str = "value", *, key: str | None = "key") -> Message:
    return Message(topic, None if key is None else key.encode(), value.encode())


def spread(topic: str, count: int) -> list[Message]:
    """Return messages `value-0`, `value-1` and so on, laid over the partitions in turn."""
    return [
        Message(topic, b"key", f"value-{number}".encode(), (), number % PARTITIONS)
        for number in range(count)
    ]


def values(records: Iterable[Record]) -> list[str]:
    return [(record.value or b"").decode() for record in records]


def positions(records: Iterable[Record]) -> list[str]:
    return [record.position for record in records]


def partitions(records: Iterable[Record]) -> set[Partition]:
    return {(record.topic, record.partition) for record in records}


def count_of(count: int) -> Callable[[Taken], bool]:
    """Return whether so many different records were taken by the members together."""
    return lambda taken: len({r.position for mine in taken for r in mine}) >= count


def _all_behind(ends: Mapping[Partition, int]) -> Callable[[Taken], bool]:
    def read(taken: Taken) -> bool:
        records = [record for mine in taken for record in mine]
        new = [r for r in records if r.offset >= ends[r.topic, r.partition]]
        return partitions(new) == set(ends)

    return read


async def _unless(
    enough: asyncio.Event, fetch: Coroutine[Any, Any, Sequence[Record]]
) -> Sequence[Record]:
    fetching, stopping = asyncio.create_task(fetch), asyncio.create_task(enough.wait())
    await asyncio.wait((fetching, stopping), return_when=asyncio.FIRST_COMPLETED)
    for task in (fetching, stopping):
        task.cancel()
    await asyncio.wait((fetching, stopping))
    return () if fetching.cancelled() else fetching.result()
