from datetime import timedelta

from tests.builders.machines import FakeClock
from tests.builders.products import TEA, a_product
from tests.contracts.store_harness import a_delivery, a_message, parked
from tests.services.adapters.mongo.conftest import Connect
from tests.services.adapters.mongo.work import (
    add,
    commits,
    do,
    publish,
    publish_all,
    sell,
    stock_of,
)

from adapters.mongo.connection import Document
from adapters.mongo.database import MongoDatabase
from adapters.mongo.products import ProductsUnitOfWork
from tradex_core.ids import MessageId


async def record(database: MongoDatabase, *ids: str) -> None:
    for handled_id in ids:
        async with ProductsUnitOfWork(database) as unit:
            unit.record(a_delivery(handled_id), [])
            await unit.commit()


async def known(database: MongoDatabase, *ids: str) -> set[MessageId]:
    async with ProductsUnitOfWork(database) as unit:
        return set(await unit.handled([a_delivery(handled_id) for handled_id in ids]))


def is_stripped(commit: Document) -> bool:
    return {"_id", "stage", "at", "handled"} == set(commit)


async def test_of_a_commit_that_is_done_with_only_what_it_handled_is_left(
    database: MongoDatabase, clock: FakeClock
) -> None:
    await record(database, "1", "2")
    clock.advance(minutes=2)
    await record(database, "3", "4")
    assert [True, True, False, False] == [is_stripped(each) for each in await commits(database)]
    assert {"1", "2", "3", "4"} == await known(database, "1", "2", "3", "4", "5")


async def test_what_waits_to_be_published_outlives_what_else_its_commit_says(
    database: MongoDatabase, clock: FakeClock
) -> None:
    await publish(database, a_message("0"))
    clock.advance(minutes=2)
    await record(database, "1")
    [commit, _] = await commits(database)
    assert {"_id", "stage", "at", "handled", "waits", "rows"} == set(commit)
    assert ["0"] == await publish_all(database, now=clock.now())
    assert is_stripped((await commits(database))[0])


async def test_no_commit_is_forgotten_at_or_behind_one_with_something_to_publish(
    database: MongoDatabase, clock: FakeClock
) -> None:
    await record(database, "1")
    await publish(database, a_message("0"))
    for name in ("2", "3", "4"):
        clock.advance(days=9)
        await record(database, name)
    assert [2, 3, 4, 5] == [commit["_id"] for commit in await commits(database)]
    assert ["0"] == await publish_all(database, now=clock.now())
    clock.advance(days=9)
    await record(database, "5")
    assert [6] == [commit["_id"] for commit in await commits(database)]


async def test_what_was_handled_is_known_for_as_long_as_it_can_come_again(
    database: MongoDatabase, clock: FakeClock
) -> None:
    await record(database, "old")
    for _ in range(8):
        clock.advance(hours=23)
        await record(database, "new")
    assert {"old"} == await known(database, "old")
    clock.advance(hours=9)
    await record(database, "new")
    assert set() == await known(database, "old")


async def test_the_last_commit_is_never_forgotten(connect: Connect, clock: FakeClock) -> None:
    database = connect()
    await record(database, "1", "2")
    for _ in range(4):
        clock.advance(days=9)
        await database.trimming.trim_now_and_then(up_to=1)
    assert [2] == [commit["_id"] for commit in await commits(database)]
    await record(database, "3")
    assert [2, 3] == [commit["_id"] for commit in await commits(database)]


async def test_who_slept_while_commits_were_forgotten_goes_on_from_what_is_noted(
    connect: Connect, clock: FakeClock
) -> None:
    sleeper, worker = connect(), connect()
    await add(sleeper, a_product(TEA, stock=10))
    for _ in range(3):
        clock.advance(days=9)
        for _ in range(2):
            await sell(worker)
    assert 1 < (await commits(worker))[0]["_id"]
    assert 4 == await stock_of(sleeper)
    await sell(sleeper)
    assert [3, 3] == [await stock_of(each) for each in (worker, connect())]


async def test_nothing_of_a_deleted_document_is_left_in_the_end(
    database: MongoDatabase, clock: FakeClock
) -> None:
    async def left() -> int:
        return await database.documents["parked_messages"].count_documents({})

    await do(database, lambda unit: unit.park(parked()))
    await do(database, lambda unit: unit.unpark(parked()))
    clock.advance(days=7)
    await record(database, "1")
    assert 1 == await left()
    clock.advance(days=2)
    await record(database, "2")
    assert 0 == await left()


async def test_nothing_is_looked_for_that_was_looked_for_a_moment_ago(
    database: MongoDatabase, clock: FakeClock
) -> None:
    await record(database, "1", "2")
    clock.at += timedelta(seconds=61)
    await record(database, "3")
    clock.at += timedelta(seconds=1)
    await record(database, "4")
    assert [True, True, False, False] == [is_stripped(each) for each in await commits(database)]
