"""The background work of a service ends when it is told to, whatever a library makes of that."""

import asyncio
from contextlib import suppress

from apps.runtime.service import Background


async def test_work_whose_library_loses_a_cancellation_is_ended_all_the_same() -> None:
    begun, lost = asyncio.Event(), 0

    async def forever() -> None:
        nonlocal lost
        with suppress(asyncio.CancelledError):  # as asyncio.wait_for of Python 3.11 may
            begun.set()
            await asyncio.Event().wait()
        lost += 1
        await asyncio.Event().wait()

    background = Background(again_seconds=0.01)
    background.start("a relay", forever())
    await begun.wait()

    async with asyncio.timeout(10):
        await background.stop()

    assert 1 == lost


async def test_work_is_left_the_time_to_clean_up() -> None:
    begun, cleaned = asyncio.Event(), False

    async def forever() -> None:
        nonlocal cleaned
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned = True

    background = Background()
    background.start("a relay", forever())
    await begun.wait()
    await background.stop()

    assert cleaned
