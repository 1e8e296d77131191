"""Ending tasks, also those that go on although they were cancelled.

Python 3.11's asyncio.wait_for, which drivers use, loses a cancellation that comes together with
what it waited for (https://github.com/python/cpython/issues/86296).
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

T = TypeVar("T")

_AGAIN_SECONDS: Final = 1.0


async def end(tasks: Sequence[asyncio.Task[Any]], *, again_seconds: float = _AGAIN_SECONDS) -> None:
    """Cancel what still runs of these, anew every so often, and wait for it."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=again_seconds)


async def bounded(
    work: Coroutine[Any, Any, T], seconds: float, *, again_seconds: float = _AGAIN_SECONDS
) -> T:
    """Return what work comes to; raises TimeoutError, and ends it, where that takes too long.

    Where there is no time at all, it is not begun.
    """
    if seconds <= 0:
        work.close()
        raise TimeoutError
    task = asyncio.create_task(work)
    try:
        if not (await asyncio.wait({task}, timeout=seconds))[0]:
            raise TimeoutError
    finally:
        await end([task], again_seconds=again_seconds)
    return task.result()
