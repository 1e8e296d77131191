"""The one wrapper around the whole app: it logs and counts requests, and adds headers to each."""

import logging
from time import perf_counter

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from apps.gateway.metrics import GatewayMetrics
from apps.gateway.quota import told_of
from apps.gateway.security_headers import security_headers
from apps.runtime.log_lines import LineBuffer
from apps.runtime.request_line import RequestLine


class AccessLog:
    """Logs each request's route, not its path: a path's ids, queries and bodies stay out.

    The lines of one turn of the event loop are written together at its end.
    """

    def __init__(self, app: ASGIApp, metrics: GatewayMetrics) -> None:
        self._app = app
        self._metrics = metrics
        self._lines = LineBuffer("tradex.access")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and log it once it is answered."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began, answered, status = perf_counter(), 0.0, 0
        self._metrics.begun()

        async def noting(message: Message) -> None:
            nonlocal answered, status
            if message["type"] == "http.response.start":
                answered, status = perf_counter(), message["status"]
                route = scope.get("path_template", "unmatched")
                headers = (*security_headers(route), *told_of(scope))
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            ended, method = perf_counter(), scope["method"]
            route = scope.get("path_template", "unmatched")
            seconds = (answered or ended) - began
            self._metrics.answered(method=method, route=route, status=status, seconds=seconds)
            self._note(scope, route, status, ended - began)

    def _note(self, scope: HTTPScope, route: str, status: int, seconds: float) -> None:
        level, name = (logging.DEBUG, "debug") if _is_health(route) else (logging.INFO, "info")
        if not self._lines.wants(level):
            return
        state = scope["state"]
        line = RequestLine.now(
            level=name,
            method=scope["method"],
            route=route,
            status=status,
            seconds=seconds,
            operation_id=state.get("operation_id"),
            order_id=state.get("order_id"),
        )
        self._lines.add(level, line)


def _is_health(route: str) -> bool:
    return route.startswith("/health/")
