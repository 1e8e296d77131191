"""What commands print for people: plain tables, and texts that play no tricks on a terminal."""

import os
import sys
from collections.abc import Collection, Mapping
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

_WIDTH_OF_A_PIPE: Final = 160


def console() -> Console:
    """Return standard output; a pipe is as wide as a long line, for what reads it."""
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if known else _WIDTH_OF_A_PIPE)


def printable(value: object, style: str = "") -> Text:
    """Return a text as it is, but for what nobody could see, which is escaped."""
    seen = (c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in str(value))
    return Text("".join(seen), style)


def pairs(facts: Mapping[str, object]) -> Table:
    """Return facts by their names, and a line after them."""
    found = Table.grid(Column(no_wrap=True, style="dim"), Column(overflow="fold"), padding=(0, 2))
    for name, value in facts.items():
        found.add_row(printable(name), printable(value))
    found.add_row()
    return found


def table(*columns: str, whole: Collection[str] = (), right: Collection[str] = ()) -> Table:
    """Return an empty table; `whole` columns are never broken, `right` ones hold numbers."""
    found = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        found.add_column(
            name,
            justify="right" if name in right else "left",
            no_wrap=name in whole or name in right,
            overflow="fold",
        )
    return found
