"""The simulation finds bugs: ten ways to break the platform, and how many seeds each takes."""

from collections.abc import Callable

import pytest
from tests.simulation.campaign import catch
from tests.simulation.sabotage import SABOTAGES

MOST_SEEDS = 1000


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_broken_platform_is_caught(
    name: str, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    found = catch(name, most=MOST_SEEDS)
    assert found.seeds is not None, f"{name} was not caught in {MOST_SEEDS} seeds"
    record_property("seeds", found.seeds)
    with capsys.disabled():
        print(f"\n{name}: caught after {found.seeds} seeds: {found.violation[:100]}", end=" ")  # noqa: T201


def test_there_are_ten_ways_to_break_it() -> None:
    assert len(SABOTAGES) == 10
