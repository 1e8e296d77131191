"""Answers whose bytes are ready: a Litestar handler may return any ASGI app."""

from collections.abc import Iterable

from litestar.types import Receive, Scope, Send

from tradex_core.events import codec

RawHeaders = tuple[tuple[bytes, bytes], ...]

JSON = (b"content-type", b"application/json")
PRIVATE = (b"cache-control", b"no-store")
RETRY_SOON = (b"retry-after", b"1")

_PRIVATE_JSON: RawHeaders = (JSON, PRIVATE)


class Answer:
    """A status, headers and a body; nobody may store it unless its headers say otherwise."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, headers: RawHeaders = _PRIVATE_JSON) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        length = (b"content-length", b"%d" % len(self.body))
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [*self.headers, length] if self.body else list(self.headers),
            }
        )
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def json_answer(
    value: object, *, status: int = 200, headers: Iterable[tuple[str, str]] = ()
) -> Answer:
    """Answer with a value as JSON, for the caller's eyes only."""
    return Answer(status, codec.encode(value), (*_PRIVATE_JSON, *raw(headers)))


def public_answer(value: object, *, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    """Answer with a value as JSON that caches may keep once they have asked again."""
    no_cache = (b"cache-control", b"no-cache")
    return Answer(200, codec.encode(value), (JSON, no_cache, *raw(headers)))


def raw(headers: Iterable[tuple[str, str]]) -> RawHeaders:
    """Return headers as ASGI has them."""
    return tuple((name.lower().encode(), value.encode("latin-1")) for name, value in headers)
