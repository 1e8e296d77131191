"""Runs a command in an event loop, which the operator's signals end in good order."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(work: Coroutine[Any, Any, T]) -> T | None:
    """Run to the end and return the result; None where a signal ended it.

    The first SIGINT or SIGTERM cancels the work, so that it can drain; a second one kills.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_until_signalled(work))


async def unless_failed(work: Coroutine[Any, Any, T], failure: Coroutine[Any, Any, object]) -> T:
    """Return what the work returns; raises what `failure` raises, and then cancels the work."""
    working, failing = asyncio.create_task(work), asyncio.create_task(failure)
    tasks = (working, failing)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await failing
        return await working
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _until_signalled(work: Coroutine[Any, Any, T]) -> T | None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    signalled = False

    def stop() -> None:
        nonlocal signalled
        signalled = True
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        task.cancel()

    if sys.platform != "win32":
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if not signalled:
            raise
        return None


def _loop_factory() -> Any:  # noqa: ANN401 - uvloop's type of loop, or asyncio's own
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - it does not exist on Windows

    return uvloop.new_event_loop
