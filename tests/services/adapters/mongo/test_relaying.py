"""Relays of several processes at one outbox."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from random import Random

import pytest
from tests.builders.machines import FakeClock, means
from tests.contracts.outbox import neighbours
from tests.contracts.store_harness import NOW, a_message
from tests.services.adapters.mongo.conftest import Connect
from tests.services.adapters.mongo.test_crashes import die_at_once
from tests.services.adapters.mongo.work import commits, publish, publish_all, value_of

from adapters.mongo import follower
from adapters.mongo.database import MongoDatabase
from adapters.mongo.roll_forward import roll_forward
from tradex_core.messaging.broker import Message, Producer
from tradex_core.messaging.relay import Relay

LATER = NOW + timedelta(seconds=11)


async def seen(database: MongoDatabase, *, now: datetime = NOW) -> list[str]:
    async with database.outbox.lease(now=now, limit=100) as lease:
        return [value_of(row.message) for row in lease.rows]


async def test_a_bucket_is_one_process_s_at_a_time(connect: Connect) -> None:
    mine, theirs = connect(), connect()
    await publish(mine, a_message())
    async with mine.outbox.lease(now=NOW, limit=10):
        assert [] == await seen(theirs)
    assert ["value"] == await seen(theirs)


async def test_the_bucket_of_a_relay_that_died_is_another_s_in_ten_seconds(
    connect: Connect,
) -> None:
    dead, alive = connect(), connect()
    await publish(dead, a_message())
    async with dead.outbox.lease(now=NOW, limit=10):
        assert [] == await seen(alive, now=LATER - timedelta(seconds=2))
        assert ["value"] == await seen(alive, now=LATER)


async def test_who_stalls_beyond_its_lease_takes_nobody_else_s_bucket_away(
    connect: Connect,
) -> None:
    stalled, next_one, third = connect(), connect(), connect()
    await publish(stalled, a_message())
    async with AsyncExitStack() as held:
        await held.enter_async_context(stalled.outbox.lease(now=NOW, limit=10))
        async with next_one.outbox.lease(now=LATER, limit=10) as lease:
            assert 1 == len(lease.rows)
            await held.aclose()
            assert [] == await seen(third, now=LATER)
    assert ["value"] == await seen(third, now=LATER)


async def test_a_late_relay_only_repeats_what_another_has_published(
    connect: Connect, clock: FakeClock
) -> None:
    stalled, next_one = connect(), connect()
    await publish(stalled, *[a_message(str(number)) for number in range(3)])
    log: list[str] = []
    async with stalled.outbox.lease(now=NOW, limit=10) as late:
        log.append(value_of(late.rows[0].message))
        async with next_one.outbox.lease(now=LATER, limit=10) as lease:
            await publish(next_one, a_message("3"))
            log += [value_of(row.message) for row in lease.rows]
            await lease.delete([row.id for row in lease.rows])
        log += [value_of(row.message) for row in late.rows[1:]]
        await late.delete([row.id for row in late.rows])
    assert ["3"] == await seen(next_one, now=LATER)
    log += ["3"]
    assert ["0", "1", "2", "3"] == list(dict.fromkeys(log))


async def test_what_two_relays_deleted_each_in_part_is_gone(connect: Connect) -> None:
    late_one, next_one = connect(), connect()
    await publish(late_one, a_message("0"), a_message("1"))
    async with (
        late_one.outbox.lease(now=NOW, limit=10) as late,
        next_one.outbox.lease(now=LATER, limit=10) as lease,
    ):
        await late.delete([late.rows[0].id])
        await lease.delete([lease.rows[1].id])
    async with next_one.outbox.lease(now=LATER, limit=10) as lease:
        assert [] == list(lease.rows)
        await lease.delete([])
    assert {"waits", "rows"}.isdisjoint((await commits(next_one))[0])


async def test_who_publishes_all_that_waits_keeps_the_outbox_until_nothing_more_does(
    connect: Connect,
) -> None:
    mine, theirs = connect(), connect()
    await publish(mine, a_message("0"))
    assert ["0"] == await publish_all(mine)
    await publish(theirs, a_message("1"))
    assert [] == await seen(theirs)
    assert ["1"] == await publish_all(mine)
    assert [] == await seen(mine)
    await publish(theirs, a_message("2"))
    assert ["2"] == await seen(theirs)


async def test_an_outbox_that_is_kept_is_kept_for_ten_seconds_more_each_time(
    connect: Connect,
) -> None:
    mine, theirs = connect(), connect()
    for number in range(4):
        await publish(mine, a_message(str(number)))
        now = NOW + number * timedelta(seconds=6)
        assert [str(number)] == await publish_all(mine, now=now)
        await publish(theirs, a_message("theirs"))
        assert [] == await seen(theirs, now=now + timedelta(seconds=4))
        assert ["theirs"] == await publish_all(mine, now=now)


async def test_the_outbox_that_a_dead_relay_kept_is_another_s_in_ten_seconds(
    connect: Connect,
) -> None:
    dead, alive = connect(), connect()
    await publish(dead, a_message("0"))
    assert ["0"] == await publish_all(dead)
    await publish(dead, a_message("1"))
    assert [] == await seen(alive)
    assert ["1"] == await seen(alive, now=LATER)
    await publish(dead, a_message("2"))
    assert ["1", "2"] == await publish_all(alive, now=LATER)
    assert [] == await seen(dead, now=LATER)


async def test_who_stalled_while_writing_a_commit_down_brings_nothing_back_that_was_published(
    database: MongoDatabase,
) -> None:
    await publish(database, a_message("0"), a_message("1"))
    [stalled] = await commits(database)
    async with database.outbox.lease(now=NOW, limit=10) as lease:
        await lease.delete([lease.rows[0].id])
        await roll_forward(database.documents, stalled)
        assert ["1"] == await seen(database, now=LATER)
        await lease.delete([lease.rows[1].id])
    await roll_forward(database.documents, stalled)
    assert [] == await seen(database)


async def test_what_a_process_that_died_committed_is_published_by_another(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, alive = connect(), connect()
    with monkeypatch.context() as dying:
        dying.setattr(follower, "roll_forward", die_at_once)
        await publish(dead, a_message())
    assert 1 == await alive.outbox.count()
    assert ["value"] == await seen(alive)


async def test_a_key_that_is_put_off_is_so_for_every_process(connect: Connect) -> None:
    mine, theirs = connect(), connect()
    key, another = neighbours(2)
    await publish(mine, a_message("0", key=key), a_message("1", key=another))
    async with mine.outbox.lease(now=NOW, limit=10) as lease:
        await lease.put_off(lease.rows[0].id, until=LATER)
    assert ["1"] == await seen(theirs)
    assert ["0", "1"] == await seen(theirs, now=LATER)


async def test_how_much_waits_is_counted(database: MongoDatabase) -> None:
    assert 0 == await database.outbox.count()
    await publish(database, *[a_message(key=f"key-{number}") for number in range(30)])
    await publish(database, *[a_message(str(number)) for number in range(3)])
    assert 33 == await database.outbox.count()
    async with database.outbox.lease(now=NOW, limit=1) as lease:
        await lease.delete([lease.rows[0].id])
    assert 32 == await database.outbox.count()


class Tape(Producer):
    """A broker that takes its time, in which leases may run out."""

    def __init__(self, clock: FakeClock, chance: Random) -> None:
        self.messages: list[Message] = []
        self._clock = clock
        self._chance = chance

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        for message in messages:
            if self._chance.random() < 0.1:
                self._clock.advance(seconds=11)
                await asyncio.sleep(0.005)
            self.messages.append(message)
        return [None] * len(messages)


@pytest.mark.parametrize("seed", range(2))
async def test_relays_side_by_side_publish_everything_in_order_per_key_for_who_knows_ids(
    connect: Connect, clock: FakeClock, seed: int
) -> None:
    databases = [connect() for _ in range(2)]
    tape = Tape(clock, Random(seed))
    keys = ["key", *neighbours(3)]
    wanted = [a_message(str(number), key=keys[number % 4]) for number in range(24)]

    async def write() -> None:
        for message in wanted:
            await publish(databases[0], message)

    async def relay(database: MongoDatabase) -> None:
        relay = Relay(database.outbox, tape, means(clock))
        while not writing.done() or await database.outbox.count():
            await relay.sweep()

    writing = asyncio.create_task(write())
    async with asyncio.timeout(60):
        await asyncio.gather(*(relay(database) for database in databases), writing)
    for key in keys:
        of_key = [message for message in wanted if message.key == key.encode()]
        told = [message for message in tape.messages if message.key == key.encode()]
        assert [value_of(message) for message in of_key] == list(
            dict.fromkeys(value_of(message) for message in told)
        )
