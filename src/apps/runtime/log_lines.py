"""Lines that render themselves, many at once: there is one for each request and each message."""

import logging
from collections.abc import Sequence
from typing import Protocol

import msgspec


class Line(Protocol):
    """A line of the log: a struct, the fields of which are those of the line as JSON.

    It stands in a log record in the message's place, and is laid out as structlog lays other
    lines out, which takes ten times as long.
    """

    def as_text(self, logger: str) -> str:
        """Return it for people."""
        ...


class Lines(msgspec.Struct, frozen=True, gc=False):
    """Lines that are written together, as one log record."""

    lines: Sequence[Line]


def write_lines(logger: logging.Logger, level: int, lines: Sequence[Line]) -> None:
    """Write lines, of a level that somebody reads."""
    logger.handle(logging.LogRecord(logger.name, level, "", 0, Lines(lines), (), None))


def shown(text: str) -> str:
    """Return a text as people may see it: what strangers sent begins no line of its own."""
    return text if text.isprintable() else repr(text)
