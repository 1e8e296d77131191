"""How fast the orders service works off what waits in Kafka, against its rows alone."""

import asyncio
from collections.abc import Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import Any, Final

import psycopg
from msgspec import Struct
from tests.bench.commands import signed_orders
from tests.bench.deployed import deployed, signing_key, without
from tests.bench.kafka_log import KafkaLog
from tests.bench.processes import measured
from tests.bench.rounds import Ratio
from tests.bench.table import Goal, Row
from tests.bench.usage import Cores, Meter, peak_mib
from tests.services.servers.kafka_security import ADMIN
from tests.services.stack import App, Stack

from adapters.postgres import migrate
from tradex_core.events.topics import ORDER_COMMANDS, ORDER_CREATED

_YARDSTICK: Final = "yardstick"
_WARM_UP: Final = 500
_TABLES: Final = {"orders": 1, "order_items": 2, "order_events": 1, "inbox": 1, "outbox": 0}
"""How many rows each table has for an order, once all is told."""
_PATIENCE_SECONDS: Final = 60


class Drain(Struct, frozen=True):
    """How long it took until all orders were told of, and who kept the cores busy meanwhile."""

    seconds: float
    orders: int
    cores: Cores
    shares: Sequence[int]
    """How many partitions each process had."""

    @property
    def per_second(self) -> float:
        """Orders a second."""
        return self.orders / self.seconds


class _Round(Struct, frozen=True):
    bare: float
    """Orders a second."""
    one: Drain
    two: Drain


class _Outcome(Struct, frozen=True):
    rounds: Sequence[_Round]
    outage: Drain
    peak_mib: float


def measure(*, rounds: int, orders: int, outage: int) -> list[Row]:
    """Have orders placed by COPY alone, by one process and by two, in turns; then very many."""
    done = asyncio.run(_measured(rounds, orders, outage))
    bare, one, two = (
        [each.bare for each in done.rounds],
        [each.one for each in done.rounds],
        [each.two for each in done.rounds],
    )
    per_order = median(drain.seconds / drain.orders for drain in one)
    return [
        Row(
            name="orders",
            label="orders a second",
            what=f"orders service, {orders:,} CREATE_ORDER waiting in Kafka (signed, 2 lines, 6 "
            "partitions) to order.created in Kafka, one process: orders a second",
            against="the same rows by binary COPY, 500 a transaction, one connection, no Kafka",
            goal=Goal(0.7, at_least=True),
            got=Ratio.of((d.per_second, b) for d, b in zip(one, bare, strict=True)),
            notes=(
                f"{_middle(one):,.0f} orders a second (medians), by COPY {median(bare):,.0f}",
                f"cores kept busy: {_typical(one).cores}",
            ),
        ),
        Row(
            name="orders-two",
            label="two processes",
            what="the same, two processes",
            against="one process",
            goal=Goal(1.0, at_least=True),
            got=Ratio.of((t.per_second, o.per_second) for t, o in zip(two, one, strict=True)),
            notes=(
                f"{_middle(two):,.0f} orders a second, cores kept busy: {_typical(two).cores}",
                f"of the 6 partitions the processes had {_shared(two)}",
            ),
        ),
        Row(
            name="orders-outage",
            label="after an outage",
            what=f"drain after an outage, {outage:,} waiting CREATE_ORDER: time a message",
            against=f"the same with {orders:,}",
            goal=Goal(1.0),
            got=Ratio.exactly(done.outage.seconds / done.outage.orders / per_order),
            notes=(
                f"{done.outage.per_second:,.0f} orders a second",
                f"cores kept busy: {done.outage.cores}",
            ),
        ),
        Row(
            name="orders-memory",
            label="memory of a drain",
            what="most memory that the orders service ever had, after these drains",
            against="nothing",
            goal=Goal(150, unit="MiB"),
            got=Ratio.exactly(done.peak_mib),
        ),
    ]


def _middle(drains: Sequence[Drain]) -> float:
    return median(drain.per_second for drain in drains)


def _typical(drains: Sequence[Drain]) -> Drain:
    """Return the one in the middle."""
    return sorted(drains, key=lambda drain: drain.per_second)[len(drains) // 2]


def _shared(drains: Sequence[Drain]) -> str:
    found = {" and ".join(map(str, sorted(drain.shares))) for drain in drains}
    return ", or ".join(sorted(found))


async def _measured(rounds: int, orders: int, outage: int) -> _Outcome:
    async with deployed({"orders": 2}) as stack:
        service = OrdersService(stack)
        await service.prepare()
        first, second = stack.apps_of("orders")
        done = []
        for _ in range(rounds):
            bare = await asyncio.to_thread(service.copied, orders)
            async with without(second):
                one = await service.drain([first], orders)
            two = await service.drain([first, second], orders)
            done.append(_Round(bare, one, two))
        async with without(second):
            last = await service.drain([first], outage)
        assert first.process.pid is not None
        return _Outcome(done, last, peak_mib(first.process.pid))


class OrdersService:
    """The orders service over its servers, and the same tables beside it."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        user = stack.security.client(ADMIN) if stack.security is not None else None
        self._log = KafkaLog(stack.kafka_address, user=user)
        self._key = signing_key(stack)
        self._url = stack.deployment.of_operator()["TRADEX_ORDERS_DATABASE_URL"]
        self._bare_url = stack.postgres.url.removesuffix("postgres") + _YARDSTICK

    async def prepare(self) -> None:
        """Make the tables for the yardstick, and let every process do what it does but once."""
        _execute(self._stack.postgres.url, f'CREATE DATABASE "{_YARDSTICK}"')
        await migrate.upgrade(self._bare_url, "orders")
        await self.drain(self._stack.apps_of("orders"), _WARM_UP)

    def copied(self, orders: int) -> float:
        """Return how many orders a second are placed by COPY."""
        _empty(self._bare_url)
        return orders / measured(float, "tests.bench.copying", self._bare_url, str(orders))

    async def drain(self, apps: Sequence[App], orders: int) -> Drain:
        """Publish orders while these processes stand still, and let them go on."""
        messages = await signed_orders(orders, key=self._key)
        _empty(self._url)
        shares = await asyncio.to_thread(
            self._log.wait_for_members, "orders", ORDER_COMMANDS, len(apps)
        )
        before = self._log.length(ORDER_CREATED)
        for app in apps:
            app.pause()
        try:
            await asyncio.to_thread(self._log.publish, messages)
            meter = Meter(self._pids(apps))
        finally:
            for app in apps:
                app.resume()
        began = perf_counter()
        told = await asyncio.to_thread(self._log.wait_for, ORDER_CREATED, before + orders)
        drain = Drain(told - began, orders, meter.read(), shares)
        await self._settled(orders)
        return drain

    def _pids(self, apps: Sequence[App]) -> dict[str, int]:
        servers = {"PostgreSQL": self._stack.postgres, "Kafka": self._stack.kafka}
        found = {f"orders {n}": app.process.pid for n, app in enumerate(apps, start=1)}
        found |= {name: server.process.pid for name, server in servers.items()}
        return {name: pid for name, pid in found.items() if pid is not None}

    async def _settled(self, orders: int) -> None:
        """Wait until every table has what it should; raises TimeoutError where one has not."""
        wanted = {table: rows * orders for table, rows in _TABLES.items()}
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while _counted(self._url) != wanted:  # noqa: ASYNC110 - it is elsewhere
                await asyncio.sleep(0.1)


def _empty(url: str) -> None:
    """Leave nothing in the tables, and nothing for a checkpoint to do at some time of its own."""
    _execute(url, f"TRUNCATE {', '.join(_TABLES)}")
    _execute(url, "CHECKPOINT")


def _counted(url: str) -> Mapping[str, int]:
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in _TABLES)  # noqa: S608
    with psycopg.connect(url) as connection:
        row: Any = connection.execute(f"SELECT {counts}".encode()).fetchone()
    return dict(zip(_TABLES, row, strict=True))


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())
