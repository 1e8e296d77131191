"""Makes a failing plan smaller while it fails the same way, so that a person can follow it."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace
from tests.simulation.plan import Plan
from tests.simulation.run import Result, simulate

_MOST_RUNS: Final = 400


def shrink(failed: Result, *, most_runs: int = _MOST_RUNS) -> Result:
    """Return the smallest failing run that could be found; it breaks the same promise."""
    promise = _promise(failed)
    smallest, runs = failed, 0
    improved = True
    while improved:
        improved = False
        for plan in _smaller(smallest.plan, smallest.drawn):
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


def _smaller(plan: Plan, drawn: int) -> Iterator[Plan]:
    """Offer smaller plans, the biggest steps first."""
    yield from _with_less_to_do(plan)
    yield from _with_fewer_faults(plan, drawn)
    for kind in plan.faults:
        yield replace(plan, faults={k: rate for k, rate in plan.faults.items() if k != kind})
    for app, replicas in plan.replicas.items():
        if replicas > 1:
            yield replace(plan, replicas={**plan.replicas, app: replicas - 1})


def _with_fewer_faults(plan: Plan, drawn: int) -> Iterator[Plan]:
    """Let nothing go wrong after a while; then spare some of the rest, in ever smaller groups."""
    left = drawn if plan.most_faults is None else min(drawn, plan.most_faults)
    for most in dict.fromkeys((0, left // 4, left // 2, left * 3 // 4, left - 1)):
        if 0 <= most < left:
            yield replace(plan, most_faults=most)
    happening = [number for number in range(1, left + 1) if number not in plan.spared]
    size = len(happening) // 2
    while size:
        for start in range(0, len(happening), size):
            yield replace(plan, spared=plan.spared.union(happening[start : start + size]))
        size //= 2


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
