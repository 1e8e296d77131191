"""What the contracts of a service's store share: how one is reached, and bounded racing."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Protocol

import msgspec
import pytest

from apps.runtime.servers import CountedOutbox
from tradex_core.errors import StoreConflict
from tradex_core.events.envelope import Headers
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.parking import Lane, Parked, Parking
from tradex_core.messaging.unit_of_work import Need, UnitOfWork

NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
CONSUMER = "consumer"
ODD: Headers = (("name", b"\x00\xff"), ("name", b"again"), ("empty", b""))


class Store(Protocol):
    """A service's store, and one kind of its aggregates to try it with.

    Aggregates are known by any text here; the store under test makes ids of it. One that was
    added is at version 1, and every change makes one more version.
    """

    @property
    def outbox(self) -> CountedOutbox:
        """The store's outbox."""
        ...

    @property
    def parking(self) -> Parking:
        """What is parked in the store."""
        ...

    def open_unit(self) -> UnitOfWork:
        """Return a unit of work that is not entered yet."""
        ...

    def needs(self, name: str, *, unique: str | None = None) -> Sequence[Need]:
        """Return what loads an aggregate by its id, and by its other unique key where given."""
        ...

    def add(self, unit: UnitOfWork, name: str, *, unique: str | None = None) -> None:
        """Add a new aggregate whose creation is an event."""
        ...

    def change(self, unit: UnitOfWork, name: str) -> None:
        """Change a loaded aggregate, which is an event."""
        ...

    def version(self, unit: UnitOfWork, name: str) -> int | None:
        """Return which version of an aggregate the unit sees; None where there is none."""
        ...

    def is_taken(self, unit: UnitOfWork, unique: str) -> bool:
        """Return whether an aggregate with this unique key is there."""
        ...


class Given(msgspec.Struct, frozen=True):
    """A delivery."""

    record: Record
    handled_id: MessageId


class StoreHarness:
    """What a store under test is made from; the subclass says what differs."""

    has_unique_keys: ClassVar[bool] = True
    """Whether its aggregates have a unique key beside their id."""
    patience: ClassVar[float] = 10.0
    """Seconds after which what must come is taken to be missing."""

    @pytest.fixture
    async def store(self) -> Store:
        raise NotImplementedError

    @pytest.fixture
    def unique_keys(self) -> None:
        if not self.has_unique_keys:
            pytest.skip("these aggregates have no unique key beside their id")

    async def commit(self, store: Store, work: Callable[[UnitOfWork], object]) -> None:
        """Do work in a unit of its own and commit it."""
        async with store.open_unit() as unit:
            await unit.load(())
            work(unit)
            await unit.commit()

    async def given(self, store: Store, *names: str) -> None:
        """Add aggregates and commit them."""
        async with store.open_unit() as unit:
            await unit.load([need for name in names for need in store.needs(name)])
            for name in names:
                store.add(unit, name)
            await unit.commit()

    async def version(self, store: Store, name: str) -> int | None:
        """Return which version was committed."""
        async with store.open_unit() as unit:
            await unit.load(store.needs(name))
            return store.version(unit, name)

    async def waiting(self, store: Store, *, now: datetime = NOW) -> list[Message]:
        """Return what waits in the outbox, in the order of its ids, and leave it there."""
        async with store.outbox.lease(now=now, limit=10_000) as lease:
            return [row.message for row in sorted(lease.rows, key=lambda row: row.id)]

    async def race(self, *work: Callable[[], Awaitable[object]]) -> None:
        """Run work side by side, each again after a conflict, until all is done."""

        async def until_done(one: Callable[[], Awaitable[object]]) -> None:
            for _ in range(100):
                try:
                    await one()
                except StoreConflict:
                    await asyncio.sleep(0)
                else:
                    return
            pytest.fail("conflicts without end")

        async with asyncio.timeout(self.patience), asyncio.TaskGroup() as tasks:
            for one in work:
                tasks.create_task(until_done(one))


def a_message(value: str = "value", *, key: str | None = "key", headers: Headers = ()) -> Message:
    return Message("topic", None if key is None else key.encode(), value.encode(), headers)


def a_record(offset: int = 0, *, key: bytes | None = b"key", value: bytes | None = b"v") -> Record:
    return Record("topic", 3, offset, NOW, key, value, ODD)


def a_delivery(handled_id: str, *, offset: int = 0) -> Given:
    return Given(a_record(offset), MessageId(handled_id))


def parked(
    offset: int = 0,
    *,
    key: str = "key",
    consumer: str = CONSUMER,
    attempts: int = 1,
    at: datetime = NOW,
    record: Record | None = None,
) -> Parked:
    return Parked(
        lane=Lane(consumer=consumer, topic="topic", key=key.encode()),
        record=record or a_record(offset, key=key.encode()),
        attempts=attempts,
        first_failed_at=NOW,
        next_attempt_at=at,
        error="ValueError: it is broken",
    )
