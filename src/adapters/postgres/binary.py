"""Values as PostgreSQL takes them in binary, for COPY; the server reads each as its column's type.

The forms are those of the types' `recv` functions (src/backend/utils/adt), the same since long.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TEXT_OID: Final = 25
_NUMERIC: Final = struct.Struct(">7h")
_ARRAY: Final = struct.Struct(">5i")
_NO_ELEMENTS: Final = struct.pack(">3i", 0, 0, _TEXT_OID)

int2: Final = struct.Struct(">h").pack
int4: Final = struct.Struct(">i").pack
int8: Final = struct.Struct(">q").pack


def boolean(value: bool) -> bytes:  # noqa: FBT001 - it is the value
    """Return a boolean."""
    return b"\1" if value else b"\0"


def uuid(text: str) -> bytes:
    """Return a UUID in its usual notation as `uuid`; raises ValueError for another text."""
    return bytes.fromhex(text.replace("-", ""))


@lru_cache(maxsize=4096)
def numeric(cents: int) -> bytes:
    """Return an amount of at most twelve digits, in cents, as `numeric` with two places.

    Prices come again and again.
    """
    whole, fraction = divmod(cents, 100)
    # Three digits to the base of 10,000, of which two stand before the point.
    return _NUMERIC.pack(3, 1, 0, 2, *divmod(whole, 10_000), fraction * 100)


def timestamptz(at: datetime) -> bytes:
    """Return an instant, to the microsecond."""
    return int8((at - _EPOCH) // _MICROSECOND)


def jsonb(document: bytes) -> bytes:
    """Return a JSON document as `jsonb`."""
    return b"\1" + document


def texts(values: Sequence[str]) -> bytes:
    """Return `text[]`."""
    if not values:
        return _NO_ELEMENTS
    elements = [value.encode() for value in values]
    lengths = [int4(len(element)) for element in elements]
    body = b"".join(part for pair in zip(lengths, elements, strict=True) for part in pair)
    return _ARRAY.pack(1, 0, _TEXT_OID, len(elements), 1) + body
