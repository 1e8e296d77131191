"""Cross-origin requests (the Fetch standard): from the configured origins, and from no other."""

from collections.abc import Collection
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_EXPOSED: Final = (
    "Location, Retry-After, Link, Preference-Applied, Idempotent-Replayed, "
    "RateLimit, RateLimit-Policy"
)
_ALLOWED: Final = "Authorization, Content-Type, Idempotency-Key, Prefer, Last-Event-ID"
_METHODS: Final = "GET, POST, PATCH"
_MAX_AGE_SECONDS: Final = 600
_VARY: Final = (b"vary", b"origin")

_PREFLIGHT: Final = (
    (b"access-control-allow-methods", _METHODS.encode()),
    (b"access-control-allow-headers", _ALLOWED.encode()),
    (b"access-control-max-age", str(_MAX_AGE_SECONDS).encode()),
)


class Cors:
    """Lets scripts of these origins read the answers; credentials are sent in a header only."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, and pass anything else on."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        allowed = self._allowed(headers.get(b"origin"))
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await _answer_preflight(allowed, send)
            return

        async def exposing(message: Message) -> None:
            if message["type"] == "http.response.start":
                exposed = (b"access-control-expose-headers", _EXPOSED.encode())
                added = [*allowed, exposed] if allowed else []
                message["headers"] = [*message["headers"], _VARY, *added]
            await send(message)

        await self._app(scope, receive, exposing)

    def _allowed(self, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        if origin is None or origin not in self._origins:
            return []
        return [(b"access-control-allow-origin", origin)]


async def _answer_preflight(allowed: list[tuple[bytes, bytes]], send: Send) -> None:
    headers = [_VARY, *allowed, *_PREFLIGHT] if allowed else [_VARY]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
