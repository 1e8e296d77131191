"""The table of what was measured: what it was held against, what was to be reached, what it got."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from tests.bench.rounds import Ratio

_HEADS: Final = ("what", "against, in the same run", "reach", "got", "")


class Goal(Struct, frozen=True):
    """What is to be reached; `unit` stands behind its figures, `x` for a ratio."""

    bound: float
    at_least: bool = False
    unit: str = "x"

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {_figure(self.bound)}{_behind(self.unit)}"

    def is_met_by(self, value: float) -> bool:
        """Whether a value reaches it."""
        return value >= self.bound if self.at_least else value <= self.bound

    def used_by(self, value: float) -> float:
        """Return how much of what is allowed a value uses: 1 is just enough, more is too much."""
        return self.bound / value if self.at_least else value / self.bound


class Row(Struct, frozen=True, kw_only=True):
    """One thing that was measured; `label` is it in a few words, `notes` say what it is made of."""

    name: str
    label: str
    what: str
    against: str
    goal: Goal
    got: Ratio
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Whether the goal was reached."""
        return "reached" if self.goal.is_met_by(self.got.median) else "missed"

    @property
    def shown(self) -> str:
        """The figure as people read it, with the middle half of its rounds."""
        got = self.got
        if got.low == got.high:
            return self.figure
        return f"{self.figure} ({_figure(got.low)} to {_figure(got.high)})"

    @property
    def figure(self) -> str:
        """The figure alone."""
        return _figure(self.got.median) + _behind(self.goal.unit)

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        return (self.what, self.against, str(self.goal), self.shown, self.verdict)


def as_text(rows: Sequence[Row]) -> str:
    """Return the table for a terminal, and the notes under it."""
    lines = [_HEADS, *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    laid_out = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    laid_out.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*laid_out, *_notes(rows)])


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the table as a page has it, and the notes under it."""
    lines = [_HEADS, ("---",) * len(_HEADS), *(row.cells for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    sections = [
        f"**{row.what}**\n\n" + "\n".join(f"- {note}" for note in row.notes)
        for row in rows
        if row.notes
    ]
    return "\n\n".join([table, *sections])


def as_data(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Return the rows as JSON has them."""
    return [
        {
            "name": row.name,
            "what": row.what,
            "against": row.against,
            "bound": row.goal.bound,
            "at_least": row.goal.at_least,
            "unit": row.goal.unit,
            "median": row.got.median,
            "low": row.got.low,
            "high": row.got.high,
            "verdict": row.verdict,
            "notes": row.notes,
        }
        for row in rows
    ]


def _notes(rows: Sequence[Row]) -> list[str]:
    return [
        line
        for row in rows
        if row.notes
        for line in ("", f"{row.what}:", *(f"  - {note}" for note in row.notes))
    ]


def _behind(unit: str) -> str:
    return unit if unit == "x" else f" {unit}"


def _figure(value: float) -> str:
    """Return a number with three digits that say something."""
    for bound, places in ((9.995, 2), (99.95, 1)):
        if value < bound:
            return f"{value:.{places}f}"
    return f"{value:.0f}"
