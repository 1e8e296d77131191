import asyncio

import pytest

from apps.demo.concurrency import each


async def test_results_come_in_the_order_of_the_things() -> None:
    async def work(number: int) -> int:
        for _ in range(5 - number):
            await asyncio.sleep(0)
        return number * 10

    assert [0, 10, 20, 30] == await each(range(4), work, at_once=4)


async def test_no_more_than_so_many_are_worked_on_at_once() -> None:
    working, most = 0, 0

    async def work(_: int) -> None:
        nonlocal working, most
        working += 1
        most = max(most, working)
        await asyncio.sleep(0)
        working -= 1

    await each(range(20), work, at_once=3)

    assert 3 == most


async def test_the_first_failure_ends_it_all_and_is_raised_as_it_is() -> None:
    forever = asyncio.Event()
    cancelled = []

    async def work(number: int) -> None:
        if number == 1:
            msg = "number 1"
            raise LookupError(msg)
        try:
            await forever.wait()
        except asyncio.CancelledError:
            cancelled.append(number)
            raise

    with pytest.raises(LookupError, match="number 1"):
        await each(range(3), work, at_once=3)

    assert [0, 2] == sorted(cancelled)
