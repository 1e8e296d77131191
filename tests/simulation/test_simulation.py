"""A few hundred days on which everything goes wrong; `nox -s simulate` runs as many as you like."""

from collections.abc import Sequence

import pytest
from tests.simulation.campaign import run_seeds
from tests.simulation.plan import plan_of
from tests.simulation.report import told
from tests.simulation.run import simulate
from tests.simulation.shrinking import shrink

CHUNKS = 10
SEEDS_IN_EACH = 25
FAILED_ONCE = (3239, 3391, 8051)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_promise_holds_whatever_goes_wrong(chunk: int) -> None:
    first = chunk * SEEDS_IN_EACH
    assert_clean(range(first, first + SEEDS_IN_EACH))


def test_what_failed_once_holds() -> None:
    assert_clean(FAILED_ONCE)


def assert_clean(seeds: Sequence[int]) -> None:
    share = run_seeds(seeds)
    for failure in share.failures:
        story = told(shrink(simulate(plan_of(failure.seed)), most_runs=60))
        pytest.fail(f"`nox -s simulate -- --seed {failure.seed}` fails:\n{story}")
    assert len(seeds) == share.seeds
    assert share.faults > 0
