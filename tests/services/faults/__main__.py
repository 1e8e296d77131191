"""A schedule of faults and its verdict: `nox -s faults -- --seed 7 --minutes 60`."""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.services.deployment import APPS
from tests.services.faults.campaign import SETTINGS, Campaign
from tests.services.faults.schedule import schedule
from tests.services.servers.server import temporary_folder
from tests.services.stack import Stack


def main() -> None:
    """Run a campaign; exit status 1 where anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="nox -s faults --")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--replicas", type=int, default=2)
    given = parser.parse_args()
    with temporary_folder() as folder:
        found = asyncio.run(
            campaign(folder, given.seed, minutes=given.minutes, replicas=given.replicas)
        )
    print("\n".join(found) or "every invariant held")  # noqa: T201
    sys.exit(bool(found))


async def campaign(folder: Path, seed: int, *, minutes: float, replicas: int = 2) -> list[str]:
    """Run one schedule; return everything that is not as it must be."""
    stack = Stack(folder, replicas=dict.fromkeys(APPS, replicas), proxied=True, settings=SETTINGS)
    async with stack, Campaign(stack, seed) as clients:
        faults = schedule(
            seed,
            processes=[*stack.apps, *stack.servers],
            proxies=list(stack.proxies),
            seconds=minutes * 60,
        )
        await clients.suffer(faults)
        found = await clients.verdict()
        print(clients.history.told())  # noqa: T201
        print(f"slowest recovery {clients.slowest_recovery:.1f} s")  # noqa: T201
        return found


if __name__ == "__main__":
    main()
