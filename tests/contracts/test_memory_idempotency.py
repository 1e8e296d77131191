from datetime import timedelta

import msgspec
import pytest
from tests.contracts.idempotency import NOW, SCOPE, IdempotencyContract, a_record

from adapters.memory.idempotency import MemoryIdempotencyRecords
from tradex_core.operations.idempotency import IdempotencyRecords


class TestMemoryIdempotencyRecords(IdempotencyContract):
    @pytest.fixture
    async def records(self) -> IdempotencyRecords:
        return MemoryIdempotencyRecords()


async def test_a_record_is_forgotten_after_two_days() -> None:
    records = MemoryIdempotencyRecords()
    await records.claim(SCOPE, a_record(1))
    late = NOW + timedelta(hours=48)
    other = msgspec.structs.replace(SCOPE, key="other")
    await records.claim(other, a_record(2, at=late))
    assert a_record(3, at=late) == await records.claim(SCOPE, a_record(3, at=late))
