"""Work ends when it is told to, whatever a library makes of that."""

import asyncio
from contextlib import suppress

import pytest

from apps.runtime.ending import bounded, end


class Stubborn:
    """Work whose library loses a cancellation, as asyncio.wait_for of Python 3.11 may."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.lost = 0

    async def work(self) -> None:
        with suppress(asyncio.CancelledError):
            self.begun.set()
            await asyncio.Event().wait()
        self.lost += 1
        await asyncio.Event().wait()


async def test_work_whose_library_loses_a_cancellation_is_ended_all_the_same() -> None:
    stubborn = Stubborn()
    task = asyncio.create_task(stubborn.work())
    await stubborn.begun.wait()
    async with asyncio.timeout(10):
        await end([task], again_seconds=0.01)
    assert (1, True) == (stubborn.lost, task.cancelled())


async def test_work_that_takes_too_long_is_ended_though_a_cancellation_is_lost() -> None:
    stubborn = Stubborn()
    async with asyncio.timeout(10):
        with pytest.raises(TimeoutError):
            await bounded(stubborn.work(), 0.01, again_seconds=0.01)
    assert 1 == stubborn.lost


async def test_work_that_is_done_in_time_is_answered_or_raised() -> None:
    async def answer() -> int:
        return 42

    async def fail() -> None:
        msg = "a bug"
        raise LookupError(msg)

    assert 42 == await bounded(answer(), 10)
    with pytest.raises(LookupError, match="a bug"):
        await bounded(fail(), 10)


async def test_who_is_cancelled_ends_what_is_waited_for() -> None:
    stubborn = Stubborn()
    waiting = asyncio.create_task(bounded(stubborn.work(), 60, again_seconds=0.01))
    await stubborn.begun.wait()
    waiting.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert 1 == stubborn.lost
