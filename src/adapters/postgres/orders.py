"""Orders on PostgreSQL: the service's database and its unit of work."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from adapters.postgres.database import PoolSettings, PostgresDatabase
from adapters.postgres.keys import ONE_OF_IDS, uuid_array
from adapters.postgres.order_tables import OrdersTable, order_of, orders_where
from adapters.postgres.rows import Statement, ask, driver_of, write
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from tradex_core.clock import Clock
from tradex_core.ids import OrderId
from tradex_core.orders.collections import ORDER_COLLECTIONS, LoadedOrders
from tradex_core.orders.order import OrderFact, OrderState, decode_fact
from tradex_core.orders.ports import ORDERS

_PAGE: Final = 500
# The status is a literal so that the index of the pending ones serves.
_OVERDUE: Final = """
SELECT id::text AS order_id FROM orders WHERE status = 'pending' AND "createdAt" < %(before)s
ORDER BY "createdAt", id LIMIT %(limit)s
"""
_IDS: Final = """
(SELECT id FROM orders WHERE id > %(after)s ORDER BY id LIMIT %(limit)s)
UNION
(SELECT DISTINCT "orderId" FROM order_events WHERE "orderId" > %(after)s
 ORDER BY "orderId" LIMIT %(limit)s)
ORDER BY id LIMIT %(limit)s
"""
_EVENTS: Final = f"""
SELECT "orderId"::text AS order_id, version, event::text AS event
FROM order_events WHERE "orderId" {ONE_OF_IDS} ORDER BY "orderId", version
"""  # noqa: S608 - made of constants
_ONE_SNAPSHOT: Final = Statement("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", {})


class OrdersUnitOfWork(PostgresUnitOfWork):
    """The orders service's unit of work."""

    def __init__(self, database: PostgresDatabase) -> None:
        super().__init__(database)
        self.orders = LoadedOrders(self, ORDERS)


class Story(msgspec.Struct, frozen=True):
    """An order as it is kept at one instant: its row, and its events' versions and JSON."""

    order_id: OrderId
    row: Sequence[Any] | None
    events: Sequence[tuple[int, bytes]]

    @property
    def snapshot(self) -> OrderState | None:
        """What its row says; None where it has none, or somebody wrote what no order can be."""
        try:
            return None if self.row is None else order_of(self.row)
        except ValueError:
            return None


class OrdersDatabase(PostgresDatabase):
    """The orders service's database; it knows its pending orders and every order's story."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        pool: PoolSettings = PoolSettings(),  # noqa: B008 - it cannot be changed
    ) -> None:
        super().__init__(
            url,
            clock=clock,
            collections=ORDER_COLLECTIONS,
            tables={ORDERS: OrdersTable()},
            pool=pool,
            application="tradex orders",
        )

    async def overdue(self, before: datetime, *, limit: int) -> Sequence[OrderId]:
        """Return at most `limit` pending orders created before an instant, oldest first."""
        question = Statement(_OVERDUE, {"before": before, "limit": limit})
        async with self.transaction() as connection:
            [found] = await ask(await driver_of(connection), question)
        return [OrderId(order_id) for (order_id,) in found]

    async def history(self, order_id: OrderId) -> Sequence[OrderFact]:
        """Return what happened to an order, oldest first; nothing where there is none."""
        async with self.transaction() as connection:
            [events] = await ask(await driver_of(connection), _events_of([order_id]))
        return [decode_fact(event.encode()) for _, _, event in events]

    async def stories(self) -> AsyncIterator[Story]:
        """Yield every order, by id; raises Outage.

        What belongs to one order is read at one instant, orders one after the other.
        """
        after = UUID(int=0)
        while True:
            async with self.transaction() as connection:
                driver = await driver_of(connection)
                await write(driver, [_ONE_SNAPSHOT])
                [found] = await ask(driver, Statement(_IDS, {"after": after, "limit": _PAGE}))
                ids = [OrderId(str(each)) for (each,) in found]
                rows, events = await ask(driver, orders_where(ids), _events_of(ids))
            for story in _stories(ids, rows, events):
                yield story
            if len(found) < _PAGE:
                return
            after = found[-1][0]


def _events_of(ids: Iterable[OrderId]) -> Statement:
    return Statement(_EVENTS, {"ids": uuid_array(ids)})


def _stories(
    ids: Iterable[OrderId], rows: Iterable[Sequence[Any]], events: Iterable[Sequence[Any]]
) -> Iterator[Story]:
    row_of = {row[0]: row for row in rows}
    events_of: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for order_id, version, event in events:
        events_of[order_id].append((version, event.encode()))
    for each in ids:
        yield Story(each, row_of.get(each), events_of[each])
