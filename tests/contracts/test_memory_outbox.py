import asyncio

import pytest
from tests.builders.machines import FakeClock
from tests.contracts.outbox import OutboxContract
from tests.contracts.store_harness import Store, a_message
from tests.contracts.stores import UsersStore

from adapters.memory.outbox import MemoryOutbox
from adapters.memory.users import UsersUnitOfWork, users_database


class TestMemoryOutbox(OutboxContract):
    @pytest.fixture
    async def store(self) -> Store:
        return UsersStore(users_database(FakeClock()), UsersUnitOfWork)


async def test_everybody_who_waits_is_woken() -> None:
    outbox = MemoryOutbox(FakeClock())
    waiting = [asyncio.create_task(outbox.wait(60)) for _ in range(3)]
    await asyncio.sleep(0)
    outbox.add([a_message()])
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)


def test_its_length_is_what_waits() -> None:
    outbox = MemoryOutbox(FakeClock())
    outbox.add([a_message(key=str(number)) for number in range(50)])
    assert 50 == len(outbox)
