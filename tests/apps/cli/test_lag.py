"""`tradex lag`: how much each consumer has yet to handle."""

import pytest
from tests.apps.cli.shown import invoke, printed
from tests.builders.machines import FakeClock

from adapters.memory.broker import MemoryBroker
from apps.cli.lag import consumers, show
from apps.operations.lag import LagReport, measure_lag
from apps.platform.container import PlatformContainer
from apps.runtime.settings import Settings
from tradex_core.errors import Unpublishable
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message


async def a_broker(*, records: int, partitions: int = 2) -> MemoryBroker:
    """Return a broker whose topic `t` holds so many records, all in partition 0."""
    broker = MemoryBroker(FakeClock(), max_records=64)
    await broker.apply([Topic("t", partitions=partitions)])
    await broker.publish([Message("t", None, b"x", (), 0) for _ in range(records)])
    return broker


async def handle(broker: MemoryBroker, group: str, count: int) -> None:
    """Let a group handle so many records."""
    member = await broker.subscribe(group, ["t"])
    await member.commit(await member.fetch(limit=count))
    await member.close()


async def test_the_lag_is_what_lies_behind_the_last_commit() -> None:
    broker = await a_broker(records=10)
    await handle(broker, "g", 4)
    report = await measure_lag(broker, {"g": ["t"], "other": ["t"]})
    mine = next(each for each in report.partitions if (each.group, each.partition) == ("g", 0))
    assert (4, 10, 6) == (mine.committed, mine.end, mine.lag)
    assert {"g": 6, "other": 10} == {group.group: group.lag for group in report.groups}
    assert 16 == report.lag


async def test_a_group_that_never_committed_lags_behind_the_whole_topic() -> None:
    report = await measure_lag(await a_broker(records=3), {"g": ["t"]})
    assert [(None, 3), (None, 0)] == [(each.committed, each.lag) for each in report.partitions]


async def test_what_was_let_go_before_it_was_handled_counts_no_more() -> None:
    broker = await a_broker(records=0)
    await broker.publish([Message("t", None, b"x", (), 0) for _ in range(1000)])
    broker.expire()
    report = await measure_lag(broker, {"g": ["t"]})
    assert (1000, 64) == (report.partitions[0].end, report.lag)


async def test_a_topic_that_is_missing_is_named() -> None:
    with pytest.raises(Unpublishable, match="tradex topics apply"):
        await measure_lag(MemoryBroker(FakeClock()), {"g": ["nowhere"]})


def lagging(report: LagReport, *, every_partition: bool = False) -> list[str]:
    out = printed(lambda console: show(report, console, every_partition=every_partition))
    return out.splitlines()


async def test_people_see_the_partitions_where_something_waits_and_every_consumer() -> None:
    broker = await a_broker(records=1200)
    await handle(broker, "done", 5000)
    report = await measure_lag(broker, {"late": ["t"], "done": ["t"]})
    lines = lagging(report)
    [row] = [line for line in lines if line.startswith(" late")]
    assert ["late", "t", "0", "never", "1,200"] == row.split()[:5]
    assert ["late", "done"] == [line.split()[0] for line in lines[-2:]]
    assert "done       nothing to handle" == lines[-1]
    assert 4 == sum(" t " in line for line in lagging(report, every_partition=True))


def test_every_consumer_is_measured_on_what_it_reads() -> None:
    platform = PlatformContainer(settings=Settings.embedded())
    apps = (platform.auth, platform.catalog, platform.orders, platform.projector)
    services = [app.service() for app in apps]
    wanted = {each.name: tuple(each.consumer.topics) for each in services}
    assert wanted == consumers()


def test_with_the_broker_in_memory_there_is_no_lag_to_measure() -> None:
    status, out, err = invoke("lag")
    assert (2, "") == (status, out)
    assert "`tradex lag` operates Kafka" in err
