"""What a page tells people to write into files: whole new ones, and changes to those there are."""

import re
from pathlib import Path
from typing import Final

_NEW_FILE: Final = re.compile(r"# ((?:src|tests)/\S+\.py)\n\n?")
_CHANGED_FILE: Final = re.compile(r"\+\+\+ (\S+)\n")
_HUNK: Final = re.compile(r"^@@.*\n", re.MULTILINE)


def is_file(python: str) -> bool:
    """Return whether a block of Python is a file's content: its first line says which file's."""
    return _NEW_FILE.match(python) is not None


def write_file(root: Path, python: str) -> None:
    """Write the file that a block of Python is; it must be a new one."""
    named = _NEW_FILE.match(python)
    assert named is not None
    path = root / named[1]
    assert not path.exists(), f"{named[1]} is there already"
    path.write_text(python[named.end() :], encoding="utf-8")


def change_file(root: Path, diff: str) -> None:
    """Make the changes of a diff; what is around each must stand in the file exactly once."""
    named = _CHANGED_FILE.match(diff)
    assert named is not None, f"it does not say which file it changes:\n{diff}"
    path = root / named[1]
    text = path.read_text(encoding="utf-8")
    for hunk in filter(None, _HUNK.split(diff[named.end() :])):
        before, after = _side(hunk, without="+"), _side(hunk, without="-")
        assert 1 == text.count(before), f"not once in {named[1]}:\n{before}"
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def _side(hunk: str, *, without: str) -> str:
    lines = hunk.splitlines(keepends=True)
    return "".join(line[1:] or "\n" for line in lines if not line.startswith(without))
