"""Many seeds, shared out among processes."""

import gc
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from typing import Final

import msgspec
from tests.simulation.plan import plan_of
from tests.simulation.run import simulate
from tests.simulation.sabotage import SABOTAGES

_AT_ONCE: Final = 50


class Failure(msgspec.Struct, frozen=True):
    """A seed that failed, and what it should not have left behind."""

    seed: int
    violations: list[str]


class Share(msgspec.Struct, frozen=True):
    """What some seeds came to."""

    seeds: int
    faults: int
    failures: list[Failure]


def run_seeds(seeds: Iterable[int]) -> Share:
    """Run seeds in this process."""
    count, faults, failures = 0, 0, []
    for seed in seeds:
        result = simulate(plan_of(seed))
        count += 1
        faults += result.faults
        if result.violations:
            failures.append(Failure(seed, result.violations))
        gc.collect(1)
    return Share(count, faults, failures)


def campaign(first: int, count: int, *, jobs: int, tell: Callable[[Share], None]) -> Share:
    """Run so many seeds from the first on; `tell` hears of each share that is done."""
    shares = [
        range(start, min(start + _AT_ONCE, first + count))
        for start in range(first, first + count, _AT_ONCE)
    ]
    total = Share(0, 0, [])
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        for done in as_completed([pool.submit(run_seeds, share) for share in shares]):
            share = done.result()
            tell(share)
            total = Share(
                total.seeds + share.seeds,
                total.faults + share.faults,
                sorted([*total.failures, *share.failures], key=lambda failure: failure.seed),
            )
    return total


class Catch(msgspec.Struct, frozen=True):
    """After how many seeds a broken variant was caught, and by what; None: it was not."""

    name: str
    seeds: int | None
    violation: str
    seconds: float


def catch(name: str, *, first: int = 0, most: int) -> Catch:
    """Run a broken variant from a seed on until it is caught."""
    began = time.perf_counter()
    for number, seed in enumerate(range(first, first + most), start=1):
        with SABOTAGES[name]():
            result = simulate(plan_of(seed))
        if result.violations:
            seconds = time.perf_counter() - began
            return Catch(name, number, result.violations[0], seconds)
        gc.collect(1)
    return Catch(name, None, "", time.perf_counter() - began)


def catches(*, first: int, most: int, jobs: int) -> Iterator[Catch]:
    """Run every broken variant, several at a time."""
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        yield from pool.map(partial(catch, first=first, most=most), SABOTAGES)


def all_jobs() -> int:
    """Return how many processes the machine runs at once."""
    return os.cpu_count() or 1
