"""A process of the platform: it lives, stands still, dies at once, and is started again."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from tests.simulation.loop import OWNER, SimulatedLoop

from tradex_core.clock import from_epoch_ms

R = TypeVar("R")

BEGINNING: Final = from_epoch_ms(1_790_000_000_000)
"""The wall clock's time at the loop's zero."""


class MachineClock:
    """A machine's wall clock: the loop's time, and how far it is off."""

    def __init__(self, loop: SimulatedLoop, *, ahead: timedelta = timedelta()) -> None:
        self._loop = loop
        self.ahead = ahead

    def now(self) -> datetime:
        """Return the current instant, as this machine believes."""
        return BEGINNING + self.ahead + timedelta(microseconds=int(self._loop.time() * 1e6))


class Process:
    """One incarnation of an app: what runs in it dies with it, and reaches nothing afterwards."""

    def __init__(self, name: str, app: str, loop: SimulatedLoop, clock: MachineClock) -> None:
        self.name = name
        self.app = app
        self.clock = clock
        self.alive = True
        self.gateway: Any = None
        self.is_stopping = False
        self.stop_gently: Callable[[], Coroutine[Any, Any, None]] | None = None
        self.on_death: Callable[[str], None] = lambda _reason: None
        self._loop = loop
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._holds: dict[object, Callable[[], None]] = {}

    def run(self, work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
        """Run work inside this process."""
        context: Context = copy_context()
        context.run(OWNER.set, self)
        return context.run(self._loop.create_task, work)

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Take note of a task that dies with the process."""
        self._tasks[task] = None
        if len(self._tasks) > 64:
            self._tasks = {task: None for task in self._tasks if not task.done()}

    def hold(self, thing: object, let_go: Callable[[], None]) -> None:
        """Take note of what a server gives back once it takes this process for dead."""
        self._holds[thing] = let_go

    def drop(self, thing: object) -> None:
        """Let go of something, if it is still held."""
        let_go = self._holds.pop(thing, None)
        if let_go is not None:
            let_go()

    def lose_everything(self) -> None:
        """Let the servers take back what is held: leases, subscriptions, connections."""
        for thing in list(self._holds):
            self.drop(thing)

    def die(self, reason: str) -> None:
        """End at once; whoever runs on in here is stopped at the next thing that it does."""
        if not self.alive:
            return
        self.alive = False
        self._loop.thaw(self)
        self.lose_everything()
        for task in self._tasks:
            if not task.done():
                task.cancel()
        self.on_death(reason)

    def require_alive(self) -> None:
        """Stop whoever runs on in a dead process; raises CancelledError."""
        if not self.alive:
            raise asyncio.CancelledError

    def freeze(self) -> None:
        """Stand still until `thaw`."""
        self._loop.freeze(self)

    def thaw(self) -> None:
        """Go on."""
        if self.alive:
            self._loop.thaw(self)

    @property
    def is_frozen(self) -> bool:
        """Whether it stands still."""
        return self._loop.is_frozen(self)

    def survivors(self) -> list[str]:
        """Return the tasks that outlived the process: each a bug, for it cannot be stopped."""
        if self.alive:
            return []
        return [repr(task.get_coro()) for task in self._tasks if not task.done()]
