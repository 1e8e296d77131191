"""What an app tells operators over HTTP: whether it lives, has begun, is ready; its metrics."""

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
    """Answers `/health/live`, `/health/startup`, `/health/ready` and, if there are any, `/metrics`.

    That it lives is told without a look at anything else, and so is whether it `has_begun`. What is
    ready and what is not is named to operators; strangers learn the status alone (`is_public`).
    `before_metrics` is called before each scrape; `warnings` are told beside the checks, and make
    nothing less ready.
    """

    def __init__(
        self,
        ready: Ready,
        *,
        has_begun: Callable[[], bool],
        is_public: bool = False,
        metrics: AsgiApp | None = None,
        before_metrics: Callable[[], Awaitable[None]] | None = None,
        warnings: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._ready = ready
        self._has_begun = has_begun
        self._is_public = is_public
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
        if path == "/health/startup":
            if self._has_begun():
                return HTTPStatus.OK, {"status": "started"}
            return HTTPStatus.SERVICE_UNAVAILABLE, {"status": "starting"}
        if path == "/health/ready":
            checks = await self._ready()
            told = {} if self._is_public else self._told(checks)
            if all(checks.values()):
                return HTTPStatus.OK, {"status": "ready", **told}
            return HTTPStatus.SERVICE_UNAVAILABLE, {"status": "not_ready", **told}
        return HTTPStatus.NOT_FOUND, {"status": "not_found"}

    def _told(self, checks: Mapping[str, bool]) -> Mapping[str, object]:
        warnings = self._warnings()
        return {"checks": checks} | ({"warnings": warnings} if warnings else {})
