"""Ten minutes of faults at two replicas of every app and at every server, three at a time.

`nox -s faults -- --seed SEED` runs them again.
"""

from itertools import chain

import pytest
from tests.services.deployment import APPS
from tests.services.faults.campaign import AT_ONCE, run
from tests.services.faults.report import table
from tests.services.faults.schedule import Fault, Kind, schedule, together
from tests.services.servers.server import temporary_folder

SEED = 3
MINUTES = 10
SERVERS = ("kafka", "postgres", "mongo")
PROCESSES = (*(f"{app}-{number}" for app in APPS for number in (1, 2)), *SERVERS)


async def test_whatever_happens_to_whichever_process_the_promises_hold() -> None:
    with temporary_folder() as folder:
        found, campaign = await run(folder, SEED, minutes=MINUTES, at_once=AT_ONCE)
    print(table(campaign.recoveries), campaign.history.told(), sep="\n")  # noqa: T201
    assert [] == found


@pytest.fixture
def faults() -> list[Fault]:
    found = schedule(SEED, processes=PROCESSES, proxies=SERVERS, seconds=MINUTES * 60)
    return list(found)


def test_in_ten_minutes_everything_happens_to_everyone(faults: list[Fault]) -> None:
    at_processes = {(kind, one) for kind in Kind if kind.is_of_processes for one in PROCESSES}
    at_proxies = {(kind, one) for kind in Kind if not kind.is_of_processes for one in SERVERS}
    assert at_processes | at_proxies == {(fault.kind, fault.target) for fault in faults}


def test_what_comes_together_comes_in_its_turn_and_to_one_target_once(faults: list[Fault]) -> None:
    rounds = list(together(faults, AT_ONCE))
    assert faults == list(chain.from_iterable(rounds))
    assert {1, 2, 3} == {len(some) for some in rounds}
    assert all(len(some) == len({fault.target for fault in some}) for some in rounds)
