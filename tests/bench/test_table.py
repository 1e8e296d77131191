import pytest
from tests.bench.rounds import Ratio
from tests.bench.table import Goal, Row, as_data, as_markdown, as_text


def a_row(value: float = 2.0, *, goal: Goal | None = None, notes: tuple[str, ...] = ()) -> Row:
    return Row(
        name="pace",
        label="pace",
        what="requests a second",
        against="a bare handler",
        goal=goal or Goal(3.0),
        got=Ratio(value, value - 0.5, value + 0.5),
        notes=notes,
    )


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (Goal(3.0), 3.0, "reached"),
        (Goal(3.0), 3.01, "missed"),
        (Goal(0.8, at_least=True), 0.8, "reached"),
        (Goal(0.8, at_least=True), 0.79, "missed"),
    ],
)
def test_a_goal_is_reached_or_missed(goal: Goal, value: float, verdict: str) -> None:
    assert verdict == a_row(value, goal=goal).verdict


def test_what_uses_all_that_is_allowed_uses_one() -> None:
    assert 1.0 == Goal(3.0).used_by(3.0)
    assert 0.5 == Goal(3.0).used_by(1.5)
    assert 2.0 == Goal(0.8, at_least=True).used_by(0.4)


@pytest.mark.parametrize(
    ("value", "unit", "figure"),
    [
        (0.512, "x", "0.51x"),
        (13.06, "x", "13.1x"),
        (119.6, "MiB", "120 MiB"),
        (9.996, "x", "10.0x"),
    ],
)
def test_a_figure_has_three_digits_and_its_unit(value: float, unit: str, figure: str) -> None:
    assert figure == a_row(value, goal=Goal(1.0, unit=unit)).figure


def test_the_table_for_a_terminal_is_in_columns_and_has_its_notes_below() -> None:
    lines = as_text([a_row(notes=("made of much",))]).splitlines()

    assert lines[0].index("reach") == lines[2].index("<= 3.00x")
    assert "2.00x (1.50 to 2.50)" in lines[2]
    assert ["", "requests a second:", "  - made of much"] == lines[3:]


def test_the_table_of_a_page_has_a_cell_for_everything() -> None:
    table = as_markdown([a_row(4.0)])

    assert (
        "| requests a second | a bare handler | <= 3.00x | 4.00x (3.50 to 4.50) | missed |" in table
    )


def test_the_data_tell_the_figures_as_they_are() -> None:
    [row] = as_data([a_row()])

    assert ("pace", 3.0, False, 2.0, "reached") == (
        row["name"],
        row["bound"],
        row["at_least"],
        row["median"],
        row["verdict"],
    )
