import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from tests.builders.machines import FakeClock
from tests.contracts.idempotency import NOW, SCOPE, IdempotencyContract, a_record

from adapters.postgres.idempotency import PostgresIdempotencyRecords
from adapters.postgres.view_unit import ViewsDatabase
from tradex_core.operations.idempotency import IdempotencyRecords


@pytest.fixture
async def replicas(gateway_url: str) -> AsyncIterator[list[PostgresIdempotencyRecords]]:
    databases = [ViewsDatabase(gateway_url, FakeClock()) for _ in range(3)]
    yield [PostgresIdempotencyRecords(database) for database in databases]
    for database in databases:
        await database.close()


class TestPostgresIdempotencyRecords(IdempotencyContract):
    @pytest.fixture
    async def records(self, replicas: list[PostgresIdempotencyRecords]) -> IdempotencyRecords:
        return replicas[0]


async def test_of_claims_that_race_on_several_replicas_all_get_the_same(
    replicas: list[PostgresIdempotencyRecords],
) -> None:
    scopes = [msgspec.structs.replace(SCOPE, key=f"key {number}") for number in range(20)]
    claims = [
        replica.claim(scope, a_record(number))
        for number, replica in enumerate(replicas)
        for scope in (scopes if number % 2 else reversed(scopes))
    ]
    await asyncio.gather(*claims)

    for scope in scopes:
        kept = [await replica.claim(scope, a_record(99)) for replica in replicas]
        assert [kept[0]] * 3 == kept
        assert kept[0] in [a_record(number) for number in range(3)]


async def test_what_one_replica_claimed_the_next_one_to_start_knows(
    gateway_url: str, replicas: list[PostgresIdempotencyRecords]
) -> None:
    await replicas[0].claim(SCOPE, a_record(1))
    started = ViewsDatabase(gateway_url, FakeClock())

    assert a_record(1) == await PostgresIdempotencyRecords(started).claim(SCOPE, a_record(2))
    await started.close()


async def test_a_record_is_forgotten_after_two_days(
    replicas: list[PostgresIdempotencyRecords],
) -> None:
    records = replicas[0]
    await records.claim(SCOPE, a_record(1))
    late = NOW + timedelta(hours=48)
    other = msgspec.structs.replace(SCOPE, key="other")
    await records.claim(other, a_record(2, at=late))

    assert a_record(3, at=late) == await records.claim(SCOPE, a_record(3, at=late))


async def test_a_record_that_is_two_days_old_makes_room_for_the_claim_that_meets_it(
    replicas: list[PostgresIdempotencyRecords],
) -> None:
    await replicas[0].claim(SCOPE, a_record(1))
    late = a_record(2, at=NOW + timedelta(hours=48))

    assert late == await replicas[0].claim(SCOPE, late)
