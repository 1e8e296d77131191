"""The contract of idempotency records: subclass `IdempotencyContract` and say how to make them."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tradex_core.ids import OperationId
from tradex_core.operations.idempotency import (
    IdempotencyRecord,
    IdempotencyRecords,
    IdempotencyScope,
)

NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
SCOPE = IdempotencyScope(caller="ana", route="POST /v1/orders", key="once")


def a_record(number: int = 1, *, at: datetime = NOW) -> IdempotencyRecord:
    operation_id = OperationId(f"018d0c1e-8a00-7000-8000-{number:012d}")
    return IdempotencyRecord(bytes(range(32)), operation_id, at)


class IdempotencyContract:
    """Everything that idempotency records promise."""

    @pytest.fixture
    async def records(self) -> IdempotencyRecords:
        raise NotImplementedError

    async def test_the_first_claim_is_kept(self, records: IdempotencyRecords) -> None:
        assert a_record(1) == await records.claim(SCOPE, a_record(1))
        assert a_record(1) == await records.claim(SCOPE, a_record(2))
        assert a_record(1) == await records.claim(SCOPE, a_record(1))

    async def test_a_refusal_is_kept_with_it(self, records: IdempotencyRecords) -> None:
        refused = msgspec.structs.replace(a_record(1), refusal=b'{"\x00\xff"}')
        assert refused == await records.claim(SCOPE, refused)
        assert refused == await records.claim(SCOPE, a_record(2))

    @pytest.mark.parametrize("field", ["caller", "route", "key"])
    @pytest.mark.parametrize("value", ["another", "ONCE", "once ", "é'; --", "k" * 255])
    async def test_a_key_is_one_callers_for_one_route(
        self, records: IdempotencyRecords, field: str, value: str
    ) -> None:
        await records.claim(SCOPE, a_record(1))
        elsewhere = msgspec.structs.replace(SCOPE, **{field: value})
        assert a_record(2) == await records.claim(elsewhere, a_record(2))
        assert a_record(1) == await records.claim(SCOPE, a_record(3))

    async def test_of_claims_that_race_all_get_the_same(self, records: IdempotencyRecords) -> None:
        claims = [records.claim(SCOPE, a_record(number)) for number in range(10)]
        kept = await asyncio.gather(*claims)
        assert [kept[0]] * 10 == kept
        assert kept[0] in [a_record(number) for number in range(10)]

    async def test_a_record_is_kept_for_a_day_at_least(self, records: IdempotencyRecords) -> None:
        await records.claim(SCOPE, a_record(1))
        late = NOW + timedelta(hours=24)
        for number in range(50):
            other = msgspec.structs.replace(SCOPE, key=f"other-{number}")
            await records.claim(other, a_record(number + 100, at=late))
        assert a_record(1) == await records.claim(SCOPE, a_record(2, at=late))
