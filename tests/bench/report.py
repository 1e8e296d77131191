"""Writes what was measured into the documentation: the page's table, its chart, and the rows.

What was not measured this time stays as it was: each row compares what ran side by side.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from tests.bench.chart import as_svg
from tests.bench.processes import ROOT
from tests.bench.table import Row, as_markdown

PAGE: Final = ROOT / "docs" / "benchmarks.md"
CHART: Final = ROOT / "docs" / "benchmarks.svg"
ROWS: Final = ROOT / "docs" / "benchmarks.json"
_BEGIN: Final = "<!-- written by `nox -s bench -- --write-docs` -->"
_END: Final = "<!-- until here -->"


def write_docs(
    measured: Sequence[Row], *, page: Path = PAGE, chart: Path = CHART, kept: Path = ROWS
) -> None:
    """Put the table between the page's marks, and the chart and the rows beside the page.

    Raises ValueError where the page has no marks.
    """
    former = msgspec.json.decode(kept.read_bytes(), type=list[Row]) if kept.exists() else []
    rows = list({row.name: row for row in (*former, *measured)}.values())
    page.write_text(with_table(page.read_text(encoding="utf-8"), rows), encoding="utf-8")
    chart.write_text(as_svg(rows), encoding="utf-8")
    kept.write_bytes(msgspec.json.format(msgspec.json.encode(rows)) + b"\n")


def with_table(text: str, rows: Sequence[Row]) -> str:
    """Return a page's text with the table between its marks."""
    begin, end = text.find(_BEGIN), text.find(_END)
    if not 0 <= begin < end:
        msg = f"the page must have the lines {_BEGIN!r} and {_END!r}, in this order"
        raise ValueError(msg)
    return f"{text[: begin + len(_BEGIN)]}\n\n{as_markdown(rows)}\n\n{text[end:]}"
