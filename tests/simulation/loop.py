"""An event loop without a machine: virtual time, a seeded order of turns, nothing real."""

import asyncio
import heapq
import random
from collections.abc import Callable, Coroutine, Generator, Hashable
from contextvars import Context, ContextVar, copy_context
from itertools import count
from threading import get_ident
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

R = TypeVar("R")
Ts = TypeVarTuple("Ts")

OWNER: Final[ContextVar[Hashable | None]] = ContextVar("owner", default=None)
"""The process on whose behalf a callback runs; None for the world outside."""

_SERIAL: Final[ContextVar[int]] = ContextVar("serial", default=0)
_SLOWEST_WORK: Final = 0.02
_TURNS_AT_ONE_TIME: Final = 100_000


class Unreal(AssertionError):
    """Something asked for the machine: a thread, a socket, or a time that never comes."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs callbacks in an order that the seed draws; time passes only while nobody can run.

    Within a turn every callback that is ready runs once, shuffled. What belongs to an owner that is
    `frozen` waits until it is thawed. The same seed gives the same run: the order does not depend
    on hashes or addresses, since a turn is sorted by its tasks' numbers before it is shuffled.
    """

    _ready: list[asyncio.Handle]
    _stopping: bool
    _check_closed: Callable[[], None]

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._ready = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._chance = chance
        self._now = 0.0
        self._numbers = count(1)
        self._turns = 0
        self._thread = get_ident()
        self._frozen: dict[Hashable, list[asyncio.Handle]] = {}
        self.adopt: Callable[[Any, asyncio.Task[Any]], None] = lambda _owner, _task: None
        self.errors: list[dict[str, Any]] = []
        self.set_task_factory(self._make_task)
        self.set_exception_handler(lambda _loop, context: self.errors.append(context))

    def time(self) -> float:
        return self._now

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def call_soon(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        self._check_closed()
        if get_ident() != self._thread:
            msg = f"a thread called the loop: {callback}"
            raise Unreal(msg)
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(  # type: ignore[override]
        self,
        executor: object,
        func: Callable[..., R],
        *args: Any,  # noqa: ANN401
    ) -> asyncio.Future[R]:
        """Do the work in one go, no thread's, some virtual milliseconds later."""

        async def later() -> R:
            await asyncio.sleep(self._chance.random() * _SLOWEST_WORK)
            return func(*args)

        return self.create_task(later())

    def freeze(self, owner: Hashable) -> None:
        """Run nothing of an owner's until `thaw`: it stands still while the world goes on."""
        self._frozen.setdefault(owner, [])

    def thaw(self, owner: Hashable) -> None:
        """Let an owner go on, as if no time had passed for it."""
        self._ready += self._frozen.pop(owner, [])

    def is_frozen(self, owner: Hashable) -> bool:
        """Whether an owner stands still."""
        return owner in self._frozen

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Leave it in the heap: it is passed over when its time comes."""

    def _make_task(
        self,
        _loop: asyncio.AbstractEventLoop,
        coro: Coroutine[Any, Any, R] | Generator[Any, None, R],
        context: Context | None = None,
    ) -> asyncio.Task[R]:
        context = copy_context() if context is None else context
        context.run(_SERIAL.set, next(self._numbers))
        task: asyncio.Task[R] = asyncio.Task(coro, loop=self, context=context)
        self.adopt(context.get(OWNER), task)
        return task

    def _run_once(self) -> None:
        timers = self._timers
        if not self._ready and not self._stopping:
            self._pass_time()
        while timers and timers[0][0] <= self._now:
            timer = heapq.heappop(timers)[2]
            if not timer.cancelled():
                self._ready.append(timer)
        turn, self._ready = self._ready, []
        if len(turn) > 1:
            turn.sort(key=_serial)
            self._chance.shuffle(turn)
        self._turns += 1
        if self._turns > _TURNS_AT_ONE_TIME:
            msg = f"after {self._turns} turns it is still {self._now} s: somebody spins"
            raise Unreal(msg)
        for handle in turn:
            if handle.cancelled():
                continue
            if self._frozen:
                held = self._frozen.get(_context_of(handle).get(OWNER))
                if held is not None:
                    held.append(handle)
                    continue
            handle._run()  # noqa: SLF001 - what a loop does with its handles

    def _pass_time(self) -> None:
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        if not timers:
            msg = "everybody waits, and nothing will ever happen"
            raise Unreal(msg)
        self._turns = 0
        self._now = max(self._now, timers[0][0])


def _context_of(handle: asyncio.Handle) -> Context:
    context: Context = handle._context  # type: ignore[attr-defined]  # noqa: SLF001
    return context


def _serial(handle: asyncio.Handle) -> int:
    return _context_of(handle).get(_SERIAL, 0)
