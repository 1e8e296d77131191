"""How what is asked of a table is planned, however little was in it when it was."""

import psycopg
from tests.builders.machines import FakeClock, until
from tests.contracts.store_harness import a_delivery
from tests.contracts.stores import OrdersStore

from adapters.postgres.orders import OrdersDatabase, OrdersUnitOfWork
from tradex_core.messaging.parking import Lane


def scans(url: str) -> tuple[int, int]:
    """Return how often a table was read as a whole, and how often by an index."""
    counted = "SELECT sum(seq_scan), sum(idx_scan) FROM pg_stat_user_tables"
    with psycopg.connect(url) as connection:
        [[whole, by_index]] = connection.execute(counted).fetchall()
    return int(whole), int(by_index)


async def test_no_unit_of_work_reads_the_whole_of_a_table(
    orders_url: str, clock: FakeClock
) -> None:
    database = OrdersDatabase(orders_url, clock)
    store = OrdersStore(database, OrdersUnitOfWork)
    whole, by_index = scans(orders_url)
    async with store.open_unit() as unit:
        delivery = a_delivery("1")
        await unit.handled([delivery])
        await unit.occupied([Lane.of("orders", delivery.record)])
        await unit.load(store.needs("key"))
        store.add(unit, "key")
        unit.record(delivery, [])
        await unit.commit()
    await database.close()
    await until(lambda: scans(orders_url)[1] > by_index)
    assert whole == scans(orders_url)[0]
