"""The outermost wrapper where requests are traced: a span of each, named by its route."""

from contextlib import AbstractContextManager
from typing import Protocol

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

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


class RequestTraces:
    """Traces each request but those for the gateway's health."""

    def __init__(self, app: ASGIApp, tracer: RequestTracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != ScopeType.HTTP or scope["path"].startswith("/health/"):
            await self._app(scope, receive, send)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracer.request(scope["method"], place_of(scope["headers"])) as span:
            try:
                await self._app(scope, receive, noting)
            finally:
                span.answered(
                    route=scope.get("path_template"),
                    status=status,
                    operation_id=scope.get("state", {}).get("operation_id"),
                )
