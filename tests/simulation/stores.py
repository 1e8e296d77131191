"""A database as one process reaches it: the real one in memory, behind a link that can fail."""

from collections import Counter
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from tests.builders.replays import backup_of
from tests.simulation.link import Link, Unforeseen
from tests.simulation.plan import Fault

from adapters.memory.database import MemoryDatabase
from adapters.memory.idempotency import MemoryIdempotencyRecords
from adapters.memory.outbox import MemoryLease, MemoryOutbox
from adapters.memory.parking import MemoryParking
from adapters.memory.unit_of_work import MemoryUnitOfWork
from tradex_core.errors import Outage
from tradex_core.events.topics import DEAD_LETTER_SUFFIX
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Message
from tradex_core.messaging.parking import Lane, Parked
from tradex_core.messaging.unit_of_work import Delivery, Need
from tradex_core.operations.idempotency import IdempotencyRecord, IdempotencyScope

_LONGEST_POISON: Final = 6.0


class Handled(msgspec.Struct, frozen=True):
    """An effect that a service committed: of which record, under which identity."""

    consumer: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    handled_id: str


class Committed(msgspec.Struct, frozen=True):
    """A commit, as the trace shows it."""

    effects: list[Handled]
    messages: list[Message]

    def __str__(self) -> str:
        handled = ", ".join(f"{each.topic}[{each.handled_id}]" for each in self.effects)
        sent = ", ".join(
            f"{each.topic}({(each.key or b'').decode(errors='replace')})" for each in self.messages
        )
        return f"{handled or 'a timer'} -> {sent or 'nothing'}"


class Journal:
    """What all units of work committed, in the order of their commits.

    After so many commits of a service, as `backed_up_after` says, its database is backed up.
    """

    def __init__(self, backed_up_after: Mapping[str, int] = {}) -> None:
        self.effects: list[Handled] = []
        self.poison: dict[tuple[str, str], float] = {}
        self.backups: dict[str, MemoryDatabase] = {}
        self._backed_up_after = backed_up_after
        self._commits: Counter[str] = Counter()

    def committed(self, app: str, database: MemoryDatabase) -> None:
        """Hear of a service's commit."""
        self._commits[app] += 1
        if self._commits[app] == self._backed_up_after.get(app):
            self.backups[app] = backup_of(database)


class SimulatedUnit:
    """A unit of work behind a link; what it commits is written down in the journal."""

    def __init__(self, inner: MemoryUnitOfWork, link: Link, journal: Journal, now: float) -> None:
        self._inner = inner
        self._link = link
        self._journal = journal
        self._now = now
        self._effects: list[Handled] = []
        self._messages: list[Message] = []
        self._parked: set[str] = set()
        self._can_fail = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - repositories, and what stays in memory
        return getattr(self._inner, name)

    async def __aenter__(self) -> Self:
        await self._link.touch("begin")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._inner.__aexit__(kind, error, traceback)

    async def handled(self, deliveries: Sequence[Delivery]) -> Collection[MessageId]:
        return await self._inner.handled(deliveries)

    async def occupied(self, lanes: Collection[Lane]) -> Collection[Lane]:
        return await self._inner.occupied(lanes)

    async def load(self, needs: Any) -> None:  # noqa: ANN401 - an iterable of needs
        wanted: list[Need] = list(needs)
        await self._inner.load(wanted)
        if wanted:
            await self._link.touch("load")

    def record(self, delivery: Delivery, messages: Sequence[Message]) -> None:
        record = delivery.record
        if record.position not in self._parked:
            gives_up = any(message.topic.endswith(DEAD_LETTER_SUFFIX) for message in messages)
            if not gives_up:
                self._suffer(delivery)
                self._can_fail = True
            self._effects.append(
                Handled(
                    self._link.process.app,
                    record.topic,
                    record.partition,
                    record.offset,
                    record.key,
                    delivery.handled_id,
                )
            )
        self._messages += messages
        self._inner.record(delivery, messages)

    def publish(self, messages: Sequence[Message]) -> None:
        self._messages += messages
        self._inner.publish(messages)

    def park(self, parked: Parked) -> None:
        self._parked.add(parked.record.position)
        self._inner.park(parked)

    async def commit(self) -> None:
        await self._link.before("commit")
        self._link.conflict("commit", unforeseen=self._can_fail)
        await self._inner.commit()
        self._journal.effects += self._effects
        self._journal.committed(self._link.process.app, self._inner._database)  # noqa: SLF001
        if self._messages:
            self._link.trace(
                self._link.process.name, "commits {}", Committed(self._effects, self._messages)
            )
        await self._link.after("commit")

    def _suffer(self, delivery: Delivery) -> None:
        poison, key = self._journal.poison, (self._link.process.app, delivery.record.position)
        faults = self._link.faults
        if key not in poison and faults.happens(Fault.POISON):
            poison[key] = self._now + faults.chance.random() * _LONGEST_POISON
            self._link.trace(self._link.process.name, "cannot store {}", delivery.record.position)
        if faults.active and poison.get(key, 0.0) > self._now:
            msg = "this row cannot be written"
            raise Unforeseen(msg)


class SimulatedLease:
    """Buckets of the outbox: leased from the real one, and lost when the process is."""

    def __init__(self, inner: MemoryLease, link: Link) -> None:
        self._inner = inner
        self._link = link
        self.rows = inner.rows
        self.is_lost = False

    async def delete(self, ids: Collection[int]) -> None:
        await self._link.before("delete")
        self._require_held()
        await self._inner.delete(ids)
        await self._link.after("delete")

    async def put_off(self, row_id: int, *, until: datetime) -> None:
        await self._link.before("put off")
        self._require_held()
        await self._inner.put_off(row_id, until=until)

    def _require_held(self) -> None:
        if self.is_lost:
            msg = "the connection that held the lease was closed"
            raise Outage(msg)


class SimulatedOutbox:
    """An outbox behind a link."""

    def __init__(self, inner: MemoryOutbox, link: Link) -> None:
        self._inner = inner
        self._link = link

    @asynccontextmanager
    async def lease(self, *, now: datetime, limit: int) -> AsyncIterator[SimulatedLease]:
        await self._link.touch("lease")
        leasing = self._inner.lease(now=now, limit=limit)
        lease = SimulatedLease(await leasing.__aenter__(), self._link)

        def let_go() -> None:
            lease.is_lost = True
            run_now(leasing.__aexit__(None, None, None))

        self._link.process.hold(lease, let_go)
        try:
            yield lease
        finally:
            self._link.process.drop(lease)

    async def wait(self, timeout: float) -> None:
        await self._inner.wait(timeout)
        self._link.process.require_alive()


class SimulatedParking:
    """Parked messages behind a link."""

    def __init__(self, inner: MemoryParking, link: Link) -> None:
        self._inner = inner
        self._link = link

    async def due(self, consumer: str, *, now: datetime, limit: int) -> Sequence[Parked]:
        await self._link.touch("due")
        return await self._inner.due(consumer, now=now, limit=limit)

    async def next_due(self, consumer: str) -> datetime | None:
        await self._link.touch("next due")
        return await self._inner.next_due(consumer)

    async def all_parked(self, consumer: str) -> Sequence[Parked]:
        await self._link.touch("all parked")
        return await self._inner.all_parked(consumer)


class SimulatedDatabase:
    """A service's database as its container knows it; queries pass the link too."""

    def __init__(self, inner: MemoryDatabase, link: Link) -> None:
        self._inner = inner
        self._link = link
        self.parking = SimulatedParking(inner.parking, link)
        self.outbox = SimulatedOutbox(inner.outbox, link)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - each database has its own queries
        return behind(self._link, name, getattr(self._inner, name))


class Queries:
    """Questions to a database, each behind a link."""

    def __init__(self, inner: object, link: Link) -> None:
        self._inner = inner
        self._link = link

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it is asked
        return behind(self._link, name, getattr(self._inner, name))


class SimulatedIdempotency:
    """The gateways' idempotency records behind a link; a claim is a write."""

    def __init__(self, inner: MemoryIdempotencyRecords, link: Link) -> None:
        self._inner = inner
        self._link = link

    async def claim(self, scope: IdempotencyScope, record: IdempotencyRecord) -> IdempotencyRecord:
        await self._link.before("claim")
        kept = await self._inner.claim(scope, record)
        await self._link.after("claim")
        return kept


def behind(
    link: Link, name: str, asked: Callable[..., Awaitable[Any]]
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return a question that passes a link on its way."""

    async def ask(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        await link.touch(name)
        answer = await asked(*args, **options)
        link.process.require_alive()
        return answer

    return ask


def run_now(work: Coroutine[Any, Any, object] | Awaitable[object]) -> None:
    """Run to its end what awaits nothing."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration:
        return
    msg = "it waited for something"
    raise AssertionError(msg)
