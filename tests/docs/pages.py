"""Reads the project's pages: their fenced blocks and their links."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
_PROMPT = re.compile(r"^\$ ", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and its text, and the line of the page on which it begins."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Typed:
    """What a page tells people to type into a terminal, and what it shows as printed, if it does.

    A command goes on in the next line where a line of it ends with a backslash.
    """

    command: str
    shown: str


def pages() -> list[Path]:
    """Return every page of the project."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def name_of(page: Path) -> str:
    """Return a page's name for a test's id."""
    return str(page.relative_to(ROOT))


def blocks_of(page: Path, *languages: str) -> list[Block]:
    """Return a page's blocks in these languages, or in any, in their order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], text.count("\n", 0, found.start()) + 2)
        for found in _FENCE.finditer(text)
        if not languages or found[1] in languages
    ]


def typed_in(block: Block) -> list[Typed]:
    """Return the commands of a console block."""
    before, *parts = _PROMPT.split(block.text)
    assert not before, f"no prompt says what of this is typed:\n{block.text}"
    return [_typed(part) for part in parts]


def commands_of(page: Path) -> list[str]:
    """Return the commands that a page shows."""
    return [typed.command for block in blocks_of(page, "console") for typed in typed_in(block)]


def links_of(page: Path) -> list[str]:
    """Return the files that a page links to."""
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    return [link for link in links if "://" not in link]


def _typed(text: str) -> Typed:
    lines = text.splitlines()
    end = next(number for number, line in enumerate(lines, 1) if not line.endswith("\\"))
    return Typed("\n".join(lines[:end]), "\n".join(lines[end:]))
