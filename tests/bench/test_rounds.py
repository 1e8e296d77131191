from tests.bench.rounds import Ratio, in_turns


def test_sides_run_in_turns() -> None:
    ran: list[str] = []

    def side(name: str) -> str:
        ran.append(name)
        return name

    turns = in_turns(2, lambda: side("A"), lambda: side("B"))

    assert ["A", "B", "A", "B"] == ran
    assert [["A", "B"], ["A", "B"]] == turns


def test_a_ratio_compares_what_ran_in_the_same_round() -> None:
    slow_in_the_second_round = [(2.0, 1.0), (20.0, 10.0), (2.2, 1.0), (1.8, 1.0)]

    assert Ratio(median=2.0, low=1.95, high=2.05) == Ratio.of(slow_in_the_second_round)


def test_one_round_has_no_spread() -> None:
    assert Ratio(median=3.0, low=3.0, high=3.0) == Ratio.of([(3.0, 1.0)])
