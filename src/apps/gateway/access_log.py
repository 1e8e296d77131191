"""The one wrapper around the whole app: a log line per request, and a header on every answer."""

import asyncio
import logging
from time import perf_counter
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from apps.runtime.request_line import RequestLine

_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_log = logging.getLogger("tradex.access")


class AccessLog:
    """Logs each request's route, not its path: a path's ids, queries and bodies stay out.

    The lines of one turn of the event loop are written together at its end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._unwritten: list[tuple[int, RequestLine]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and log it once it is answered."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], _NOSNIFF]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._note(scope, status, perf_counter() - began)

    def _note(self, scope: HTTPScope, status: int, seconds: float) -> None:
        route = scope.get("path_template", "unmatched")
        level = logging.DEBUG if route.startswith("/health/") else logging.INFO
        if not _log.isEnabledFor(level):
            return
        line = RequestLine.now(
            method=scope["method"],
            route=route,
            status=status,
            seconds=seconds,
            operation_id=scope["state"].get("operation_id"),
        )
        if not self._unwritten:
            asyncio.get_running_loop().call_soon(self._write)
        self._unwritten.append((level, line))

    def _write(self) -> None:
        lines, self._unwritten = self._unwritten, []
        for level, line in lines:
            _log.handle(logging.LogRecord(_log.name, level, "", 0, line, (), None))
