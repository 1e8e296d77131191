"""A failing seed replays exactly, becomes small, and tells its story."""

import os
import subprocess
import sys

from msgspec.structs import replace
from tests.simulation.plan import plan_of
from tests.simulation.report import told
from tests.simulation.run import Result, simulate
from tests.simulation.sabotage import SABOTAGES
from tests.simulation.shrinking import shrink

A_BUSY_SEED = 10


def a_failed_run() -> Result:
    """Return the first run that fails where nobody looks whether a message was handled before."""
    results = (simulate(plan_of(seed)) for seed in range(100))
    return next(result for result in results if result.violations and result.faults > 9)


def test_the_same_seed_tells_the_same_story_to_the_byte() -> None:
    assert simulate(plan_of(A_BUSY_SEED)).story() == simulate(plan_of(A_BUSY_SEED)).story()


def test_the_same_seed_tells_the_same_story_in_every_process() -> None:
    stories = {
        subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seed", str(A_BUSY_SEED), "--whole"],
            env={**os.environ, "PYTHONHASHSEED": seed_of_hashes, "PYTHONPATH": "src"},
            capture_output=True,
            check=True,
        ).stdout
        for seed_of_hashes in ("1", "2")
    }
    assert {told(simulate(plan_of(A_BUSY_SEED))).encode() + b"\n"} == stories


def test_another_seed_tells_another_story() -> None:
    assert simulate(plan_of(A_BUSY_SEED)).story() != simulate(plan_of(A_BUSY_SEED + 1)).story()


def test_faults_end_after_as_many_as_are_wanted() -> None:
    plan = plan_of(A_BUSY_SEED)
    assert simulate(plan).faults > 3
    assert simulate(replace(plan, most_faults=3)).faults == 3


def test_a_failing_run_becomes_smaller_and_breaks_the_same_promise() -> None:
    with SABOTAGES["no inbox check"]():
        failed = a_failed_run()
        smaller = shrink(failed, most_runs=40)
        again = simulate(smaller.plan)
    assert failed.violations[0].split(":")[0] == smaller.violations[0].split(":")[0]
    assert len(smaller.story()) < len(failed.story())
    assert smaller.faults < failed.faults
    assert smaller.violations == again.violations


def test_a_failing_run_tells_what_broke_and_what_happened_before() -> None:
    with SABOTAGES["no inbox check"]():
        failed = a_failed_run()
    story = told(failed)
    assert f"seed {failed.plan.seed}" in story
    assert f"What should not be:\n  {failed.violations[0].partition(':')[0]}: " in story
    assert "seller-1     asks create: " in story
    assert "secret" not in story
