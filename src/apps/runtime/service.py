"""A service's background work: its consumer, its relay and its timers, run and stopped together."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from apps.runtime.ending import end
from tradex_core.messaging.consume import Consumer
from tradex_core.messaging.relay import Relay


@dataclass(frozen=True)
class Service:
    """What runs for one bounded context."""

    name: str
    consumer: Consumer[Any]
    relay: Relay
    timers: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    topics: Sequence[str] = ()
    """What it reads and writes."""

    @property
    def ready(self) -> bool:
        """Whether it is not waiting for a server."""
        return not (self.consumer.waiting or self.relay.waiting)

    def start(self, background: "Background") -> None:
        """Run everything until the background is stopped."""
        background.start(f"{self.name}'s consumer", self.consumer.run())
        background.start(f"{self.name}'s relay", self.relay.run())
        for timer in self.timers:
            background.start(f"{self.name}'s timer", timer())


class BackgroundFailure(Exception):
    """A loop that should run for ever ended; the process cannot go on without it."""


class Background:
    """Owns tasks: each is awaited, and the first that fails or ends is what `failed` raises."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run work that should go on until `stop`."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    async def failed(self) -> None:
        """Wait until a task fails; raises BackgroundFailure, which names it."""
        await asyncio.shield(self._failure)

    def fail(self, name: str, cause: BaseException | None) -> None:
        """Report that something of this name ended which should not; the first report counts."""
        if not self._failure.done():
            failure = BackgroundFailure(f"{name} ended: {cause or 'without a reason'}")
            failure.__cause__ = cause
            self._failure.set_exception(failure)
            self._failure.exception()

    async def stop(self) -> None:
        """Cancel what still runs and wait for it."""
        if not self._failure.done():
            self._failure.cancel()
        await end(self._tasks[::-1])
        self._tasks.clear()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self.fail(task.get_name(), task.exception())
