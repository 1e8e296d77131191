"""Secrets that never show themselves: in a repr, a message, a traceback or a log line."""

from typing import Final

MASK: Final = "***"


class SecretText(str):
    """A text to be used as it is, and shown as `***`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return MASK


class SecretBytes(bytes):
    """Bytes to be used as they are, and shown as `***`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return MASK
