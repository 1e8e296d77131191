"""The unit of work in memory: what it read must still be so when it commits, all or nothing."""

from collections.abc import Collection, Iterable, Sequence
from types import TracebackType
from typing import Self

from adapters.memory.database import MemoryDatabase
from tradex_core.errors import StoreConflict
from tradex_core.ids import MessageId
from tradex_core.messaging.parking import Lane
from tradex_core.messaging.unit_of_work import Delivery, Need
from tradex_core.messaging.workspace import Workspace


class MemoryUnitOfWork(Workspace):
    """Hands out aggregates of its own; states are shared, for they cannot be changed.

    Isolation is optimistic: `commit` raises StoreConflict where anything that was read, looked up
    or found unhandled is different by then.
    """

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database.collections)
        self._database = database
        self._unhandled: set[MessageId] = set()
        self._free: set[Lane] = set()

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
            if need not in self.read:
                await self.load(self.keep(need, self._database.read(*need)))

    async def commit(self) -> None:
        """Make everything true at once; nothing else runs in between."""
        self._check()
        self._write_states()
        now = self._database.clock.now()
        for handled_id in self.recorded:
            self._database.remember(handled_id, now)
        self._change_parking()
        self._database.outbox.add(self.messages)

    def _check(self) -> None:
        database = self._database
        changed = (
            any(database.read(*need) is not state for need, state in self.read.items())
            or any(handled_id in database.inbox for handled_id in self._unhandled)
            or any(database.parking.occupied(lane) for lane in self._free)
            or not all(database.parking.contains(parked) for parked in self.unparked)
        )
        if changed:
            msg = "another unit of work changed the same things first"
            raise StoreConflict(msg)

    def _write_states(self) -> None:
        for change in self.changes():
            self._database.write(change.collection, change.aggregate.state)
            if self._database.collections[change.collection].history:
                facts = change.aggregate.take_facts()
                self._database.histories.setdefault(change.key, []).extend(facts)

    def _change_parking(self) -> None:
        parking = self._database.parking
        for parked in self.parked:
            parking.put(parked)
        for parked in self.leaving():
            parking.remove(parked)
        for lane, held in self.held.items():
            if held:
                parking.hold(lane)
            else:
                parking.release(lane)
