"""The unit of work in memory: what it read must still be so when it commits, all or nothing."""

from collections.abc import Collection, Iterable, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from adapters.memory.database import MemoryDatabase
from tradex_core.errors import StoreConflict
from tradex_core.events.fields import Event
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Message
from tradex_core.messaging.parking import Lane, Parked
from tradex_core.messaging.unit_of_work import Delivery, Need

A = TypeVar("A")


class MemoryUnitOfWork:
    """Hands out aggregates of its own; states are shared, for they cannot be changed.

    Isolation is optimistic: `commit` raises StoreConflict where anything that was read, looked up
    or found unhandled is different by then.
    """

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._read: dict[Need, Any] = {}
        self._aggregates: dict[Need, Any] = {}
        self._touched: dict[int, Any] = {}
        self._unhandled: set[MessageId] = set()
        self._free: set[Lane] = set()
        self._records: list[MessageId] = []
        self._messages: list[Message] = []
        self._parked: list[Parked] = []
        self._unparked: list[Parked] = []
        self._held: dict[Lane, bool] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Forget everything; what `commit` made true stays."""

    async def handled(self, deliveries: Sequence[Delivery]) -> Collection[MessageId]:
        """Return the identities among these that were handled before."""
        known = {d.handled_id for d in deliveries if d.handled_id in self._database.inbox}
        self._unhandled.update(d.handled_id for d in deliveries if d.handled_id not in known)
        return known

    async def occupied(self, lanes: Collection[Lane]) -> Collection[Lane]:
        """Return the lanes among these that are held or in which messages are parked."""
        occupied = {lane for lane in lanes if self._database.parking.occupied(lane)}
        self._free.update(lane for lane in lanes if lane not in occupied)
        return occupied

    async def load(self, needs: Iterable[Need]) -> None:
        """Read these aggregates for the repositories to hand out."""
        for need in needs:
            if need not in self._read:
                await self._keep(need, self._database.read(*need))

    def find(self, collection: str, key: str) -> Any:  # noqa: ANN401 - each collection its own
        """Return a loaded or added aggregate by its id or another unique key, or None.

        Raises LookupError where the handler's needs did not name it: a bug in them.
        """
        if (collection, key) not in self._read:
            msg = f"{collection} {key!r} was not named among the handler's needs"
            raise LookupError(msg)
        aggregate = self._aggregates.get((collection, key))
        if aggregate is not None:
            self._touched.setdefault(id(aggregate), aggregate)
        return aggregate

    def add(self, collection: str, aggregate: Any) -> None:  # noqa: ANN401 - each collection its own
        """Add a new aggregate under its id and its unique keys.

        Raises StoreConflict where another that was loaded has one of them.
        """
        needs = self._needs_of(collection, aggregate.state)
        if any(need in self._aggregates for need in needs):
            msg = f"{collection} {needs[0][1]!r} shares a unique key with another"
            raise StoreConflict(msg)
        for need in needs:
            self._read.setdefault(need, None)
            self._aggregates[need] = aggregate
        self._touched.setdefault(id(aggregate), aggregate)

    def collect(self) -> Sequence[Event]:
        """Return the events of what was touched since the last call, in order per aggregate."""
        touched, self._touched = self._touched, {}
        return [event for aggregate in touched.values() for event in aggregate.take_events()]

    def record(self, delivery: Delivery, messages: Sequence[Message]) -> None:
        """Remember that a delivery is handled, and publish its messages after the commit."""
        self._records.append(delivery.handled_id)
        self._messages.extend(messages)

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish messages after the commit that no delivery caused."""
        self._messages.extend(messages)

    def park(self, parked: Parked) -> None:
        """Set a message aside at the end of its lane, or back in its place."""
        self._parked.append(parked)

    def unpark(self, parked: Parked) -> None:
        """Take a message out of its lane."""
        self._unparked.append(parked)

    def hold(self, lane: Lane) -> None:
        """Let nothing in a lane go on until it is released."""
        self._held[lane] = True

    def release(self, lane: Lane) -> None:
        """Let a held lane go on."""
        self._held[lane] = False

    async def commit(self) -> None:
        """Make everything true at once; nothing else runs in between."""
        self._check()
        self._write_states()
        now = self._database.clock.now()
        for handled_id in self._records:
            self._database.remember(handled_id, now)
        self._change_parking()
        self._database.outbox.add(self._messages)

    async def _keep(self, need: Need, state: Any) -> None:  # noqa: ANN401
        collection, _ = need
        self._read[need] = state
        if state is None:
            return
        owner = self._database.index_owner.get(collection, collection)
        needs = self._needs_of(owner, state)
        if needs[0] not in self._aggregates:
            aggregate = self._database.collections[owner].aggregate(state)
            for each in needs:
                self._read[each] = state
                self._aggregates[each] = aggregate
            await self.load(self._database.collections[owner].related(state))

    def _needs_of(self, collection: str, state: Any) -> list[Need]:  # noqa: ANN401
        kind = self._database.collections[collection]
        unique = [(index, key_of(state)) for index, key_of in kind.unique.items()]
        return [(collection, kind.id(state)), *unique]

    def _check(self) -> None:
        database = self._database
        changed = (
            any(database.read(*need) is not state for need, state in self._read.items())
            or any(handled_id in database.inbox for handled_id in self._unhandled)
            or any(database.parking.occupied(lane) for lane in self._free)
            or not all(database.parking.contains(parked) for parked in self._unparked)
        )
        if changed:
            msg = "another unit of work changed the same things first"
            raise StoreConflict(msg)

    def _write_states(self) -> None:
        for (collection, key), aggregate in self._aggregates.items():
            kind = self._database.collections.get(collection)
            if kind is None or aggregate.state is self._read.get((collection, key)):
                continue
            self._database.write(collection, aggregate.state)
            if kind.history:
                self._database.histories.setdefault(key, []).extend(aggregate.take_facts())

    def _change_parking(self) -> None:
        parking = self._database.parking
        for parked in self._parked:
            parking.put(parked)
        staying = {parked.record.position for parked in self._parked}
        for parked in self._unparked:
            if parked.record.position not in staying:
                parking.remove(parked)
        for lane, held in self._held.items():
            if held:
                parking.hold(lane)
            else:
                parking.release(lane)


class MemoryRepository(Generic[A]):
    """The aggregates of one collection that a unit of work has loaded."""

    def __init__(self, unit: MemoryUnitOfWork, collection: str) -> None:
        self._unit = unit
        self._collection = collection

    def find(self, key: str) -> A | None:
        """Return an aggregate by its id, the same object at every call; None where there is none.

        Raises LookupError where the handler's needs did not name it.
        """
        found: A | None = self._unit.find(self._collection, key)
        return found

    def add(self, aggregate: A) -> None:
        """Add an aggregate whose id and unique keys are new."""
        self._unit.add(self._collection, aggregate)
