"""The command: many seeds, one seed told in full, or the broken variants."""

import argparse
import sys
import time
from contextlib import nullcontext

from tests.simulation.campaign import Share, all_jobs, campaign, catches
from tests.simulation.plan import plan_of
from tests.simulation.report import told
from tests.simulation.run import simulate
from tests.simulation.sabotage import SABOTAGES
from tests.simulation.shrinking import shrink


def main() -> int:
    """Do what the command line says; 0 where everything held."""
    options = _parser().parse_args()
    if options.sabotage == "all":
        return _try_all_sabotages(options)
    if options.seed is not None:
        return _tell(options)
    return _run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=all_jobs(), help="in how many processes")
    parser.add_argument("--seed", type=int, help="run this one alone, and tell its story")
    parser.add_argument("--whole", action="store_true", help="tell a failing seed unshrunk")
    parser.add_argument(
        "--sabotage", choices=["all", *SABOTAGES], help="break the platform on purpose first"
    )
    return parser


def _run(options: argparse.Namespace) -> int:
    began = time.perf_counter()

    def tell(share: Share) -> None:
        for failure in share.failures:
            _say(f"seed {failure.seed}: {failure.violations[0]}")

    total = campaign(options.first, options.seeds, jobs=options.jobs, tell=tell)
    seconds = time.perf_counter() - began
    _say(
        f"{total.seeds} seeds, {total.faults} faults, {len(total.failures)} failed;"
        f" {seconds:.0f} s, {total.seeds / seconds:.1f} seeds a second"
    )
    if not total.failures:
        return 0
    _say(told(shrink(simulate(plan_of(total.failures[0].seed)))))
    return 1


def _tell(options: argparse.Namespace) -> int:
    broken = SABOTAGES[options.sabotage]() if options.sabotage else nullcontext()
    with broken:
        result = simulate(plan_of(options.seed))
        if result.violations and not options.whole:
            result = shrink(result)
    _say(told(result))
    return 1 if result.violations else 0


def _try_all_sabotages(options: argparse.Namespace) -> int:
    escaped = 0
    for found in catches(first=options.first, most=options.seeds, jobs=options.jobs):
        after = f"after {found.seeds} seeds" if found.seeds else f"NOT in {options.seeds} seeds"
        _say(f"{found.name}: caught {after} ({found.seconds:.1f} s) {found.violation[:120]}")
        escaped += found.seeds is None
    return 1 if escaped else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
