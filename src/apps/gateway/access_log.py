"""The one wrapper around the whole app: a log line per request, and a header on every answer."""

import logging
from time import perf_counter
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_log = structlog.stdlib.get_logger("tradex.access")
_level = logging.getLogger("tradex.access")


class AccessLog:
    """Logs each request's route, not its path: a path's ids, queries and bodies stay out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
            _log_request(scope, status, perf_counter() - began)


def _log_request(scope: HTTPScope, status: int, seconds: float) -> None:
    route = scope.get("path_template", "unmatched")
    level = logging.DEBUG if route.startswith("/health/") else logging.INFO
    if not _level.isEnabledFor(level):
        return
    _log.log(
        level,
        "request",
        method=scope["method"],
        route=route,
        status=status,
        ms=round(seconds * 1000, 2),
        operation_id=scope["state"].get("operation_id"),
    )
