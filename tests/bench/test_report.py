from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from msgspec import structs
from tests.bench.chart import as_svg
from tests.bench.report import PAGE, with_table, write_docs
from tests.bench.rounds import Ratio
from tests.bench.table import Goal, Row

SVG = "{http://www.w3.org/2000/svg}"


def a_row(used: float) -> Row:
    return Row(
        name="start",
        label="start & end",
        what="the start",
        against="imports",
        goal=Goal(1.0),
        got=Ratio(used, used * 0.9, used * 1.1),
    )


def bars_of(svg: str, kind: str) -> list[float]:
    drawing = ET.fromstring(svg)  # noqa: S314 - the bench's own
    return [
        float(bar.attrib["width"]) for bar in drawing.iter(f"{SVG}rect") if bar.get("class") == kind
    ]


def test_a_bar_is_as_long_as_its_share_of_the_limit() -> None:
    [half], [whole] = (bars_of(as_svg([a_row(share)]), "reached") for share in (0.5, 1.0))

    assert 2 * half == whole


def test_a_bar_beyond_all_bounds_ends_where_the_room_does() -> None:
    svg = as_svg([a_row(100.0)])

    assert bars_of(svg, "room") == bars_of(svg, "missed")


def test_the_table_replaces_what_stood_between_the_marks() -> None:
    before = PAGE.read_text(encoding="utf-8")
    page = with_table(with_table(before, [a_row(0.7)]), [a_row(0.5)])

    assert before.splitlines()[0] == page.splitlines()[0]
    assert "0.50x" in page
    assert "0.70x" not in page


def test_a_page_without_marks_is_left_as_it_is() -> None:
    with pytest.raises(ValueError, match="must have the lines"):
        with_table("# Benchmarks", [a_row(0.5)])


def test_the_page_and_its_chart_are_written(tmp_path: Path) -> None:
    page, chart, kept = (tmp_path / name for name in ("page.md", "chart.svg", "rows.json"))
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")

    write_docs([a_row(0.5)], page=page, chart=chart, kept=kept)

    assert "| the start | imports |" in page.read_text(encoding="utf-8")
    assert as_svg([a_row(0.5)]) == chart.read_text(encoding="utf-8")


def test_what_is_not_measured_again_stays_as_it_was(tmp_path: Path) -> None:
    page, chart, kept = (tmp_path / name for name in ("page.md", "chart.svg", "rows.json"))
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    other = structs.replace(a_row(0.5), name="end", what="the end")

    write_docs([a_row(0.4), other], page=page, chart=chart, kept=kept)
    write_docs([a_row(0.7)], page=page, chart=chart, kept=kept)

    assert as_svg([a_row(0.7), other]) == chart.read_text(encoding="utf-8")
    assert "0.40x" not in page.read_text(encoding="utf-8")
