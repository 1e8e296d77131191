import pytest
from tests.builders.machines import FakeClock
from tests.contracts.parking import ParkingContract
from tests.contracts.store_harness import Store, parked
from tests.contracts.stores import UsersStore

from adapters.memory.users import UsersUnitOfWork, users_database


class TestMemoryParking(ParkingContract):
    @pytest.fixture
    async def store(self) -> Store:
        return UsersStore(users_database(FakeClock()), UsersUnitOfWork)


async def test_its_length_is_what_is_parked() -> None:
    store = UsersStore(users_database(FakeClock()), UsersUnitOfWork)
    async with store.open_unit() as unit:
        for number in range(6):
            unit.park(parked(number, key=f"key-{number % 2}"))
        await unit.commit()
    assert 6 == len(store.database.parking)
