"""How long the inbox remembers."""

from collections.abc import Iterable

from tests.builders.machines import FakeClock
from tests.contracts.store_harness import a_delivery
from tests.contracts.stores import UsersStore

from adapters.postgres.database import PostgresDatabase
from tradex_core.ids import MessageId

Users = UsersStore[PostgresDatabase]


async def record(store: Users, ids: Iterable[str]) -> None:
    async with store.open_unit() as unit:
        for handled_id in ids:
            unit.record(a_delivery(handled_id), [])
        await unit.commit()


async def known(store: Users, *ids: str) -> set[MessageId]:
    async with store.open_unit() as unit:
        return set(await unit.handled([a_delivery(each) for each in ids]))


async def test_the_inbox_lets_go_of_what_nothing_can_deliver_any_more(
    users: Users, clock: FakeClock
) -> None:
    await record(users, ["old"])
    clock.advance(days=7, hours=23)
    await record(users, ["new"])
    assert {"old", "new"} == await known(users, "old", "new")
    clock.advance(hours=2)
    await record(users, ["newest"])
    assert {"new", "newest"} == await known(users, "old", "new", "newest")


async def test_however_much_is_to_be_forgotten_no_commit_takes_more_than_its_share(
    users: Users, clock: FakeClock
) -> None:
    old = [f"old-{number}" for number in range(12_000)]
    await record(users, old)
    clock.advance(days=9)
    left = []
    for number in range(3):
        await record(users, [f"new-{number}"])
        left.append(len(await known(users, *old)))
        clock.advance(seconds=1)
    assert [7000, 2000, 0] == left
