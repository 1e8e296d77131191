"""Server-sent events: their format, and a response that notices when the client is gone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from litestar.types import Receive, Scope, Send

from apps.gateway.answers import PRIVATE

KEEP_ALIVE: Final = b": keep-alive\n\n"
RETRY: Final = b"retry: 2000\n\n"
"""How long, in milliseconds, a client waits before it connects again."""

_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    PRIVATE,
    (b"x-accel-buffering", b"no"),
)
_MAX_DIGITS: Final = 9


def server_sent_event(name: str, *, id: int, data: bytes) -> bytes:  # noqa: A002
    """Return an event whose data is JSON on one line."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (id, name.encode(), data)


def last_event_id(header: bytes | None) -> int | None:
    """Return the id of the last event that the client got; None where it got none of ours."""
    if header is None or not header.isdigit() or len(header) > _MAX_DIGITS:
        return None
    return int(header)


class EventStream:
    """Sends what a generator yields until it ends or the client is gone; then it is closed."""

    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        self._chunks = chunks

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        async with aclosing(self._chunks) as chunks:
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
