"""`tradex views rebuild`: what people are told of it, while it runs and after it."""

import pytest
from tests.apps.cli.shown import invoke, printed

from apps.cli.view_rebuilding import progress, show
from apps.operations.rebuilding import ComparedTable, RebuildReport


def a_report(*, different: int = 0, swapped: bool = True) -> RebuildReport:
    table = ComparedTable(
        table="order_view",
        live=1200,
        rebuilt=1201,
        different=different,
        examples=("order-1", "order-2")[:different],
    )
    return RebuildReport(records=9000, swapped=swapped, tables=(table,))


def lines(report: RebuildReport) -> list[str]:
    return printed(lambda console: show(report, console)).splitlines()


def test_each_table_is_shown_with_its_rows_and_those_that_differ() -> None:
    out = lines(a_report(different=2))
    assert " order_view    1,200     1,201           2   order-1" in out
    assert "order-2" in "".join(out)
    assert (
        "9,000 records replayed; 2 rows were not what the topics say; "
        "the rebuilt ones are read now" == out[-1]
    )


def test_views_that_were_right_are_called_so() -> None:
    assert (
        "the views were what the topics say; the rebuilt ones are read now" in lines(a_report())[-1]
    )


def test_that_different_views_stay_is_told() -> None:
    last = lines(a_report(different=1, swapped=False))[-1]
    assert last.endswith("1 row was not what the topics say; the old ones are read now")


def test_how_far_it_is_stands_on_standard_error_ten_times_at_most(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress(2000) as told:
        for _ in range(200):
            told(10)
    out, err = capsys.readouterr()
    assert "" == out
    assert 10 == len(err.splitlines())
    assert "replayed 2,000 of 2,000 records" == err.splitlines()[-1]


def test_topics_without_records_show_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(0) as told:
        told(5)
    assert ("", "") == tuple(capsys.readouterr())


def test_everything_that_a_rebuild_needs_is_told_at_once() -> None:
    status, out, err = invoke("views", "rebuild")
    assert (2, "") == (status, out)
    for variable in ("BROKER", "ACTOR_SIGNING_KEY", "GATEWAY_DATABASE_URL"):
        assert f"TRADEX_{variable}: " in err
