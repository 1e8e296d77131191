"""Whatever comes from the log can be kept, parked and published: nothing stops a partition."""

import random
from datetime import UTC, datetime

import pytest
from tests.contracts.store_harness import CONSUMER, NOW, StoreHarness, a_delivery, parked
from tests.contracts.stores import UsersStore

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.errors import Unstorable
from tradex_core.errors import Hopeless
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.parking import Lane, Parked

Users = UsersStore[PostgresDatabase]
HARNESS = StoreHarness()
LONG = random.Random(1).randbytes(100_000)


async def test_a_message_with_a_key_longer_than_any_index_takes_is_parked_and_its_lane_held(
    users: Users,
) -> None:
    record = Record("topic", 0, 0, NOW, LONG, b"")
    lane = Lane.of(CONSUMER, record)
    entry = parked(record=record)
    entry = Parked(lane, record, entry.attempts, NOW, NOW, entry.error)
    await HARNESS.commit(users, lambda unit: unit.park(entry))
    assert [entry] == list(await users.parking.due(CONSUMER, now=NOW, limit=1))
    await HARNESS.commit(users, lambda unit: unit.hold(lane))
    assert [] == list(await users.parking.due(CONSUMER, now=NOW, limit=1))
    async with users.open_unit() as unit:
        assert {lane} == set(await unit.occupied([lane]))
        unit.release(lane)
        unit.unpark(entry)
        await unit.commit()
    assert [] == list(await users.parking.all_parked(CONSUMER))


async def test_a_message_with_such_a_key_is_put_off(users: Users) -> None:
    message = Message("topic", LONG, b"", partition=10**14)
    await HARNESS.commit(users, lambda unit: unit.publish([message]))
    async with users.outbox.lease(now=NOW, limit=1) as lease:
        assert [message] == [row.message for row in lease.rows]
        await lease.put_off(lease.rows[0].id, until=datetime.max.replace(tzinfo=UTC))
    async with users.outbox.lease(now=NOW, limit=1) as lease:
        assert [] == list(lease.rows)


@pytest.mark.parametrize("error", ["NUL \0", "half a character \ud83d", "é" * 500])
async def test_a_message_is_parked_whatever_its_error_says(users: Users, error: str) -> None:
    entry = parked()
    entry = Parked(entry.lane, entry.record, 1, NOW, NOW, error)
    await HARNESS.commit(users, lambda unit: unit.park(entry))
    [found] = await users.parking.all_parked(CONSUMER)
    assert entry.record == found.record


async def test_a_text_that_cannot_be_kept_is_hopeless_and_does_not_show_the_row(
    users: Users,
) -> None:
    async with users.open_unit() as unit:
        await unit.load(users.needs("a"))
        users.add(unit, "a", unique="NUL \0")
        unit.record(a_delivery("1"), [])
        with pytest.raises(Unstorable) as raised:
            await unit.commit()
    assert isinstance(raised.value, Hopeless)
    assert "hash" not in str(raised.value)
