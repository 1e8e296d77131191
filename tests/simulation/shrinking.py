"""Makes a failing plan smaller while it fails the same way, so that a person can follow it."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace
from tests.simulation.plan import Plan
from tests.simulation.run import Result, simulate

_MOST_RUNS: Final = 250


def shrink(failed: Result, *, most_runs: int = _MOST_RUNS) -> Result:
    """Return the smallest failing run that could be found; it breaks the same promise."""
    promise = _promise(failed)
    smallest, runs = failed, 0
    improved = True
    while improved:
        improved = False
        for plan in _smaller(smallest.plan, smallest.faults):
            if runs >= most_runs:
                return smallest
            runs += 1
            result = simulate(plan)
            if result.violations and _promise(result) == promise:
                smallest, improved = result, True
                break
    return smallest


def _promise(result: Result) -> str:
    return result.violations[0].partition(":")[0]


def _smaller(plan: Plan, faults: int) -> Iterator[Plan]:
    """Offer smaller plans, the biggest steps first."""
    yield from _with_fewer_faults(plan, faults)
    yield from _with_less_to_do(plan)
    for kind in plan.faults:
        yield replace(plan, faults={k: rate for k, rate in plan.faults.items() if k != kind})
    for app, replicas in plan.replicas.items():
        if replicas > 1:
            yield replace(plan, replicas={**plan.replicas, app: replicas - 1})


def _with_fewer_faults(plan: Plan, faults: int) -> Iterator[Plan]:
    """Let nothing go wrong after the first so many faults."""
    if faults == 0:
        return
    for most in dict.fromkeys((0, faults // 4, faults // 2, faults * 3 // 4, faults - 1)):
        if plan.most_faults is None or most < plan.most_faults:
            yield replace(plan, most_faults=most)


def _with_less_to_do(plan: Plan) -> Iterator[Plan]:
    if plan.attacks:
        yield replace(plan, attacks=0)
    if plan.ages:
        yield replace(plan, ages=False)
    if plan.dark:
        yield replace(plan, dark=None)
    sellers = (f"seller-{number}" for number in range(1, plan.sellers + 1))
    buyers = (f"buyer-{number}" for number in range(1, plan.buyers + 1))
    for name in sorted({*sellers, *buyers} - plan.without):
        yield replace(plan, without=plan.without | {name})
    for name in ("products", "steps", "attacks"):
        count = getattr(plan, name)
        for less in (count // 2, count - 1):
            if 0 < less < count:
                yield replace(plan, **{name: less})
