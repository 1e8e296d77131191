import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import psycopg
import pytest
from tests.builders.machines import FakeClock
from tests.contracts.attempts import (
    MINUTE,
    NOW,
    PACE,
    ZERO,
    AttemptsContract,
    an_attempt,
    at,
    use_up,
)

from adapters.postgres.attempts import PostgresAttempts
from adapters.postgres.view_unit import ViewsDatabase
from tradex_core.errors import Outage
from tradex_core.users.attempts import Attempts


@pytest.fixture
async def replicas(gateway_url: str) -> AsyncIterator[list[PostgresAttempts]]:
    databases = [ViewsDatabase(gateway_url, FakeClock()) for _ in range(3)]
    yield [PostgresAttempts(database) for database in databases]
    for database in databases:
        await database.close()


class TestPostgresAttempts(AttemptsContract):
    @pytest.fixture
    async def attempts(self, replicas: list[PostgresAttempts]) -> Attempts:
        return replicas[0]


async def test_replicas_let_in_no_more_than_the_pace_together(
    replicas: list[PostgresAttempts],
) -> None:
    racing = [
        replica.wait(an_attempt(network=str(number)), PACE, at=NOW)
        for number in range(6)
        for replica in replicas
    ]
    assert [ZERO] * 3 + [MINUTE] * 15 == sorted(await asyncio.gather(*racing))


async def test_a_turn_that_one_replica_gave_another_one_keeps(
    replicas: list[PostgresAttempts],
) -> None:
    await use_up(replicas[0])
    await replicas[0].wait(an_attempt(), PACE, at=NOW)
    await use_up(replicas[1], minute=1)
    assert ZERO == await replicas[2].wait(an_attempt(), PACE, at=at(1))


async def test_what_nobody_came_back_for_goes_as_others_come(
    gateway_url: str, replicas: list[PostgresAttempts]
) -> None:
    for number in range(20):
        await replicas[0].wait(an_attempt(account=str(number)), PACE, at=NOW)
    for number in range(5):
        late = NOW + timedelta(hours=2)
        await replicas[0].wait(an_attempt(account=f"late {number}"), PACE, at=late)
    with psycopg.connect(gateway_url) as connection:
        assert (5,) == connection.execute("SELECT count(*) FROM attempts").fetchone()


async def test_nobody_is_let_in_uncounted_while_the_database_is_away() -> None:
    database = ViewsDatabase("postgresql://nobody@127.0.0.1:1/nothing", FakeClock())
    with pytest.raises(Outage):
        await PostgresAttempts(database).wait(an_attempt(), PACE, at=NOW)
    await database.close()
