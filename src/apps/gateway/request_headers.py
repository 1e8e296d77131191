"""What the headers of a request say of its command: how long to wait, its key, its trace."""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from msgspec import Struct

from apps.gateway.preferences import wait_preference
from apps.gateway.problems import BadRequest
from tradex_core.messaging.tracing import Trace

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,255}")
_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_TRACESTATE: Final = re.compile(rb"[\x20-\x7e]{1,512}")


class InvalidIdempotencyKey(BadRequest):
    """The Idempotency-Key cannot be one."""

    slug = "invalid_idempotency_key"
    title = "The Idempotency-Key is not valid"


class Wishes(Struct, frozen=True):
    """What a client says about its command; `wait` is in seconds."""

    wait: int | None
    idempotency_key: str | None
    traceparent: str | None
    tracestate: str | None

    def seconds(self, default: timedelta | None) -> float:
        """Return for how long to wait."""
        if self.wait is not None:
            return self.wait
        return 0.0 if default is None else default.total_seconds()


_NONE: Final = Wishes(None, None, None, None)
_NAMES: Final = frozenset({b"prefer", b"idempotency-key", b"traceparent"})


def wishes_of(headers: Mapping[bytes, bytes], raw: Iterable[tuple[bytes, bytes]]) -> Wishes:
    """Read them; raises InvalidIdempotencyKey. Other headers that are malformed are ignored.

    `headers` are the `raw` ones by their names.
    """
    if _NAMES.isdisjoint(headers):
        return _NONE
    traceparent = _matching(_TRACEPARENT, headers.get(b"traceparent"))
    return Wishes(
        wait_preference(b",".join(value for name, value in raw if name == b"prefer")),
        _idempotency_key(headers.get(b"idempotency-key")),
        traceparent,
        _matching(_TRACESTATE, headers.get(b"tracestate")) if traceparent else None,
    )


def place_of(headers: Mapping[bytes, bytes]) -> Trace | None:
    """Return what a client says that its request follows from, if anything."""
    if b"traceparent" not in headers:
        return None
    return Trace.read(
        _matching(_TRACEPARENT, headers.get(b"traceparent")),
        _matching(_TRACESTATE, headers.get(b"tracestate")),
    )


def _idempotency_key(header: bytes | None) -> str | None:
    key = _matching(_KEY, header)
    if header is not None and key is None:
        detail = "Send 1 to 255 visible ASCII characters, such as a UUID."
        raise InvalidIdempotencyKey(detail)
    return key


def _matching(pattern: re.Pattern[bytes], header: bytes | None) -> str | None:
    if header is None or pattern.fullmatch(header) is None:
        return None
    return header.decode("ascii")
