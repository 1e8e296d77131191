"""Refuses what somebody in front of the gateway might read otherwise than the gateway does."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from litestar.exceptions import NotFoundException
from litestar.types import HTTPScope

from apps.gateway.problems import BadRequest

_SINGLE: Final = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"last-event-id",
        b"origin",
    }
)
"""The headers that the gateway reads and that have one value; Prefer is a list."""


class RepeatedHeader(BadRequest):
    """A header that has one value is there more than once."""

    slug = "repeated_header"
    title = "A header is there more than once"


def require_one_spelling(scope: HTTPScope) -> None:
    """Raise NotFoundException where the path is not spelled as its route is.

    A rule on paths, such as a proxy's, then holds for all that reach the route.
    """
    raw = scope["raw_path"]
    if b"%" in raw or b"//" in raw or (raw[-1:] == b"/" and len(raw) > 1):
        raise NotFoundException


def require_single(headers: Mapping[bytes, bytes], raw: Sequence[tuple[bytes, bytes]]) -> None:
    """Raise RepeatedHeader where a header that has one value is there more than once.

    `headers` are the `raw` ones by their names.
    """
    if len(headers) == len(raw):
        return
    counts = Counter(name for name, _ in raw)
    repeated = sorted(name.decode() for name in _SINGLE if counts[name] > 1)
    if repeated:
        detail = f"Send one {repeated[0]} only."
        raise RepeatedHeader(detail)
