"""What happens to requests, counted: their rate, their errors, and how long they take."""

from functools import cache
from typing import Final

from adapters.telemetry.declared import Declared
from adapters.telemetry.exemplars import exemplar
from tradex_core.messaging.tracing import Trace
from tradex_core.telemetry import contract

_METHODS: Final = frozenset(contract.METHODS)
_CLASSES: Final = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")


class RequestMetrics:
    """Counts what a gateway answers, by the route's template and never by a path."""

    def __init__(self, declared: Declared) -> None:
        self._requests = cache(declared.counter(contract.HTTP_REQUESTS).labels)
        self._duration = cache(declared.histogram(contract.HTTP_DURATION).labels)
        self._operations = cache(declared.histogram(contract.OPERATION_DURATION).labels)
        self._in_flight = 0
        declared.reading(contract.HTTP_IN_FLIGHT, lambda: [((), self._in_flight)])

    def begun(self) -> None:
        """Count a request that is being answered."""
        self._in_flight += 1

    def answered(
        self, *, method: str, route: str, status: int, seconds: float, trace: Trace | None
    ) -> None:
        """Count a request, and how long its answer took to begin; 0 where none came."""
        self._in_flight -= 1
        method = method if method in _METHODS else contract.OTHER
        self._requests(method, route, _CLASSES[status // 100]).inc()
        self._duration(method, route).observe(seconds, exemplar(trace))

    def finished(self, *, command: str, status: str, seconds: float) -> None:
        """Count an operation of which the outcome is known, after so many seconds."""
        self._operations(command, status).observe(seconds)
