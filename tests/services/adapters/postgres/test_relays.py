"""Relays side by side, each with connections of its own, lose nothing and keep the order."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

import pytest
from tests.builders.machines import FakeClock
from tests.contracts.store_harness import NOW, StoreHarness, a_message
from tests.contracts.stores import UsersStore

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.users import UsersUnitOfWork, users_database
from tradex_core.errors import StoreConflict
from tradex_core.messaging.broker import Message
from tradex_core.messaging.outbox import Outbox

Users = UsersStore[PostgresDatabase]
HARNESS = StoreHarness()
KEYS = [f"key-{number}" for number in range(12)]
CHANGES = 12


@pytest.fixture
async def replicas(auth_url: str) -> AsyncIterator[Sequence[Users]]:
    databases = [users_database(auth_url, FakeClock()) for _ in range(3)]
    yield [UsersStore(database, UsersUnitOfWork) for database in databases]
    for database in databases:
        await database.close()


async def write(store: Users, key: str) -> None:
    """Change an aggregate once, and say which version it has then."""
    while True:
        try:
            async with store.open_unit() as unit:
                await unit.load(store.needs(key))
                store.change(unit, key)
                unit.publish([a_message(str(store.version(unit, key)), key=key)])
                await asyncio.sleep(0)
                await unit.commit()
        except StoreConflict:
            continue
        return


class Broker:
    """Takes what relays publish, now and then only a part of it."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.taken: dict[str, list[int]] = defaultdict(list)

    async def publish(self, messages: Sequence[Message]) -> int:
        """Return how many were taken."""
        await asyncio.sleep(self._chance.random() / 200)
        count = self._chance.randint(0, len(messages))
        for message in messages[:count]:
            assert message.key is not None
            assert message.value is not None
            self.taken[message.key.decode()].append(int(message.value))
        return count


async def relay(outbox: Outbox, broker: Broker, *, until: asyncio.Event) -> None:
    while True:
        is_over = until.is_set()
        async with outbox.lease(now=NOW, limit=7) as lease:
            if is_over and not lease.rows:
                return
            taken = await broker.publish([row.message for row in lease.rows])
            await lease.delete([row.id for row in lease.rows[:taken]])


@pytest.mark.parametrize("seed", range(3))
async def test_relays_side_by_side_lose_nothing_and_keep_the_order_of_each_key(
    replicas: Sequence[Users], seed: int
) -> None:
    await HARNESS.given(replicas[0], *KEYS)
    broker, written = Broker(seed), asyncio.Event()
    work = [key for key in KEYS for _ in range(CHANGES)]
    random.Random(seed).shuffle(work)
    shares = [work[number :: len(replicas)] for number in range(len(replicas))]

    async def write_all(store: Users, keys: Sequence[str]) -> None:
        for key in keys:
            await write(store, key)

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for store in replicas:
            tasks.create_task(relay(store.outbox, broker, until=written))
        async with asyncio.TaskGroup() as writers:
            for store, keys in zip(replicas, shares, strict=True):
                writers.create_task(write_all(store, keys))
        written.set()
    assert {key: list(range(2, 2 + CHANGES)) for key in KEYS} == broker.taken
