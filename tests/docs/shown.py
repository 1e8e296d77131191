"""Whether a command printed what its page shows.

Where a page shows `...` there may be anything: in a line, anything in that line; as a line of its
own, any number of lines. Ids, times and durations differ from run to run: where the page shows one,
any other of its kind will do.
"""

import re
from typing import Final

_KINDS: Final = {
    "<uuid>": r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    "<object id>": r"\b[0-9a-f]{24}\b",
    "<time>": r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
    "<duration>": r"\b\d+\.\d+ ?m?s\b",
}
_ANYTHING: Final = "..."


def is_as_shown(printed: str, shown: str) -> bool:
    """Return whether what was printed fits what the page shows."""
    pattern = "".join(_pattern_of(line) for line in _lines(shown))
    text = "".join(f"{line}\n" for line in _lines(printed))
    return re.fullmatch(pattern, text) is not None


def _pattern_of(line: str) -> str:
    if line == _ANYTHING:
        return r"(?:.*\n)*"
    return ".*".join(re.escape(part) for part in line.split(_ANYTHING)) + r"\n"


def _lines(text: str) -> list[str]:
    for kind, pattern in _KINDS.items():
        text = re.sub(pattern, kind, text)
    return [line.rstrip() for line in text.strip().splitlines()]
