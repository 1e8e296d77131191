"""The projector's unit of work in memory: views, and how far in each partition they have come."""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from adapters.memory.database import MemoryDatabase
from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.memory.views import MemoryViews
from tradex_core.clock import Clock
from tradex_core.errors import StoreConflict
from tradex_core.events.reply import OUTCOMES_KEPT
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Message, Partition
from tradex_core.messaging.unit_of_work import Delivery, Need
from tradex_core.views.loaded import LoadedViews
from tradex_core.views.ports import OPERATION_VIEWS


class ViewsDatabase(MemoryDatabase):
    """The gateway's views, the offset behind the last record that each partition gave them.

    An outcome is kept for OUTCOMES_KEPT, and let go of when a later one is written.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__({}, clock=clock)
        self.views = MemoryViews()
        self.positions: dict[Partition, int] = {}
        self._outcomes: deque[tuple[datetime, str]] = deque()

    def put_view(self, collection: str, view_id: str, view: Any) -> None:  # noqa: ANN401
        """Replace a view, or add a new one."""
        if collection == OPERATION_VIEWS and self.views.read(collection, view_id) is None:
            self._make_room(view_id, now=self.clock.now())
        self.views.write(collection, view_id, view)

    def _make_room(self, operation_id: str, *, now: datetime) -> None:
        self._outcomes.append((now, operation_id))
        while self._outcomes[0][0] < now - OUTCOMES_KEPT:
            self.views.drop(OPERATION_VIEWS, self._outcomes.popleft()[1])


class ViewsUnitOfWork(MemoryUnitOfWork):
    """Knows what was handled by position: views take an event that comes twice as one."""

    def __init__(self, database: ViewsDatabase) -> None:
        super().__init__(database)
        self._store = database
        self._views = LoadedViews()
        self._asked: dict[Partition, int] = {}
        self._reached: dict[Partition, int] = {}
        self.product_views = self._views.products
        self.order_views = self._views.orders
        self.user_views = self._views.users
        self.operation_views = self._views.operations

    async def handled(self, deliveries: Sequence[Delivery]) -> Collection[MessageId]:
        """Return the identities among these whose records were passed before."""
        known = set()
        for delivery in deliveries:
            partition = delivery.record.topic, delivery.record.partition
            reached = self._asked.setdefault(partition, self._store.positions.get(partition, 0))
            if delivery.record.offset < reached:
                known.add(delivery.handled_id)
        return known

    async def load(self, needs: Iterable[Need]) -> None:
        """Read these views."""
        for need in needs:
            self._views.read[need] = self._store.views.read(*need)

    def record(self, delivery: Delivery, messages: Sequence[Message]) -> None:
        """Remember how far the delivery's partition was handled."""
        partition = delivery.record.topic, delivery.record.partition
        behind = delivery.record.offset + 1
        self._reached[partition] = max(behind, self._reached.get(partition, 0))
        self.publish(messages)

    async def commit(self) -> None:
        """Make the views and the positions true at once."""
        views, positions = self._store.views, self._store.positions
        if any(views.read(*need) is not view for need, view in self._views.read.items()) or any(
            positions.get(partition, 0) != reached for partition, reached in self._asked.items()
        ):
            msg = "another projector went on first"
            raise StoreConflict(msg)
        await super().commit()
        for (collection, view_id), view in self._views.put.items():
            self._store.put_view(collection, view_id, view)
        for partition, reached in self._reached.items():
            positions[partition] = max(reached, positions.get(partition, 0))
