"""Makes the topics that are missing, and tells what of the others is not as it should be."""

import asyncio
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Protocol

from tradex_core.errors import Unpublishable
from tradex_core.events.fields import Wire
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Broker


class CheckedBroker(Broker, Protocol):
    """A broker that tells how its topics differ from those asked for."""

    async def check(self, topics: Iterable[Topic]) -> Sequence[str]:
        """Return a sentence with its remedy for each difference; raises Outage."""
        ...


class State(StrEnum):
    """What came of a topic; of these, only `differs` is for an operator to see to."""

    CREATED = "created"
    MISSING = "missing"
    UNCHANGED = "unchanged"
    DIFFERS = "differs"


class TopicReport(Wire, frozen=True, kw_only=True):
    """A topic as it is asked for, and what came of it; without days it is kept for ever."""

    topic: str
    partitions: int
    retention_days: int | None
    state: State
    differences: tuple[str, ...] = ()


async def apply_topics(
    broker: CheckedBroker, topics: Iterable[Topic], *, dry_run: bool = False
) -> list[TopicReport]:
    """Create what is missing, change nothing else, and report on every topic; a repeat is none.

    A dry run only reports. Raises Outage; then some topics may have been created.
    """
    wanted = list(topics)
    there = await asyncio.gather(*(_is_there(broker, topic) for topic in wanted))
    missing = [topic for topic, is_there in zip(wanted, there, strict=True) if not is_there]
    created = () if dry_run else await broker.apply(missing)
    states = dict.fromkeys((topic.name for topic in missing), State.MISSING)
    if not dry_run:  # who was not named was created by somebody else just now
        states = dict.fromkeys(states, State.UNCHANGED) | dict.fromkeys(created, State.CREATED)
    reports = (_report(broker, topic, states.get(topic.name)) for topic in wanted)
    return list(await asyncio.gather(*reports))


async def _is_there(broker: Broker, topic: Topic) -> bool:
    try:
        await broker.offsets(topic.name)
    except Unpublishable:
        return False
    return True


async def _report(broker: CheckedBroker, topic: Topic, state: State | None) -> TopicReport:
    differences = () if state is State.MISSING else tuple(await broker.check([topic]))
    return TopicReport(
        topic=topic.name,
        partitions=topic.partitions,
        retention_days=topic.retention_days,
        state=State.DIFFERS if differences else state or State.UNCHANGED,
        differences=differences,
    )
