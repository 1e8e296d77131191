"""A schedule of faults and its verdict: `nox -s faults -- --seed 7 --minutes 60`."""

import argparse
import asyncio
import sys

from tests.services.faults.campaign import AT_ONCE, run
from tests.services.faults.report import DOCS, table, write
from tests.services.servers.server import temporary_folder


def main() -> None:
    """Run a campaign; exit status 1 where anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="nox -s faults --")
    parser.add_argument("--seed", type=int, default=1, help="of the schedule (1)")
    parser.add_argument("--minutes", type=float, default=10, help="that it takes in all (10)")
    parser.add_argument("--replicas", type=int, default=2, help="of each app (2)")
    parser.add_argument(
        "--at-once", type=int, default=AT_ONCE, help=f"faults that come together ({AT_ONCE})"
    )
    parser.add_argument("--write-docs", action="store_true", help=f"write the table into {DOCS}")
    given = parser.parse_args()
    if given.at_once < 1:
        parser.error("--at-once: at least one fault comes at a time")
    with temporary_folder() as folder:
        found, campaign = asyncio.run(
            run(
                folder,
                given.seed,
                minutes=given.minutes,
                at_once=given.at_once,
                replicas=given.replicas,
            )
        )
    told = table(campaign.recoveries)
    print(campaign.history.told(), told, sep="\n\n")  # noqa: T201
    print("\n".join(found) or "every invariant held")  # noqa: T201
    if given.write_docs:
        write(
            told,
            seed=given.seed,
            minutes=given.minutes,
            at_once=given.at_once,
            history=campaign.history,
        )
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
