"""Lines that render themselves, many at once: there is one for each request and each message."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

import msgspec


class Line(Protocol):
    """A line of the log; it stands in a log record in the message's place.

    It is laid out as structlog lays other lines out, which takes ten times as long.
    """

    def as_text(self, logger: str) -> str:
        """Return it for people."""
        ...

    def as_json(self) -> bytes:
        """Return what it has of a JSON object, without the end."""
        ...


class Lines(msgspec.Struct, frozen=True, gc=False):
    """Lines that are written together, as one log record."""

    lines: Sequence[Line]


class LineBuffer:
    """Writes the lines of one turn of the event loop together at its end: one write for all."""

    def __init__(self, logger: str) -> None:
        self._log = logging.getLogger(logger)
        self._unwritten: dict[int, list[Line]] = {}

    def wants(self, level: int) -> bool:
        """Return whether anybody reads lines of this level."""
        return self._log.isEnabledFor(level)

    def add(self, level: int, line: Line) -> None:
        """Write a line soon; at once where there is no event loop."""
        is_first = not self._unwritten
        self._unwritten.setdefault(level, []).append(line)
        if is_first:
            self._write_soon()

    def _write_soon(self) -> None:
        try:
            asyncio.get_running_loop().call_soon(self._write)
        except RuntimeError:
            self._write()

    def _write(self) -> None:
        levels, self._unwritten = self._unwritten, {}
        for level, lines in levels.items():
            record = logging.LogRecord(self._log.name, level, "", 0, Lines(lines), (), None)
            self._log.handle(record)


def shown(text: str) -> str:
    """Return a text as people may see it: what strangers sent begins no line of its own."""
    return text if text.isprintable() else repr(text)
