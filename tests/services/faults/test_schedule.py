"""Ten minutes of faults at two replicas of every app and at every server, dealt to two stacks.

`nox -s faults -- --seed SEED --part N/2` runs again what one of them went through.
"""

import pytest
from tests.services.deployment import APPS
from tests.services.faults.campaign import Part, run
from tests.services.faults.report import table
from tests.services.faults.schedule import Kind, schedule
from tests.services.servers.server import temporary_folder

SEED = 3
MINUTES = 10
PARTS = 2
SERVERS = ("kafka", "postgres", "mongo")


@pytest.mark.parametrize("number", range(1, PARTS + 1))
async def test_whatever_happens_to_whichever_process_the_promises_hold(number: int) -> None:
    with temporary_folder() as folder:
        found, campaign = await run(folder, SEED, Part(number, PARTS), minutes=MINUTES)
    print(table(campaign.recoveries), campaign.history.told(), sep="\n")  # noqa: T201
    assert [] == found


def test_in_ten_minutes_everything_happens_to_everyone() -> None:
    apps = [f"{app}-{number}" for app in APPS for number in (1, 2)]
    processes = [*apps, *SERVERS]
    happened = {
        (fault.kind, fault.target)
        for fault in schedule(SEED, processes=processes, proxies=SERVERS, seconds=MINUTES * 60)
    }
    at_processes = {(kind, one) for kind in Kind if kind.is_of_processes for one in processes}
    at_proxies = {(kind, one) for kind in Kind if not kind.is_of_processes for one in SERVERS}
    assert at_processes | at_proxies == happened
