from io import StringIO

from apps.demo.progress import Bar, Lines, reporting_on


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_where_there_is_no_terminal_a_line_tells_of_every_fifth_part() -> None:
    stream = StringIO()

    with reporting_on(stream).stage("orders", 10) as advance:
        for number in range(10):
            advance(f"day {number}")

    assert [
        "orders: 2 of 10 day 1",
        "orders: 4 of 10 day 3",
        "orders: 6 of 10 day 5",
        "orders: 8 of 10 day 7",
        "orders: 10 of 10 day 9",
    ] == stream.getvalue().splitlines()


def test_a_stage_of_few_parts_tells_of_each() -> None:
    stream = StringIO()

    with Lines(stream).stage("products", 2) as advance:
        advance("Tea")
        advance("Salt")

    assert ["products: 1 of 2 Tea", "products: 2 of 2 Salt"] == stream.getvalue().splitlines()


def test_a_terminal_gets_a_bar_that_ends_full() -> None:
    stream = Terminal()
    reporting = reporting_on(stream)

    with reporting.stage("orders", 2) as advance:
        advance("first")
        advance("second")

    assert isinstance(reporting, Bar)
    assert "2/2" in stream.getvalue()
