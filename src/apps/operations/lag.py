"""How far each consumer group is behind the ends of its topics."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from tradex_core.events.fields import Wire
from tradex_core.messaging.broker import Broker, Offsets


class PartitionLag(Wire, frozen=True, kw_only=True):
    """How many records of a partition a group has yet to handle; `committed` None: none ever."""

    group: str
    topic: str
    partition: int
    committed: int | None
    end: int
    lag: int


class GroupLag(Wire, frozen=True):
    """How many records a group has yet to handle in all its topics."""

    group: str
    lag: int


class LagReport(Wire, frozen=True, kw_only=True):
    """Every partition of every group, and the sums."""

    partitions: tuple[PartitionLag, ...]
    groups: tuple[GroupLag, ...]
    lag: int


async def measure_lag(broker: Broker, groups: Mapping[str, Sequence[str]]) -> LagReport:
    """Measure groups on the topics that each reads; raises Outage, and Unpublishable for no topic.

    What a group committed is asked for before the ends are, so that no lag comes out too small.
    What retention took away before it was handled counts no more.
    """
    committed = dict(
        zip(groups, await asyncio.gather(*(broker.committed(g) for g in groups)), strict=True)
    )
    names = sorted({topic for topics in groups.values() for topic in topics})
    ends = dict(zip(names, await asyncio.gather(*(broker.offsets(n) for n in names)), strict=True))
    found = tuple(
        each
        for group, topics in groups.items()
        for topic in topics
        for each in _partitions(group, topic, committed[group], ends[topic])
    )
    sums = tuple(GroupLag(g, sum(each.lag for each in found if each.group == g)) for g in groups)
    return LagReport(partitions=found, groups=sums, lag=sum(each.lag for each in sums))


def _partitions(
    group: str, topic: str, committed: Offsets, ends: Mapping[int, tuple[int, int]]
) -> Iterator[PartitionLag]:
    for partition, (first, end) in sorted(ends.items()):
        at = committed.get((topic, partition))
        yield PartitionLag(
            group=group,
            topic=topic,
            partition=partition,
            committed=at,
            end=end,
            lag=max(0, end - max(at or 0, first)),
        )
