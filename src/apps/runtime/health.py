"""What an app tells operators over HTTP: whether it lives, whether it is ready, its metrics."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
AsgiApp = Callable[[Any, Receive, Send], Awaitable[None]]
Ready = Callable[[], Awaitable[Mapping[str, bool]]]
"""Returns what is needed by name, and whether it is there."""

_JSON = b"application/json"


class HealthApp:
    """Answers `/health/live`, `/health/ready` and, where there are some, `/metrics`.

    That it lives is told without a look at anything else. `before_metrics` is called before each
    scrape; `warnings` are told beside the checks, and make nothing less ready.
    """

    def __init__(
        self,
        ready: Ready,
        *,
        metrics: AsgiApp | None = None,
        before_metrics: Callable[[], Awaitable[None]] | None = None,
        warnings: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._ready = ready
        self._metrics = metrics
        self._before_metrics = before_metrics
        self._warnings = warnings

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ANN401
        """Serve a request."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path == "/metrics" and self._metrics is not None:
            if self._before_metrics is not None:
                await self._before_metrics()
            await self._metrics(scope, receive, send)
            return
        status, body = await self._answer(path)
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", _JSON), (b"cache-control", b"no-store")],
            }
        )
        await send({"type": "http.response.body", "body": msgspec.json.encode(body)})

    async def _answer(self, path: str) -> tuple[HTTPStatus, Mapping[str, object]]:
        if path == "/health/live":
            return HTTPStatus.OK, {"status": "live"}
        if path == "/health/ready":
            checks, warnings = await self._ready(), self._warnings()
            told = {"checks": checks} | ({"warnings": warnings} if warnings else {})
            if all(checks.values()):
                return HTTPStatus.OK, {"status": "ready", **told}
            return HTTPStatus.SERVICE_UNAVAILABLE, {"status": "not_ready", **told}
        return HTTPStatus.NOT_FOUND, {"status": "not_found"}
