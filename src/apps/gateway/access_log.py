"""The one wrapper around the whole app: it traces, counts and logs, and adds headers to answers."""

import asyncio
import logging
from time import perf_counter

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from apps.gateway.metrics import GatewayMetrics
from apps.gateway.problems import problem_answer, problem_of
from apps.gateway.quota import told_of
from apps.gateway.request_traces import RequestSpan, RequestTracer, span_of
from apps.gateway.security_headers import security_headers
from apps.runtime.log_lines import LineBuffer
from apps.runtime.request_line import RequestLine
from tradex_core.errors import Outage


class AccessLog:
    """Logs each request's route, not its path: a path's ids, queries and bodies stay out.

    The lines of one turn of the event loop are written together at its end. With a tracer, what
    a request causes follows from its span.
    """

    def __init__(
        self, app: ASGIApp, metrics: GatewayMetrics, tracer: RequestTracer | None = None
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._tracer = tracer
        self._lines = LineBuffer("tradex.access")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and log it once it is answered."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        answering = _Answering(scope, send)
        with span_of(scope, self._tracer) as span:
            self._metrics.begun()
            try:
                await self._app(scope, receive, answering.send)
            except asyncio.CancelledError:
                if answering.status:
                    raise
                # The server has no more time, and would answer as if we had failed.
                problem = problem_of(Outage("the gateway ends"), instance=scope["path"])
                await problem_answer(problem)(scope, receive, answering.send)
            finally:
                self._tell(scope, answering, span)

    def _tell(self, scope: HTTPScope, answering: "_Answering", span: RequestSpan) -> None:
        template, status = scope.get("path_template"), answering.status
        route, ended = template or "unmatched", perf_counter()
        self._metrics.answered(
            method=scope["method"],
            route=route,
            status=status,
            seconds=(answering.answered or ended) - answering.began,
        )
        self._note(scope, route, status, ended - answering.began)
        operation_id = scope["state"].get("operation_id")
        span.answered(route=template, status=status, operation_id=operation_id)

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


class _Answering:
    """One request in the course of being answered; its status is 0 until it is."""

    __slots__ = ("_scope", "_send", "answered", "began", "status")

    def __init__(self, scope: HTTPScope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.began = perf_counter()
        self.answered = 0.0
        self.status = 0

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.answered, self.status = perf_counter(), message["status"]
            route = self._scope.get("path_template", "unmatched")
            headers = (*security_headers(route), *told_of(self._scope))
            message["headers"] = [*message["headers"], *headers]
        await self._send(message)


def _is_health(route: str) -> bool:
    return route.startswith("/health/")
