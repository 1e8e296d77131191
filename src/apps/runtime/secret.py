"""Secrets that never show themselves: in a repr, a message, a traceback or a log line."""

from typing import Final

from tradex_core.key_rings import KeyRing

MASK: Final = "***"


class SecretText(str):
    """A text to be used as it is, and shown as `***`."""

    __slots__ = ()

    def reveal(self) -> str:
        """Return the text as one that shows itself, for a driver that reads it by showing it."""
        return str.__str__(self)

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


def kept_secret(value: str | bytes | KeyRing) -> SecretText | KeyRing:
    """Return a text, or the only key of a ring, as what does not show itself.

    What does not already is left as it is: made anew it would be its own mask.
    """
    if isinstance(value, SecretText | KeyRing):
        return value
    return KeyRing.of(value) if isinstance(value, bytes) else SecretText(value)
