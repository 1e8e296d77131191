"""Every message and fact as it was ever published or kept: a file that only grows.

`PYTHONPATH=src python -m tests.core.events.golden --append` adds what the builders make today and
the file does not have. Each line holds the SHA-256 of the line before it, so that none can be
changed or left out unseen.
"""

import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from tests.builders.published import facts, messages

from tradex_core.messaging.broker import Message

FILE: Final = Path(__file__).with_suffix(".jsonl")
COMMAND: Final = "PYTHONPATH=src python -m tests.core.events.golden --append"
FACTS: Final = "order_events"
"""The table of orders' facts, where a message says its topic."""
_START: Final = "nothing"


class Golden(msgspec.Struct, frozen=True, omit_defaults=True):
    """What lies in a topic or a table: its key, its headers and its value, as they are there."""

    lies_in: str
    value: str
    key: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def message(self) -> Message:
        """The message that it is."""
        headers = tuple((name, text.encode()) for name, text in self.headers)
        key = None if self.key is None else self.key.encode()
        return Message(self.lies_in, key, self.value.encode(), headers)


class _Line(msgspec.Struct, frozen=True):
    golden: Golden
    line_before: str


def read() -> list[Golden]:
    """Return what the file holds; raises ValueError where a line of it is not what it was."""
    found, before = [], _START
    for number, raw in enumerate(FILE.read_bytes().splitlines(), start=1):
        line = msgspec.json.decode(raw, type=_Line)
        if line.line_before != before:
            msg = f"{FILE.name}, line {number}: what comes before it was changed; restore that"
            raise ValueError(msg)
        found.append(line.golden)
        before = _digest(raw)
    return found


def made() -> Iterator[Golden]:
    """Return what the builders make, as production lays it out today."""
    for message in messages():
        yield Golden(
            lies_in=message.topic,
            value=(message.value or b"").decode(),
            key=None if message.key is None else message.key.decode(),
            headers=tuple((name, raw.decode()) for name, raw in message.headers),
        )
    for fact in facts():
        yield Golden(lies_in=FACTS, value=fact.decode())


def missing() -> list[Golden]:
    """Return what is made today and is not in the file."""
    known = set(read())
    return [each for each in dict.fromkeys(made()) if each not in known]


def append(more: Iterable[Golden]) -> None:
    """Add lines."""
    lines = FILE.read_bytes().splitlines()
    before = _digest(lines[-1]) if lines else _START
    with FILE.open("ab") as file:
        for golden in more:
            raw = msgspec.json.encode(_Line(golden, before))
            file.write(raw + b"\n")
            before = _digest(raw)


def _digest(line: bytes) -> str:
    return sha256(line).hexdigest()[:32]


if __name__ == "__main__":
    lacking = missing()
    if "--append" in sys.argv[1:]:
        append(lacking)
    elif lacking:
        sys.exit(f"{len(lacking)} lines are missing: `{COMMAND}` adds them")
