"""Writes what was measured into the documentation: the page's table and its chart."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.bench.chart import as_svg
from tests.bench.processes import ROOT
from tests.bench.table import Row, as_markdown

PAGE: Final = ROOT / "docs" / "benchmarks.md"
CHART: Final = ROOT / "docs" / "benchmarks.svg"
_BEGIN: Final = "<!-- written by `nox -s bench -- --write-docs` -->"
_END: Final = "<!-- until here -->"


def write_docs(rows: Sequence[Row], *, page: Path = PAGE, chart: Path = CHART) -> None:
    """Put the table between the page's marks, and the chart beside the page.

    Raises ValueError where the page has no marks.
    """
    page.write_text(with_table(page.read_text(encoding="utf-8"), rows), encoding="utf-8")
    chart.write_text(as_svg(rows), encoding="utf-8")


def with_table(text: str, rows: Sequence[Row]) -> str:
    """Return a page's text with the table between its marks."""
    begin, end = text.find(_BEGIN), text.find(_END)
    if not 0 <= begin < end:
        msg = f"the page must have the lines {_BEGIN!r} and {_END!r}, in this order"
        raise ValueError(msg)
    return f"{text[: begin + len(_BEGIN)]}\n\n{as_markdown(rows)}\n\n{text[end:]}"
