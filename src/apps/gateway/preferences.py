"""The Prefer header (RFC 7240): for how many seconds the client would wait."""

from typing import Final

MAX_WAIT: Final = 30


def wait_preference(header: bytes | None) -> int | None:
    """Return the seconds of the first `wait`, MAX_WAIT at most; None where none is valid."""
    if header is None:
        return None
    for preference in header.split(b","):
        name, _, value = preference.partition(b";")[0].partition(b"=")
        if name.strip().lower() == b"wait":
            return _seconds(value.strip().strip(b'"'))
    return None


def _seconds(text: bytes) -> int | None:
    if not text.isdigit():
        return None
    return MAX_WAIT if len(text) > len(str(MAX_WAIT)) else min(int(text), MAX_WAIT)
