"""What the core takes as ports, for tests to control: time, chance, an observer, a flaky broker."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from tradex_core.errors import Outage, OutcomeUnknown
from tradex_core.events.topics import Topic
from tradex_core.ids import Entropy
from tradex_core.messaging.breaker import UNWATCHED, BreakerObserver, BreakerState
from tradex_core.messaging.broker import Broker, Message, Offsets, Record, Subscription
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.observer import Handled
from tradex_core.messaging.retry import Backoff
from tradex_core.messaging.tracing import UNTRACED, Trace, Tracer

NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        """Move on by what `timedelta` takes: `seconds=`, `minutes=`, `days=`."""
        self.at += timedelta(**by)


class SeededEntropy:
    """Chance that is the same in every run."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)

    def bits(self, count: int) -> int:
        return self._random.getrandbits(count)


class FixedEntropy:
    """Every bit is the same: the smallest or the largest number there is."""

    def __init__(self, *, ones: bool) -> None:
        self._ones = ones

    def bits(self, count: int) -> int:
        return (1 << count) - 1 if self._ones else 0


class RecordingObserver:
    """Keeps what it hears, in order."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.ages: list[timedelta] = []
        self.traces: list[Trace | None] = []
        self.failures: list[int] = []
        self.given_up: list[str] = []
        self.waits: list[tuple[str, Exception]] = []
        self.published_to: list[tuple[str, int, bool]] = []

    def handled(self, messages: Sequence[Handled]) -> None:
        self.outcomes += [message.outcome for message in messages]
        self.ages += [message.age for message in messages]
        self.traces += [message.trace for message in messages]

    def parked(self, consumer: str, record: Record, *, attempts: int, error: str) -> None:
        self.failures.append(attempts)

    def dead_lettered(self, consumer: str, record: Record, *, reason: str, error: str) -> None:
        self.given_up.append(reason)

    def published(self, topic: str, count: int, *, failed: bool) -> None:
        self.published_to.append((topic, count, failed))

    def waiting(self, component: str, error: Exception) -> None:
        self.waits.append((component, error))


class RecordingBreakers:
    """Keeps what it hears of breakers, in order."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.changes: list[tuple[str, BreakerState]] = []
        self.errors: list[Exception] = []

    def begun(self, breaker: str) -> None:
        self.names.append(breaker)

    def changed(self, breaker: str, to: BreakerState, *, error: Exception | None) -> None:
        self.changes.append((breaker, to))
        if error is not None:
            self.errors.append(error)

    def states_of(self, breaker: str) -> list[BreakerState]:
        """Return what one of them changed to, one after the other."""
        return [to for name, to in self.changes if name == breaker]


def means(
    clock: FakeClock | None = None,
    *,
    entropy: Entropy | None = None,
    observer: RecordingObserver | None = None,
    breakers: BreakerObserver = UNWATCHED,
    backoff: Backoff | None = None,
    tracer: Tracer = UNTRACED,
) -> Means:
    """Return what all messaging works with, each part controllable."""
    return Means(
        clock=clock or FakeClock(),
        entropy=entropy or SeededEntropy(),
        observer=observer or RecordingObserver(),
        breakers=breakers,
        backoff=backoff or Backoff(),
        tracer=tracer,
    )


AT_ONCE = Backoff(first=0.0, cap=0.0)
"""A backoff for loops that really wait: as many tries as ever, and no pause between them."""


async def until(reached: Callable[[], object], *, patience: float = 5) -> None:
    """Let other tasks run until it is so; raises TimeoutError after so many seconds."""
    async with asyncio.timeout(patience):
        while not reached():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0)


class FlakySubscription(Subscription):
    """A member whose calls fail as often as its broker was told."""

    def __init__(self, inner: Subscription, fail: Callable[[str], None]) -> None:
        self._inner = inner
        self._fail = fail

    async def fetch(self, *, limit: int) -> Sequence[Record]:
        self._fail("fetch")
        return await self._inner.fetch(limit=limit)

    async def commit(self, records: Sequence[Record]) -> None:
        self._fail("commit")
        await self._inner.commit(records)

    async def rewind(self) -> None:
        await self._inner.rewind()

    async def close(self) -> None:
        await self._inner.close()


class FlakyBroker(Broker):
    """A broker in front of another: it fails when told to, and forgets nothing of its own.

    `refuse` answers a message with an exception instead of publishing it; later messages of the
    key fail with it, as the port promises. `lose_answers` publishes and then answers that it does
    not know. `fail` lets a call by name (`subscribe`, `fetch`, `commit`) raise so many times.
    """

    def __init__(self, inner: Broker) -> None:
        self._inner = inner
        self._failures: dict[str, list[Exception]] = {}
        self.refuse: Callable[[Message], Exception | None] = lambda _message: None
        self.lose_answers = 0

    def fail(self, call: str, *errors: Exception) -> None:
        """Let the next calls raise these."""
        self._failures.setdefault(call, []).extend(errors)

    def clear(self) -> None:
        """Let no call raise any more."""
        self._failures.clear()

    def cut_off(self) -> None:
        """Be unreachable for whoever publishes, until `restore`."""
        self.refuse = lambda _message: Outage("the broker is away")

    def restore(self) -> None:
        """Publish again."""
        self.refuse = lambda _message: None

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        answers: list[Exception | None] = []
        failed: dict[tuple[str, bytes | None], Exception] = {}
        for message in messages:
            lane = message.topic, message.key
            error = failed.get(lane) or self.refuse(message)
            if error is None:
                [error] = await self._inner.publish([message])
            if error is not None:
                failed[lane] = error
            answers.append(error)
        if self.lose_answers:
            self.lose_answers -= 1
            return [OutcomeUnknown("no acknowledgement came") for _ in messages]
        return answers

    async def apply(self, topics: Iterable[Topic]) -> Sequence[str]:
        return await self._inner.apply(topics)

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        self._raise("subscribe")
        return FlakySubscription(await self._inner.subscribe(group, topics), self._raise)

    def follow(self, topics: Sequence[str]) -> AsyncIterator[Sequence[Record]]:
        return self._inner.follow(topics)

    async def read(self, topic: str, partition: int, *, start: int, limit: int) -> Sequence[Record]:
        return await self._inner.read(topic, partition, start=start, limit=limit)

    async def offsets(self, topic: str) -> Mapping[int, tuple[int, int]]:
        return await self._inner.offsets(topic)

    async def committed(self, group: str) -> Offsets:
        return await self._inner.committed(group)

    async def close(self) -> None:
        await self._inner.close()

    def _raise(self, call: str) -> None:
        if failures := self._failures.get(call):
            raise failures.pop(0)
