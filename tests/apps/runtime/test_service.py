"""The background work of a service ends when it is told to, whatever a library makes of that."""

import asyncio

from apps.runtime.service import Background


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
