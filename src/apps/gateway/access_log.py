"""The one wrapper around the whole app: it traces, counts and logs, and adds headers to answers."""

import asyncio
import logging
from collections.abc import Sequence
from time import perf_counter
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from apps.gateway.metrics import GatewayMetrics
from apps.gateway.problems import problem_answer, problem_of
from apps.gateway.quota import told_of
from apps.gateway.request_traces import RequestSpan, RequestTracer, span_of
from apps.gateway.security_headers import security_headers
from apps.runtime.log_lines import write_lines
from apps.runtime.request_line import RequestLine
from apps.runtime.turn import AtTurnsEnd
from tradex_core.errors import Outage
from tradex_core.messaging import tracing
from tradex_core.messaging.tracing import Trace

_UNMATCHED: Final = "unmatched"
_LEVELS: Final = {logging.DEBUG: "debug", logging.INFO: "info"}


class AccessLog:
    """Logs each request's route, not its path: a path's ids, queries and bodies stay out.

    The requests of one turn of the event loop are counted and logged together at its end. With a
    tracer, what a request causes follows from its span.
    """

    def __init__(
        self, app: ASGIApp, metrics: GatewayMetrics, tracer: RequestTracer | None = None
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._tracer = tracer
        self._log = logging.getLogger("tradex.access")
        self._turn = AtTurnsEnd(self._tell)

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
                answering.end(span)
                self._turn.add(answering)

    def _tell(self, answered: Sequence["_Answering"]) -> None:
        for each in answered:
            self._metrics.answered(
                method=each.method,
                route=each.route,
                status=each.status,
                seconds=(each.answered or each.ended) - each.began,
                trace=each.place,
            )
        for level, name in _LEVELS.items():
            if self._log.isEnabledFor(level):
                lines = [each.line(name) for each in answered if each.level == level]
                if lines:
                    write_lines(self._log, level, lines)


class _Answering:
    """One request in the course of being answered; its status is 0 until it is."""

    __slots__ = ("_scope", "_send", "answered", "began", "ended", "place", "route", "status")

    def __init__(self, scope: HTTPScope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.began = perf_counter()
        self.answered = self.ended = 0.0
        self.status = 0
        self.route = _UNMATCHED
        self.place: Trace | None = None

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.answered, self.status = perf_counter(), message["status"]
            route = self._scope.get("path_template", _UNMATCHED)
            headers = (*security_headers(route), *told_of(self._scope))
            message["headers"] = [*message["headers"], *headers]
        await self._send(message)

    def end(self, span: RequestSpan) -> None:
        """Hear that nothing more is sent, and tell the span of it."""
        self.ended, self.place = perf_counter(), tracing.current().trace
        template = self._scope.get("path_template")
        self.route = template or _UNMATCHED
        span.answered(route=template, status=self.status, operation_id=self._told("operation_id"))

    @property
    def method(self) -> str:
        """How it was asked."""
        return self._scope["method"]

    @property
    def level(self) -> int:
        """Who is to read of it: few, where somebody asks for health."""
        return logging.DEBUG if self.route.startswith("/health/") else logging.INFO

    def line(self, level: str) -> RequestLine:
        """Return its line in the log."""
        return RequestLine.now(
            level=level,
            method=self.method,
            route=self.route,
            status=self.status,
            seconds=self.ended - self.began,
            place=self.place,
            operation_id=self._told("operation_id"),
            order_id=self._told("order_id"),
        )

    def _told(self, name: str) -> str | None:
        return self._scope["state"].get(name)
