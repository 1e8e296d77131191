"""How passwords are hashed: how many wait, how many are at it, and how long that takes."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from time import perf_counter
from typing import ParamSpec, TypeVar

from adapters.telemetry.declared import Declared
from tradex_core.telemetry import contract

P = ParamSpec("P")
R = TypeVar("R")


class HashingMetrics:
    """Measures what threads do for an executor."""

    def __init__(self, declared: Declared) -> None:
        self._in_progress = declared.gauge(contract.HASHING_IN_PROGRESS)
        self._waiting = declared.gauge(contract.HASHING_WAITING)
        self._duration = declared.histogram(contract.HASHING_DURATION)

    def measured(self, threads: Executor) -> "MeasuredExecutor":
        """Return an executor that has these threads do its work."""
        return MeasuredExecutor(threads, self)

    def waits(self, number: int) -> None:
        """Hear that so many more wait."""
        self._waiting.inc(number)

    def timed(self, work: Callable[[], R]) -> R:
        """Do what waited, and measure it."""
        self.waits(-1)
        began = perf_counter()
        with self._in_progress.track_inprogress():
            try:
                return work()
            finally:
                self._duration.observe(perf_counter() - began)


class MeasuredExecutor(Executor):
    """An executor whose work is measured; what is cancelled before it begins waits no more."""

    def __init__(self, threads: Executor, metrics: HashingMetrics) -> None:
        self._threads = threads
        self._metrics = metrics

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Do work as the threads do."""
        self._metrics.waits(1)
        future = self._threads.submit(self._metrics.timed, partial(fn, *args, **kwargs))
        future.add_done_callback(self._ended)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """End the threads."""
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _ended(self, future: Future[R]) -> None:
        if future.cancelled():
            self._metrics.waits(-1)
