import asyncio
from collections.abc import Sequence

import pytest

from adapters.postgres.together import Together


class Server:
    """Answers with each item's square once it is let; what it is asked in one go is a round."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.open = asyncio.Event()
        self.failure: Exception | None = None

    async def squares(self, items: Sequence[int]) -> Sequence[int]:
        self.rounds.append(list(items))
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        return [item * item for item in items]


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def together(server: Server) -> Together[int, int]:
    return Together(server.squares)


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_questions_that_come_meanwhile_go_as_one(
    server: Server, together: Together[int, int]
) -> None:
    first = asyncio.create_task(together.ask([1]))
    await turns()
    rest = [asyncio.create_task(together.ask(items)) for items in ([2, 3], [], [3])]
    await turns()
    server.open.set()

    assert [[1], [4, 9], [], [9]] == await asyncio.gather(first, *rest)
    assert [[1], [2, 3, 3]] == server.rounds


async def test_a_round_that_began_takes_no_further_questions(
    server: Server, together: Together[int, int]
) -> None:
    asked = []
    for number in range(3):
        asked.append(asyncio.create_task(together.ask([number])))
        await turns()
    server.open.set()
    await asyncio.gather(*asked)

    assert [[0], [1, 2]] == server.rounds


async def test_whoever_is_cancelled_leaves_the_others_alone(
    server: Server, together: Together[int, int]
) -> None:
    impatient, patient = (asyncio.create_task(together.ask([number])) for number in (2, 3))
    await turns()
    impatient.cancel()
    await turns()
    server.open.set()

    assert [9] == await patient
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_a_failure_is_told_to_all_of_its_round_and_to_no_later_one(
    server: Server, together: Together[int, int]
) -> None:
    server.failure = ConnectionError("the server is away")
    server.open.set()
    failed = await asyncio.gather(together.ask([1]), together.ask([2]), return_exceptions=True)
    server.failure = None

    assert [ConnectionError, ConnectionError] == [type(each) for each in failed]
    assert [9] == await together.ask([3])
