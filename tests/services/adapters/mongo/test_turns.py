import asyncio

import pytest
from tests.builders.machines import FakeClock
from tests.builders.products import TEA, a_product
from tests.services.adapters.mongo.conftest import Connect
from tests.services.adapters.mongo.work import add, sell, stock_of

from adapters.mongo import turns
from adapters.mongo.database import MongoDatabase
from adapters.mongo.products import ProductsUnitOfWork
from tradex_core.errors import StoreConflict
from tradex_core.products.ports import PRODUCTS

PATIENCE = 30.0
"""Seconds after which somebody waits for ever; a busy disk may take a few for each write."""


async def lose(loser: MongoDatabase, winner: MongoDatabase) -> None:
    """Let a unit of work meet a conflict."""

    async def meet() -> None:
        async with ProductsUnitOfWork(loser) as unit:
            await unit.load([(PRODUCTS, TEA)])
            await sell(winner)
            await unit.commit()

    with pytest.raises(StoreConflict):
        await meet()


async def test_who_met_a_conflict_is_waited_for_the_next_time(connect: Connect) -> None:
    loser, winner = connect(), connect()
    await add(loser, a_product(TEA, stock=10))
    await lose(loser, winner)
    async with ProductsUnitOfWork(loser) as unit:
        await unit.load([(PRODUCTS, TEA)])
        selling = asyncio.create_task(sell(winner))
        await asyncio.sleep(0.05)
        assert not selling.done()
        unit.products.get(TEA).decrease(2, at=loser.clock.now())
        await unit.commit()
    async with asyncio.timeout(PATIENCE):
        await selling
    assert 6 == await stock_of(winner)


async def test_the_turn_of_a_process_that_died_is_over_in_the_end(
    connect: Connect, clock: FakeClock
) -> None:
    loser, winner = connect(), connect()
    await add(loser, a_product(TEA, stock=10))
    await lose(loser, winner)
    async with ProductsUnitOfWork(loser) as dead:
        await dead.load(())
        selling = asyncio.create_task(sell(winner))
        await asyncio.sleep(0.05)
        assert not selling.done()
        clock.advance(seconds=6)
        async with asyncio.timeout(PATIENCE):
            await selling


async def test_all_who_keep_meeting_get_their_turn(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_POLITE_SECONDS", 600.0)
    databases = [connect() for _ in range(3)]
    await add(databases[0], a_product(TEA, stock=30))
    await lose(databases[0], databases[1])

    async def sell_five(database: MongoDatabase) -> int:
        conflicts = 0
        for _ in range(5):
            while True:
                try:
                    await sell(database)
                except StoreConflict:
                    conflicts += 1
                else:
                    break
        return conflicts

    conflicts = await asyncio.gather(*(sell_five(database) for database in databases))
    assert 14 == await stock_of(databases[0])
    assert sum(conflicts) <= 6
