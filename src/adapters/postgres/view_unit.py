"""The projector's unit of work on PostgreSQL: views, and how far in each partition they came."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from adapters.postgres.database import PoolSettings, PostgresDatabase
from adapters.postgres.errors import translated
from adapters.postgres.parking import IN_USE
from adapters.postgres.rows import Insert, Statement, ask
from adapters.postgres.unit_of_work import PostgresUnitOfWork, locking
from adapters.postgres.view_positions import Move, advance, all_positions, positions_of
from adapters.postgres.view_tables import TABLES
from adapters.postgres.view_writes import view_work
from adapters.postgres.views import PostgresViews
from tradex_core.clock import Clock
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Message, Offsets, Partition
from tradex_core.messaging.unit_of_work import Delivery, Need
from tradex_core.views.loaded import LoadedViews

PUBLIC: Final = "public"


class ViewsDatabase(PostgresDatabase):
    """The gateway's views, and the offset behind the last record that each partition gave them.

    With a `schema`, those that a rebuild makes beside the ones that are read.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        pool: PoolSettings = PoolSettings(),  # noqa: B008 - it cannot be changed
        *,
        schema: str = PUBLIC,
    ) -> None:
        super().__init__(
            url,
            clock=clock,
            collections={},
            tables={},
            pool=pool,
            application="tradex views",
            schema=schema,
        )
        self.schema = schema
        self.views = PostgresViews(self)

    async def positions(self) -> Offsets:
        """Return how far each partition was handled; raises Outage."""
        async with self.transaction() as connection:
            return await all_positions(connection)


class ViewsUnitOfWork(PostgresUnitOfWork):
    """Knows what was handled by position: views take an event that comes twice as one.

    Projectors that meet at a view wait for each other. Of two that handle the same partition, the
    later one's commit raises StoreConflict.
    """

    def __init__(self, database: ViewsDatabase) -> None:
        super().__init__(database)
        self._schema = database.schema
        self._views = LoadedViews()
        self._asked: dict[Partition, int] = {}
        self._passed: dict[Partition, int] = {}
        self.product_views = self._views.products
        self.order_views = self._views.orders
        self.user_views = self._views.users
        self.operation_views = self._views.operations

    async def handled(self, deliveries: Sequence[Delivery]) -> Collection[MessageId]:
        """Return the identities among these whose records were passed before."""
        asked = {_partition(delivery) for delivery in deliveries} - self._asked.keys()
        if asked:
            driver = await self._driver()
            with translated(self._database.name):
                found, [[in_use]] = await ask(driver, positions_of(asked), IN_USE)
            self._lanes_are_in_use = in_use
            self._asked |= dict.fromkeys(asked, 0)
            self._asked |= {(topic, number): reached for topic, number, reached in found}
        return {d.handled_id for d in deliveries if d.record.offset < self._asked[_partition(d)]}

    async def load(self, needs: Iterable[Need]) -> None:
        """Lock and read these views."""
        wanted = dict.fromkeys(needs)
        if not wanted:
            return
        keys: dict[str, list[str]] = defaultdict(list)
        for collection, key in wanted:
            keys[collection].append(key)
        # A rebuild locks views of its own: nothing that is read waits for it.
        locks = locking((f"{self._schema}.{name}", key) for name, key in wanted)
        questions = [TABLES[name].question(named) for name, named in keys.items()]
        driver = await self._driver()
        with translated(self._database.name):
            _, *answers = await ask(driver, locks, *questions)
        self._views.read |= dict.fromkeys(wanted)
        for name, rows in zip(keys, answers, strict=True):
            found = TABLES[name].views(rows)
            self._views.read |= {(name, key): view for key, view in found.items()}

    def record(self, delivery: Delivery, messages: Sequence[Message]) -> None:
        """Remember how far the delivery's partition was handled."""
        partition, behind = _partition(delivery), delivery.record.offset + 1
        self._passed[partition] = max(behind, self._passed.get(partition, 0))
        self.publish(messages)

    def _work(self) -> Iterator[Insert | Statement]:
        # Where a parked message is tried again, its partition was passed when it was parked.
        moves = [
            Move(topic, partition, asked, max(asked, self._passed[topic, partition]))
            for (topic, partition), asked in self._asked.items()
            if (topic, partition) in self._passed
        ]
        yield from advance(moves)
        yield from view_work(self._views, now=self._database.clock.now())
        yield from super()._work()


def _partition(delivery: Delivery) -> Partition:
    return delivery.record.topic, delivery.record.partition
