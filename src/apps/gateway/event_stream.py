"""Server-sent events: their format, and a response that notices when the client is gone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Final

from litestar.types import Receive, Scope, Send

from apps.gateway.answers import PRIVATE
from tradex_core.errors import Outage
from tradex_core.ids import Entropy

KEEP_ALIVE: Final = b": keep-alive\n\n"
_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    PRIVATE,
    (b"x-accel-buffering", b"no"),
)
_MAX_DIGITS: Final = 9


def server_sent_event(name: str, *, id: int, data: bytes) -> bytes:  # noqa: A002
    """Return an event whose data is JSON on one line."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (id, name.encode(), data)


def retry_hint(entropy: Entropy) -> bytes:
    """Return how long a client waits before it connects again: 1 to 3 s, or all come at once."""
    return b"retry: %d\n\n" % (1000 + entropy.bits(11))


def last_event_id(header: bytes | None) -> int | None:
    """Return the id of the last event that the client got; None where it got none of ours."""
    if header is None or not header.isdigit() or len(header) > _MAX_DIGITS:
        return None
    return int(header)


class EventStream:
    """Sends what a generator yields until it ends or the client is gone; then it is closed.

    An outage ends it too: the client comes back, and goes on behind the last event that it got.
    What is raised before the first chunk is answered as ever.
    """

    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        self._chunks = chunks

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        async with aclosing(self._chunks):
            first = await anext(self._chunks)
            await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            sending = asyncio.ensure_future(self._send(first, send))
            leaving = asyncio.ensure_future(_disconnected(receive))
            try:
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if sending.done():
                    sending.result()
            finally:
                sending.cancel()
                leaving.cancel()
                await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, first: bytes, send: Send) -> None:
        await send({"type": "http.response.body", "body": first, "more_body": True})
        with suppress(Outage):
            async for chunk in self._chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
