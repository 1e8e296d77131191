import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from random import Random

import pytest
from tests.builders.machines import (
    AT_ONCE,
    FakeClock,
    FixedEntropy,
    FlakyBroker,
    RecordingBreakers,
    RecordingObserver,
    means,
    until,
)

from adapters.memory.broker import MemoryBroker
from adapters.memory.outbox import MemoryOutbox
from tradex_core.errors import Outage, OutcomeUnknown, Unpublishable
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message
from tradex_core.messaging.outbox import BUCKETS, bucket_of
from tradex_core.messaging.relay import Relay

TOPIC = "topic"


class Post:
    """An outbox, a log, and a relay between the two."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.observer = RecordingObserver()
        self.outbox = MemoryOutbox(self.clock)
        self.log = MemoryBroker(self.clock)
        self.broker = FlakyBroker(self.log)
        self.means = means(self.clock, observer=self.observer)
        self.relay = Relay(self.outbox, self.broker, self.means)

    async def published(self, key: str) -> list[str]:
        """Return what was published of a key, in order, repeats included."""
        return [
            (record.value or b"").decode()
            for partition in await self.log.offsets(TOPIC)
            for record in await self.log.read(TOPIC, partition, start=0, limit=100_000)
            if record.key == key.encode()
        ]

    async def shown(self) -> int:
        """Return how many messages are to be published now."""
        async with self.outbox.lease(now=self.clock.now(), limit=10) as lease:
            return len(lease.rows)

    def refuse(self, value: str, error: Exception) -> None:
        """Let the broker refuse a value until `restore`."""
        self.broker.refuse = lambda m: error if m.value == value.encode() else None


@pytest.fixture
async def post() -> Post:
    post = Post()
    await post.log.apply([Topic(TOPIC)])
    return post


def a(value: str, key: str = "key") -> Message:
    return Message(TOPIC, key.encode(), value.encode())


async def test_what_waits_is_published_in_order_and_deleted(post: Post) -> None:
    post.outbox.add([a(str(number), f"key-{number % 7}") for number in range(100)])
    assert 100 == await post.relay.sweep()
    for key in range(7):
        assert [str(n) for n in range(100) if n % 7 == key] == await post.published(f"key-{key}")
    assert (0, 0) == (len(post.outbox), await post.relay.sweep())


async def test_more_than_a_batch_is_published_in_order(post: Post) -> None:
    values = [str(number) for number in range(1700)]
    post.outbox.add([a(value) for value in values])
    while await post.relay.sweep():
        pass
    assert values == await post.published("key")


@pytest.mark.parametrize("error", [Outage("away"), OutcomeUnknown("no answer")])
async def test_only_what_was_acknowledged_is_deleted(post: Post, error: Exception) -> None:
    post.outbox.add([a("1"), a("2"), a("3"), a("x", "another")])
    post.refuse("2", error)
    with pytest.raises(type(error)):
        await post.relay.sweep()
    post.broker.restore()
    while await post.relay.sweep():
        pass
    assert ["1", "2", "3"] == await post.published("key")
    assert ["x"] == await post.published("another")


async def test_a_crash_before_the_deletion_publishes_it_again_as_the_same(post: Post) -> None:
    message = Message(TOPIC, b"key", b"1", (("ce_id", b"cause/0"),))
    post.outbox.add([message])
    post.broker.lose_answers = 1
    with pytest.raises(OutcomeUnknown):
        await post.relay.sweep()
    assert 1 == await post.relay.sweep()
    [[first, again]] = [
        records
        for partition in await post.log.offsets(TOPIC)
        if (records := await post.log.read(TOPIC, partition, start=0, limit=10))
    ]
    assert (first.key, first.value, first.headers) == (again.key, again.value, again.headers)


async def test_what_the_broker_never_takes_puts_off_its_key_and_no_other(post: Post) -> None:
    post.outbox.add([a("1"), a("2"), a("3"), a("x", "another")])
    post.refuse("2", Unpublishable("too large"))
    assert 2 == await post.relay.sweep()
    assert (["1"], ["x"]) == (await post.published("key"), await post.published("another"))
    post.outbox.add([a("4"), a("y", "another")])
    assert 1 == await post.relay.sweep()
    assert 0 == await post.relay.sweep()
    assert ["relay"] == [component for component, _ in post.observer.waits]
    post.broker.restore()
    post.clock.advance(seconds=31)
    assert 3 == await post.relay.sweep()
    assert ["1", "2", "3", "4"] == await post.published("key")


async def test_what_the_broker_refuses_is_tried_ever_less_often(post: Post) -> None:
    longest = means(post.clock, entropy=FixedEntropy(ones=True))
    relay = Relay(post.outbox, post.broker, longest)
    post.outbox.add([a("1")])
    post.refuse("1", Unpublishable("too large"))
    pauses = []
    for _ in range(9):
        await relay.sweep()
        pause = 0.0
        while not await post.shown():
            pause += 0.1
            post.clock.advance(seconds=0.1)
        pauses.append(round(pause, 1))
    assert [0.3, 0.6, 1.2, 2.4, 4.8, 9.6, 19.2, 30.0, 30.0] == pauses


async def test_one_topic_that_cannot_be_reached_does_not_stop_the_others(post: Post) -> None:
    messages = [a(f"value-{number}", f"key-{number}") for number in range(60)]
    assert len({bucket_of(message) for message in messages}) > BUCKETS / 2
    first = min(messages, key=bucket_of)
    post.outbox.add(messages)
    post.broker.refuse = lambda m: OutcomeUnknown("timed out") if m is first else None
    with pytest.raises(OutcomeUnknown):
        await post.relay.sweep()
    assert 1 == len(post.outbox)


async def test_an_outage_is_waited_for(post: Post) -> None:
    relay = Relay(
        post.outbox, post.broker, means(post.clock, observer=post.observer, backoff=AT_ONCE)
    )
    post.outbox.add([a("1")])
    post.broker.cut_off()
    running = asyncio.create_task(relay.run())
    await until(lambda: len(post.observer.waits) >= 3)
    post.broker.restore()
    await until(lambda: not len(post.outbox))
    post.outbox.add([a("2")])
    await until(lambda: not len(post.outbox))
    running.cancel()
    await asyncio.wait([running])
    assert ["1", "2"] == await post.published("key")
    assert {"relay"} == {component for component, _ in post.observer.waits}


async def test_an_outage_opens_its_breaker_until_it_is_over(post: Post) -> None:
    breakers = RecordingBreakers()
    given = means(post.clock, backoff=AT_ONCE, breakers=breakers)
    relay = Relay(post.outbox, post.broker, given, name="orders relay")
    post.outbox.add([a("1")])
    post.broker.cut_off()
    running = asyncio.create_task(relay.run())
    await until(lambda: len(breakers.states_of("orders relay")) >= 3)
    assert relay.waiting
    post.broker.restore()
    await until(lambda: not relay.waiting)
    running.cancel()
    await asyncio.wait([running])
    states = breakers.states_of("orders relay")
    assert ["open", "half_open", "open"] == states[:3]
    assert ["half_open", "closed"] == states[-2:]


async def test_what_no_waiting_would_mend_ends_the_relay(post: Post) -> None:
    post.outbox.add([a("1")])
    post.refuse("1", RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        async with asyncio.timeout(5):
            await post.relay.run()


class JitteryBroker(FlakyBroker):
    """A broker that takes its time, is away now and then, and loses some of its answers."""

    def __init__(self, inner: MemoryBroker, random: Random, *, trouble: float = 1) -> None:
        super().__init__(inner)
        self._random = random
        self._trouble = trouble

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        for _ in range(self._random.randrange(5)):
            await asyncio.sleep(0)
        chance = self._random.random() * self._trouble
        self.refuse = lambda _: Outage("away") if self._random.random() < chance / 4 else None
        self.lose_answers = int(chance > 0.8)
        answers = await super().publish(messages)
        for _ in range(self._random.randrange(5)):
            await asyncio.sleep(0)
        return answers


async def sweeping(relay: Relay) -> None:
    while True:
        with contextlib.suppress(Outage, OutcomeUnknown):
            await relay.sweep()
        await asyncio.sleep(0)


@pytest.fixture
async def tasks() -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks: list[asyncio.Task[None]] = []
    yield tasks
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


@pytest.mark.parametrize("seed", range(12))
async def test_relays_side_by_side_that_crash_lose_and_reorder_nothing(
    post: Post, tasks: list[asyncio.Task[None]], seed: int
) -> None:
    random = Random(seed)
    broker = JitteryBroker(post.log, random)
    written: Counter[str] = Counter()

    def start() -> None:
        tasks.append(asyncio.create_task(sweeping(Relay(post.outbox, broker, post.means))))

    for _ in range(3):
        start()
    for _ in range(60):
        keys = random.choices(["a", "b", "c", "d", "e"], k=random.randrange(6))
        for key in keys:
            post.outbox.add([a(str(written[key]), key)])
            written[key] += 1
        for _ in range(random.randrange(8)):
            await asyncio.sleep(0)
        if random.random() < 0.2:
            random.choice(tasks).cancel()
            start()
    await until(lambda: not len(post.outbox))
    for key, count in written.items():
        first_of_each = list(dict.fromkeys(await post.published(key)))
        assert [str(number) for number in range(count)] == first_of_each


async def test_relays_side_by_side_publish_nothing_twice(
    post: Post, tasks: list[asyncio.Task[None]]
) -> None:
    broker = JitteryBroker(post.log, Random(0), trouble=0)
    for _ in range(3):
        relay = Relay(post.outbox, broker, post.means)
        tasks.append(asyncio.create_task(sweeping(relay)))
    for number in range(200):
        post.outbox.add([a(str(number), str(number % 5))])
        await asyncio.sleep(0)
    await until(lambda: not len(post.outbox))
    for key in range(5):
        assert [str(n) for n in range(200) if n % 5 == key] == await post.published(str(key))
