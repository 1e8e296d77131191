"""The traces of requests, as a port: a span of each, named by its route."""

from contextlib import AbstractContextManager
from typing import Final, Protocol

from litestar.types import HTTPScope

from apps.gateway.reading import headers_of
from apps.gateway.request_headers import place_of
from tradex_core.messaging.tracing import Trace


class RequestSpan(AbstractContextManager["RequestSpan"], Protocol):
    """A request that is being answered; what it causes follows from it while it is entered."""

    def answered(self, *, route: str | None, status: int, operation_id: str | None) -> None:
        """Hear what became of it: the route's template, and 0 where nothing was answered."""
        ...


class RequestTracer(Protocol):
    """Opens the spans of requests; must not raise and must not block."""

    def request(self, method: str, parent: Trace | None) -> RequestSpan:
        """Return the span of a request, given what the client says that it follows from."""
        ...


class _Untraced(AbstractContextManager["_Untraced"]):
    """A request that nobody traces."""

    def __exit__(self, *_: object) -> None:
        return None

    def answered(self, *, route: str | None, status: int, operation_id: str | None) -> None:
        """Do nothing."""


_UNTRACED: Final = _Untraced()


def span_of(scope: HTTPScope, tracer: RequestTracer | None) -> RequestSpan:
    """Return a request's span; without a tracer, and of those for health, nobody keeps any."""
    if tracer is None or scope["path"].startswith("/health/"):
        return _UNTRACED
    return tracer.request(scope["method"], place_of(headers_of(scope)))
