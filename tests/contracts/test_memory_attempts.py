from datetime import timedelta

import pytest
from tests.contracts.attempts import NOW, PACE, AttemptsContract, an_attempt

from adapters.memory.attempts import MemoryAttempts
from tradex_core.users.attempts import Attempts


class TestMemoryAttempts(AttemptsContract):
    @pytest.fixture
    async def attempts(self) -> Attempts:
        return MemoryAttempts()


async def test_what_nobody_came_back_for_is_forgotten() -> None:
    attempts = MemoryAttempts()
    for number in range(100):
        await attempts.wait(an_attempt(account=str(number)), PACE, at=NOW)
    await attempts.wait(an_attempt(), PACE, at=NOW + timedelta(hours=2))
    assert 1 == attempts.remembered
