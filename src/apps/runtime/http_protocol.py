"""HTTP/1.1 with clients that are slow, silent or gone: each of them is cut off in time.

uvicorn bounds how long a connection may rest between two requests, and nothing else.
"""

from asyncio import TimerHandle, Transport
from collections.abc import Callable
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Final, cast

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from apps.runtime.settings import Settings

MAX_HEAD_BYTES: Final = 64 * 1024
"""How long a request's line and headers may be, all together."""


class HttpLimits(msgspec.Struct, frozen=True):
    """How many connections there may be, and how long each may take, in seconds.

    `head` is for a request's line and headers, `body` for all of its body, `send` for a client that
    does not read, `rest` for the time between two requests.
    """

    connections: int = 5_000
    head: float = 10.0
    body: float = 20.0
    send: float = 30.0
    rest: float = 5.0

    @classmethod
    def of(cls, settings: Settings) -> "HttpLimits":
        """Return those that the settings name."""
        return cls(
            connections=settings.max_connections,
            head=settings.header_timeout.total_seconds(),
            body=settings.body_timeout.total_seconds(),
            send=settings.send_timeout.total_seconds(),
            rest=settings.keep_alive_timeout.total_seconds(),
        )


class _Stage(Enum):
    """What the client is about to send."""

    FIRST_BYTE = auto()
    HEAD = auto()
    BODY = auto()
    NOTHING = auto()


class _HeadTooLarge(Exception):
    """The parser passes it on as what could not be parsed."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection, which is cut off where its client takes longer than the limits allow.

    A request that arrives whole costs no timer.
    """

    def __init__(self, *, limits: HttpLimits, **given: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(**given)
        self.timeout_keep_alive = cast("int", limits.rest)
        self._limits = limits
        self._stage = _Stage.FIRST_BYTE
        self._steps = 0
        self._watched_step = -1
        self._head_bytes = 0
        self._parsed_bytes = 0
        self._receiving: TimerHandle | None = None
        self._sending: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin, unless there are too many connections."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            self._cut(_TOO_MANY)
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_receiving_timer()
        self._stop_sending_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        if self._stage is _Stage.NOTHING or self._stage is _Stage.FIRST_BYTE:
            self._go_on(_Stage.HEAD)
        step = self._steps
        super().data_received(data)
        if self._stage is _Stage.HEAD and self._steps == step:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._cut(_TOO_LARGE if self._can_answer() else b"")
        self._watch()

    def on_message_begin(self) -> None:
        """Begin with a request."""
        super().on_message_begin()
        if self._stage is not _Stage.HEAD:
            self._go_on(_Stage.HEAD)

    def on_headers_complete(self) -> None:
        """Hand the request to the app."""
        super().on_headers_complete()
        self._go_on(_Stage.BODY)

    def on_url(self, url: bytes) -> None:
        """Take a part of the request's line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what comes behind the body is not read."""
        self._count(len(name) + len(value))
        if self._stage is _Stage.HEAD:
            super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:
        """Refuse what could not be parsed, or was too long to be."""
        if self._parsed_bytes > MAX_HEAD_BYTES:
            self._cut(_TOO_LARGE if self._can_answer() else b"")
        else:
            super().send_400_response(msg)

    def on_message_complete(self) -> None:
        """End a request."""
        super().on_message_complete()
        self._go_on(_Stage.NOTHING)

    def pause_writing(self) -> None:
        """Hear that the client does not read."""
        super().pause_writing()
        self._give_up_sending()

    def resume_writing(self) -> None:
        """Hear that it does."""
        super().resume_writing()
        self._stop_sending_timer()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has rested; one that does not read its last answer, too."""
        super().timeout_keep_alive_handler()
        self._give_up_sending()

    def _go_on(self, stage: _Stage) -> None:
        self._stage = stage
        self._steps += 1
        self._head_bytes = self._parsed_bytes = 0

    def _count(self, length: int) -> None:
        """Count what was parsed of a head, or of what stands behind a body, within one read."""
        self._parsed_bytes += length
        if self._parsed_bytes > MAX_HEAD_BYTES:
            raise _HeadTooLarge

    def _watch(self) -> None:
        """Bound the time of what is under way once all that arrived is read."""
        if self._watched_step == self._steps:
            return
        self._watched_step = self._steps
        self._stop_receiving_timer()
        if self._stage is not _Stage.NOTHING and not self.transport.is_closing():
            limit = self._limits.body if self._stage is _Stage.BODY else self._limits.head
            self._receiving = self.loop.call_later(limit, self._too_slow)

    def _too_slow(self) -> None:
        self._cut(_TOO_SLOW if self._can_answer() else b"")

    def _can_answer(self) -> bool:
        """Whether a request has begun to arrive, and no answer to one before it is under way."""
        if self._stage is _Stage.FIRST_BYTE or self.pipeline:
            return False
        if self._stage is _Stage.BODY:
            return not self.cycle.response_started
        return not self._is_answering()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _cut(self, answer: bytes) -> None:
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if answer:
            self.transport.write(answer)
        self.transport.close()
        self._give_up_sending()

    def _give_up_sending(self) -> None:
        """Let go of the connection after a while, with what the client has not read by then."""
        if self._sending is None:
            abort: Callable[[], None] = self.transport.abort
            self._sending = self.loop.call_later(self._limits.send, abort)

    def _stop_sending_timer(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _stop_receiving_timer(self) -> None:
        if self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None


def _answer(status: HTTPStatus, slug: str, detail: str, *headers: str) -> bytes:
    """Return a whole answer, a problem document (RFC 9457), after which the connection ends."""
    problem = {"type": slug, "title": status.phrase, "status": status.value, "detail": detail}
    body = msgspec.json.encode(problem)
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        "connection: close",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


_TOO_SLOW: Final = _answer(
    HTTPStatus.REQUEST_TIMEOUT, "request_timeout", "The request did not arrive in time."
)
_TOO_LARGE: Final = _answer(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "Send 64 KiB at most."
)
_TOO_MANY: Final = _answer(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable",
    "There are too many connections.",
    "retry-after: 1",
)
