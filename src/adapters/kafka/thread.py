"""A thread that owns a client of librdkafka: all that is done with it is done there, in turn."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from tradex_core.errors import Outage

T = TypeVar("T")
_Job = Callable[[], None]

_log = logging.getLogger("tradex.kafka")


class ClientThread(ABC):
    """Runs `_turn` again and again until it is stopped, then `_close`; to be made in the loop.

    A client that never comes back from a call keeps its thread, but nobody who waits for it, and
    not the process from ending.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._name = name
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._is_stopping = False
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Run from now on."""
        self._thread.start()

    async def ask(self, job: Callable[[], T], *, within: timedelta) -> T:
        """Have a job done in the thread and return what it returns; Outage where it takes longer.

        One that has begun by then goes on; no other is begun, nor any once the thread has ended.
        """
        return await self.ask_for(lambda answer: self.answer(answer, job()), within=within)

    async def ask_for(self, begin: Callable[[asyncio.Future[T]], None], *, within: timedelta) -> T:
        """Have something begun in the thread, which answers later; as `ask` in all else."""
        answer: asyncio.Future[T] = self._loop.create_future()

        def do() -> None:
            if answer.done():  # nobody waits for it any more
                return
            try:
                begin(answer)
            except Exception as error:  # noqa: BLE001 - it is raised where the job was asked for
                self.fail(answer, error)

        self._jobs.put(do)
        try:
            await asyncio.wait(
                (answer, self.ended),
                timeout=within.total_seconds(),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if answer.done():
                return answer.result()
        finally:
            answer.cancel()
        why = "has ended" if self.ended.done() else f"took more than {within}"
        msg = f"{self._name} {why}"
        raise Outage(msg)

    def tell(self, callback: Callable[..., object], *args: object) -> None:
        """Have something called in the event loop, unless that is over."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *args)

    def answer(self, future: asyncio.Future[T], result: T) -> None:
        """Have a future of the event loop done, unless it is already."""
        self.tell(_answer, future, result)

    def fail(self, future: asyncio.Future[T], error: Exception) -> None:
        """Have a future of the event loop raise, unless it is already done."""
        self.tell(_fail, future, error)

    def wake(self) -> None:
        """End the wait for jobs."""
        self._jobs.put(_nothing)

    def stop(self) -> None:
        """End the thread after its turn; callable from any thread."""
        self._is_stopping = True
        self.wake()

    async def stopped(self, *, within: timedelta) -> None:
        """Stop, and wait until the client is closed, or as long as it may take."""
        self.stop()
        await asyncio.wait((self.ended,), timeout=within.total_seconds())
        if not self.ended.done():
            _log.warning("%s did not close within %s and is left behind", self._name, within)

    def _do_jobs(self, wait: float) -> None:
        """Do what waits to be done; where nothing does, wait so many seconds for it."""
        with suppress(Empty):
            if wait:
                self._jobs.get(timeout=wait)()
            while True:
                self._jobs.get_nowait()()

    def _run(self) -> None:
        try:
            self._begin()
            while not self._is_stopping:
                self._turn()
        except Exception as error:  # noqa: BLE001 - it is raised by whoever waits for this thread
            self._failed(error)
        finally:
            try:
                self._close()
            finally:
                self.answer(self.ended, None)

    @abstractmethod
    def _begin(self) -> None:
        """Do what comes before the first turn."""

    @abstractmethod
    def _turn(self) -> None:
        """Do a little, and soon return."""

    @abstractmethod
    def _failed(self, error: Exception) -> None:
        """Hear that the thread ends for want of an answer to this error."""

    @abstractmethod
    def _close(self) -> None:
        """Close the client."""


def _nothing() -> None:
    pass


def _answer(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
