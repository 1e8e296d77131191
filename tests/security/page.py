"""The threats of SECURITY.md and the tests that it names for each."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "SECURITY.md"

_COLUMNS: Final = ["threat", "standard", "defence", "test"]
_STANDARD: Final = re.compile(r"(none|API\d+(, API\d+)*) / V\d+\.\d+(, V\d+\.\d+)*")
_TEST: Final = re.compile(r"\[`(test_\w+)`\]\((tests/[\w/]+\.py)\)")


class Named(Struct, frozen=True):
    """A test by its name and its file, whatever class it stands in."""

    name: str
    path: str


class Threat(Struct, frozen=True):
    """A row of the page."""

    what: str
    standard: str
    defence: str
    tests: tuple[Named, ...]

    @property
    def is_by_a_standard(self) -> bool:
        """Whether it says which line of the OWASP Top 10 and which sections of the ASVS it is."""
        return _STANDARD.fullmatch(self.standard) is not None


def threats() -> Iterator[Threat]:
    """Read the page's tables."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        is_row = line.startswith("| ") and len(cells) == len(_COLUMNS)
        if is_row and cells != _COLUMNS:
            what, standard, defence, tests = cells
            yield Threat(what, standard, defence, tuple(named_in(tests)))


def named_in(text: str) -> Iterator[Named]:
    """Return the tests that a text links to."""
    return (Named(name, path) for name, path in _TEST.findall(text))
