"""Runs a command in an event loop, which the operator's signals end in good order."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_THREADS_SECONDS = 1.0


def run(work: Coroutine[Any, Any, T], *, drained_within: timedelta | None = None) -> T | None:
    """Run to the end and return the result; None where a signal ended it.

    The first SIGINT or SIGTERM cancels the work, so that it can drain; a second one kills. With
    `drained_within`, the process ends that long after the first, whatever still runs.
    """
    ending = _Ending(drained_within)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_until_signalled(work, ending))
    finally:
        ending.is_over()


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


class _Ending:
    """Ends a process that was told to, when its time is over or all that is left are threads.

    A thread that waits for a server which is away would keep it for as long as it waits.
    """

    def __init__(self, within: timedelta | None) -> None:
        self._within = within
        self._timer: threading.Timer | None = None

    def begin(self) -> None:
        """Let the time run."""
        if self._within is not None:
            self._end_after(self._within.total_seconds(), self._overrun)

    def drained(self) -> None:
        """Wait for threads only a little longer, where the time runs."""
        if self._timer is not None:
            self._end_after(_THREADS_SECONDS, self._left_behind)

    def is_over(self) -> None:
        """Let the process end by itself."""
        if self._timer is not None:
            self._timer.cancel()

    def _end_after(self, seconds: float, end: Callable[[], None]) -> None:
        self.is_over()
        self._timer = threading.Timer(seconds, end)
        self._timer.daemon = True
        self._timer.start()

    def _overrun(self) -> None:
        sys.stderr.write(f"Error: not drained within {self._within}: ended as it is\n")
        sys.stderr.flush()
        os._exit(1)

    def _left_behind(self) -> None:
        sys.stdout.flush()
        os._exit(0)


async def _until_signalled(work: Coroutine[Any, Any, T], ending: _Ending) -> T | None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    signalled = False

    def stop() -> None:
        nonlocal signalled
        signalled = True
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        ending.begin()
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
    finally:
        ending.drained()


def _loop_factory() -> Any:  # noqa: ANN401 - uvloop's type of loop, or asyncio's own
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - it does not exist on Windows

    return uvloop.new_event_loop
