"""A rebuild ends with what the log says, whatever goes on meanwhile, and nobody misses a view."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from tests.builders.machines import FakeClock, FlakyBroker, until
from tests.builders.messages import with_headers
from tests.builders.views import BUYER_ID, SELLER_ID, a_product_id, an_order_id
from tests.services.adapters.postgres_views.projecting import (
    TOPICS,
    Projector,
    a_shop,
    dispatcher_of,
)
from tests.services.conftest import execute

from adapters.memory.broker import MemoryBroker
from adapters.postgres import migrate
from adapters.postgres.rebuild import RebuildUnderWay, ViewsRebuild
from adapters.postgres.view_unit import ViewsDatabase
from tradex_core.errors import Outage
from tradex_core.messaging.broker import Broker, Record
from tradex_core.views.listing import OrderFilter, ProductFilter

INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
OPTIONS = """
SELECT relname, reloptions FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1
"""
ADVISORY_LOCKS = """
SELECT pid FROM pg_locks
WHERE locktype = 'advisory'
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

Rebuild = Callable[[], ViewsRebuild]


def rebuild_of(url: str, broker: Broker) -> ViewsRebuild:
    return ViewsRebuild(url, FakeClock(), broker, partial(dispatcher_of, broker=broker), TOPICS)


@pytest.fixture
async def projector(database: ViewsDatabase, broker: MemoryBroker) -> Projector:
    """Return a projector that has handled a shop's log."""
    await broker.publish(a_shop(0, 20))
    projector = Projector(database, broker)
    assert 140 == await projector.catch_up()
    return projector


@pytest.fixture
def rebuild(gateway_url: str, broker: MemoryBroker, projector: Projector) -> Rebuild:
    return lambda: rebuild_of(gateway_url, broker)


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def schemas(url: str) -> list[tuple[object, ...]]:
    return rows(url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'views%'")


async def the_whole_shop_is_shown(database: ViewsDatabase, size: int) -> None:
    for number in range(size):
        product = await database.views.product(a_product_id(number))
        order = await database.views.order(an_order_id(number))
        assert product is not None
        assert 8 == product.stock
        assert order is not None
        assert "confirmed" == order.status
        assert await database.views.operation(an_order_id(number)) is not None
        assert await database.views.user(f"user {number}") is not None
    mine = await database.views.orders(OrderFilter(seller=SELLER_ID), after=None, limit=100)
    assert len(range(0, size, 2)) == len(mine.items)


async def test_views_that_are_what_the_log_says_stay_so(
    rebuild: Rebuild, database: ViewsDatabase, gateway_url: str
) -> None:
    positions = await database.positions()
    rebuilt = await rebuild().run()

    assert rebuilt.swapped
    assert rebuilt.is_equal
    assert 140 == rebuilt.records
    counts = {each.table: (each.live, each.rebuilt) for each in rebuilt.compared}
    assert {
        "product_view": (20, 20),
        "order_view": (20, 20),
        "order_view_sellers": (30, 30),
        "user_view": (20, 20),
        "operation_view": (20, 20),
    } == counts
    assert positions == await database.positions()
    await the_whole_shop_is_shown(database, 20)
    assert [] == schemas(gateway_url)


async def test_a_rebuild_is_out_of_the_way_when_it_is_done(
    rebuild: Rebuild, gateway_url: str
) -> None:
    with psycopg.connect(gateway_url, autocommit=True) as connection:
        for _ in range(5):
            await rebuild().run()
            assert [] == connection.execute(ADVISORY_LOCKS).fetchall()


async def test_new_tables_are_as_the_migrations_make_them(
    rebuild: Rebuild, gateway_url: str
) -> None:
    before = rows(gateway_url, INDEXES), rows(gateway_url, OPTIONS)
    await rebuild().run()

    assert before == (rows(gateway_url, INDEXES), rows(gateway_url, OPTIONS))
    assert [] == await migrate.drift(gateway_url, "gateway")
    await migrate.downgrade(gateway_url, "gateway")


async def test_what_differs_is_told_and_mended(
    rebuild: Rebuild, database: ViewsDatabase, gateway_url: str
) -> None:
    with psycopg.connect(gateway_url, autocommit=True) as connection:
        for damage, row_id in (
            ('UPDATE product_view SET cents = 1 WHERE "productId" = %s', a_product_id(3)),
            ('DELETE FROM product_view WHERE "productId" = %s', a_product_id(7)),
            ('DELETE FROM order_view_sellers WHERE "orderId" = %s', an_order_id(0)),
            ("INSERT INTO user_view VALUES (%s, '{}')", "a ghost"),
        ):
            connection.execute(damage, [row_id])
    rebuilt = await rebuild().run()

    told = {each.table: each for each in rebuilt.compared if each.different}
    assert {"product_view", "order_view_sellers", "user_view"} == set(told)
    assert (a_product_id(3), a_product_id(7)) == told["product_view"].examples
    assert (19, 20) == (told["product_view"].live, told["product_view"].rebuilt)
    assert 2 == told["order_view_sellers"].different
    assert ("a ghost",) == told["user_view"].examples
    await the_whole_shop_is_shown(database, 20)
    assert (await rebuild().run()).is_equal


async def test_views_that_differ_are_left_alone_where_that_is_asked_for(
    rebuild: Rebuild, database: ViewsDatabase, gateway_url: str
) -> None:
    execute(gateway_url, "TRUNCATE user_view")
    rebuilt = await rebuild().run(swap_different=False)

    assert not rebuilt.swapped
    assert await database.views.user("user 1") is None
    assert [] == schemas(gateway_url)


async def test_views_that_were_lost_are_made_from_the_log(
    rebuild: Rebuild, database: ViewsDatabase, gateway_url: str
) -> None:
    tables = "product_view, order_view, order_view_sellers, user_view, operation_view"
    execute(gateway_url, f"TRUNCATE view_positions, {tables}")
    await rebuild().run()

    await the_whole_shop_is_shown(database, 20)


async def test_a_projector_that_lags_goes_on_behind_the_swap(
    rebuild: Rebuild, projector: Projector, database: ViewsDatabase, broker: MemoryBroker
) -> None:
    await broker.publish(a_shop(20, 10))
    assert 210 == (await rebuild().run()).records

    await the_whole_shop_is_shown(database, 30)
    await broker.publish(a_shop(30, 10))
    assert 70 == await projector.catch_up()
    await the_whole_shop_is_shown(database, 40)


@asynccontextmanager
async def going_on(work: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Do work again and again meanwhile; what it raises, this raises."""
    done = asyncio.Event()

    async def work_on() -> None:
        while not done.is_set():
            await work()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work_on())
        yield
        done.set()


async def test_a_running_projector_loses_nothing(
    rebuild: Rebuild, projector: Projector, database: ViewsDatabase, broker: MemoryBroker
) -> None:
    made = 20

    async def make_and_project() -> None:
        nonlocal made
        await broker.publish(a_shop(made, 1))
        made += 1
        await projector.catch_up()

    async with going_on(make_and_project):
        for _ in range(3):
            assert (await rebuild().run()).is_equal
    await projector.catch_up()

    assert 20 < made
    await the_whole_shop_is_shown(database, made)
    assert await projector.ends() == await database.positions()


async def test_readers_never_meet_a_gap(rebuild: Rebuild, database: ViewsDatabase) -> None:
    views = database.views
    reads = 0

    async def read() -> None:
        nonlocal reads
        assert 20 == len((await views.products(ProductFilter(), after=None, limit=100)).items)
        mine = await views.orders(OrderFilter(buyer=BUYER_ID), after=None, limit=100)
        assert 20 == len(mine.items)
        assert await views.product(a_product_id(1)) is not None
        reads += 1

    async with going_on(read), going_on(read), going_on(read):
        for _ in range(3):
            assert (await rebuild().run()).swapped
        before = reads
        await until(lambda: reads > before + 30, patience=60)


async def test_a_rebuild_that_was_interrupted_anywhere_is_run_again(
    gateway_url: str, broker: MemoryBroker, projector: Projector, database: ViewsDatabase
) -> None:
    for milliseconds in range(0, 400, 20):
        with suppress(TimeoutError):
            async with asyncio.timeout(milliseconds / 1000):
                await rebuild_of(gateway_url, broker).run()
        await the_whole_shop_is_shown(database, 20)

    assert (await rebuild_of(gateway_url, broker).run()).is_equal
    await the_whole_shop_is_shown(database, 20)
    assert [] == schemas(gateway_url)


async def test_a_rebuild_that_ended_before_it_cleared_up_is_run_again(
    rebuild: Rebuild, database: ViewsDatabase, gateway_url: str
) -> None:
    execute(gateway_url, "CREATE SCHEMA views_old CREATE TABLE product_view ()")
    execute(gateway_url, "CREATE SCHEMA views_new CREATE TABLE held_lanes ()")
    await rebuild().run()

    await the_whole_shop_is_shown(database, 20)
    assert [] == schemas(gateway_url)


class BrokerThatGoesAway(FlakyBroker):
    """A broker that is read from three times."""

    reads = 0

    async def read(self, topic: str, partition: int, *, start: int, limit: int) -> Sequence[Record]:
        self.reads += 1
        if self.reads > 3:
            msg = "the broker is away"
            raise Outage(msg)
        return await super().read(topic, partition, start=start, limit=limit)


async def test_a_broker_that_goes_away_leaves_the_views_as_they_are(
    gateway_url: str, broker: MemoryBroker, projector: Projector, database: ViewsDatabase
) -> None:
    with pytest.raises(Outage):
        await rebuild_of(gateway_url, BrokerThatGoesAway(broker)).run()

    await the_whole_shop_is_shown(database, 20)
    assert (await rebuild_of(gateway_url, broker).run()).is_equal


async def test_one_rebuild_at_a_time(rebuild: Rebuild) -> None:
    results = await asyncio.gather(rebuild().run(), rebuild().run(), return_exceptions=True)

    assert 1 == sum(isinstance(each, RebuildUnderWay) for each in results)
    assert 1 == sum(not isinstance(each, BaseException) for each in results)


async def test_what_cannot_be_handled_is_not_told_a_second_time(
    rebuild: Rebuild, projector: Projector, database: ViewsDatabase, broker: MemoryBroker
) -> None:
    [message, *_] = a_shop(20, 1)
    await broker.publish([with_headers(message), message.__class__(message.topic, b"k", b"{")])
    await projector.catch_up()
    letters = await database.outbox.count()
    await rebuild().run()

    assert letters == await database.outbox.count()
    assert 0 < letters


async def test_who_might_read_the_views_still_may(rebuild: Rebuild, gateway_url: str) -> None:
    role = f"reader_{uuid4().hex}"
    execute(gateway_url, f"CREATE ROLE {role} LOGIN")
    try:
        execute(gateway_url, f"GRANT SELECT ON product_view TO {role}")
        await rebuild().run()
        parts = urlsplit(gateway_url)
        url = urlunsplit(parts._replace(netloc=f"{role}@{parts.hostname}:{parts.port}"))
        execute(url, "SELECT * FROM product_view")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            execute(url, "SELECT * FROM user_view")
    finally:
        execute(gateway_url, f"DROP OWNED BY {role}; DROP ROLE {role}")
