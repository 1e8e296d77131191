"""What is parked and held, as several processes know it."""

from collections.abc import Callable

import pytest
from tests.builders.machines import FakeClock
from tests.contracts.store_harness import CONSUMER, parked
from tests.services.adapters.mongo.conftest import Connect
from tests.services.adapters.mongo.test_crashes import die_at_once
from tests.services.adapters.mongo.work import do

from adapters.mongo import follower
from adapters.mongo.database import MongoDatabase
from adapters.mongo.products import ProductsUnitOfWork

ENTRY = parked()

Work = Callable[[ProductsUnitOfWork], object]


async def is_occupied(database: MongoDatabase) -> bool:
    async with ProductsUnitOfWork(database) as unit:
        return bool(await unit.occupied([ENTRY.lane]))


async def is_due(database: MongoDatabase) -> bool:
    return bool(await database.parking.due(CONSUMER, now=ENTRY.next_attempt_at, limit=1))


@pytest.mark.parametrize("seconds", [0, 2], ids=["follows each commit", "jumps to a mark"])
async def test_what_another_process_parks_and_holds_is_known_at_once(
    connect: Connect, clock: FakeClock, seconds: int
) -> None:
    mine, theirs = connect(), connect()
    ways: list[tuple[Work, Work]] = [
        (lambda unit: unit.park(ENTRY), lambda unit: unit.unpark(ENTRY)),
        (lambda unit: unit.hold(ENTRY.lane), lambda unit: unit.release(ENTRY.lane)),
    ]
    for occupy, leave in ways:
        assert not await is_occupied(mine)
        clock.advance(seconds=seconds)
        await do(theirs, occupy)
        assert await is_occupied(mine)
        clock.advance(seconds=seconds)
        await do(theirs, leave)
        assert not await is_occupied(mine)


async def test_what_another_process_parks_is_due_for_all(connect: Connect) -> None:
    mine, theirs = connect(), connect()
    assert not await is_due(mine)
    await do(theirs, lambda unit: unit.park(ENTRY))
    assert [True, True] == [await is_due(mine), await is_due(theirs)]
    await do(mine, lambda unit: unit.unpark(ENTRY))
    assert [False, False] == [await is_due(mine), await is_due(theirs)]


async def test_what_a_process_that_died_has_parked_is_known_to_the_next_one(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = connect()
    assert not await is_occupied(alive)
    with monkeypatch.context() as dying:
        dying.setattr(follower, "roll_forward", die_at_once)
        await do(connect(), lambda unit: unit.park(ENTRY))
    assert await is_occupied(alive)
