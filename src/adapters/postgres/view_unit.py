"""The projector's unit of work on PostgreSQL: views, and how far in each partition they came."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.database import PoolSettings, PostgresDatabase
from adapters.postgres.errors import translated
from adapters.postgres.unit_of_work import PostgresUnitOfWork, lock
from adapters.postgres.view_tables import TABLES, put_sellers
from tradex_core.clock import Clock
from tradex_core.errors import StoreConflict
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Message, Partition
from tradex_core.messaging.unit_of_work import Delivery, Need
from tradex_core.views.loaded import LoadedViews
from tradex_core.views.ports import ORDER_VIEWS

_REACHED: Final = sa.text("""
SELECT topic, partition, reached FROM view_positions
JOIN unnest(CAST(:topics AS text[]), CAST(:partitions AS int4[])) AS asked(topic, partition)
     USING (topic, partition)
""")
_GO_ON: Final = sa.text("""
INSERT INTO view_positions (topic, partition, reached) VALUES (:topic, :partition, :reached)
ON CONFLICT (topic, partition) DO UPDATE SET reached = excluded.reached
WHERE view_positions.reached = :asked
""")


def views_database(
    url: str,
    clock: Clock,
    pool: PoolSettings = PoolSettings(),  # noqa: B008 - it cannot be changed
    *,
    schema: str = "public",
) -> PostgresDatabase:
    """Return the gateway's database, or the tables that a rebuild makes in a schema of their own.

    Nothing connects yet.
    """
    return PostgresDatabase(
        url,
        clock=clock,
        collections={},
        tables={},
        pool=pool,
        application="tradex views",
        schema=schema,
    )


class ViewsUnitOfWork(PostgresUnitOfWork):
    """Knows what was handled by position: views take an event that comes twice as one."""

    def __init__(self, database: PostgresDatabase) -> None:
        super().__init__(database)
        self._views = LoadedViews()
        self._asked: dict[Partition, int] = {}
        self._passed: dict[Partition, int] = {}
        self.product_views = self._views.products
        self.order_views = self._views.orders
        self.user_views = self._views.users
        self.operation_views = self._views.operations

    async def handled(self, deliveries: Sequence[Delivery]) -> Collection[MessageId]:
        """Return the identities among these whose records were passed before."""
        asked = {(d.record.topic, d.record.partition) for d in deliveries} - self._asked.keys()
        if asked:
            self._asked |= dict.fromkeys(asked, 0) | await self._reached(asked)
        return {
            d.handled_id
            for d in deliveries
            if d.record.offset < self._asked[d.record.topic, d.record.partition]
        }

    async def load(self, needs: Iterable[Need]) -> None:
        """Lock and read these views."""
        wanted: dict[str, list[str]] = defaultdict(list)
        for collection, key in dict.fromkeys(needs):
            wanted[collection].append(key)
        if not wanted:
            return
        connection = await self._connection()
        with translated(self._database.name):
            await lock(connection, ((name, key) for name, keys in wanted.items() for key in keys))
            for collection, keys in wanted.items():
                found = await TABLES[collection].load(connection, keys)
                self._views.read |= {(collection, key): found.get(key) for key in keys}

    def record(self, delivery: Delivery, messages: Sequence[Message]) -> None:
        """Remember how far the delivery's partition was handled."""
        partition = delivery.record.topic, delivery.record.partition
        behind = delivery.record.offset + 1
        self._passed[partition] = max(behind, self._passed.get(partition, 0))
        self.publish(messages)

    async def _reached(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        given = {
            "topics": [topic for topic, _ in partitions],
            "partitions": [number for _, number in partitions],
        }
        connection = await self._connection()
        with translated(self._database.name):
            rows = await connection.execute(_REACHED, given)
            return {(topic, number): reached for topic, number, reached in rows}

    async def _write(self, connection: AsyncConnection) -> None:
        await self._go_on(connection)
        put: dict[str, list[Any]] = defaultdict(list)
        for (collection, _), view in self._views.put.items():
            put[collection].append(view)
        for collection, views in put.items():
            await TABLES[collection].put(connection, views)
        await put_sellers(connection, put[ORDER_VIEWS])
        await super()._write(connection)

    async def _go_on(self, connection: AsyncConnection) -> None:
        # In one order everywhere: two projectors that pass the same partitions wait, not deadlock.
        for (topic, partition), passed in sorted(self._passed.items()):
            asked = self._asked.get((topic, partition))
            if asked is None:
                continue  # a message that was parked: its partition was passed when it was
            moved = await connection.execute(
                _GO_ON,
                {
                    "topic": topic,
                    "partition": partition,
                    "reached": max(passed, asked),
                    "asked": asked,
                },
            )
            if moved.rowcount != 1:
                msg = "another projector went on first"
                raise StoreConflict(msg)
