"""`tradex topics apply`: what is missing is made, nothing else is changed, all is told."""

from collections.abc import Iterable, Sequence

import pytest
from tests.apps.cli.shown import invoke, printed
from tests.builders.machines import FakeClock

from adapters.memory.broker import MemoryBroker
from apps.cli.topics import show
from apps.operations.topics import State, TopicReport, apply_topics
from tradex_core.events.topics import Topic, all_topics

ORDERS = Topic("order.commands", partitions=3)
EVENTS = Topic("order.created", partitions=3, retention_days=None)


class CheckedMemory(MemoryBroker):
    """A broker that says what is told to be wrong with a topic, and counts what it is asked for."""

    def __init__(self, **wrong: str) -> None:
        super().__init__(FakeClock())
        self.wrong = {name.replace("_", "."): why for name, why in wrong.items()}
        self.applied: list[str] = []

    async def apply(self, topics: Iterable[Topic]) -> Sequence[str]:
        wanted = list(topics)
        self.applied += [topic.name for topic in wanted]
        return await super().apply(wanted)

    async def check(self, topics: Iterable[Topic]) -> Sequence[str]:
        return [self.wrong[topic.name] for topic in topics if topic.name in self.wrong]


def states(reports: list[TopicReport]) -> dict[str, State]:
    return {report.topic: report.state for report in reports}


async def test_what_is_missing_is_created_and_a_repeat_changes_nothing() -> None:
    broker = CheckedMemory()
    first = await apply_topics(broker, [ORDERS, EVENTS])
    assert {"order.commands": State.CREATED, "order.created": State.CREATED} == states(first)
    again = await apply_topics(broker, [ORDERS, EVENTS])
    assert {"order.commands": State.UNCHANGED, "order.created": State.UNCHANGED} == states(again)
    assert ["order.commands", "order.created"] == broker.applied


async def test_a_dry_run_creates_nothing() -> None:
    broker = CheckedMemory()
    await broker.apply([EVENTS])
    reports = await apply_topics(broker, [ORDERS, EVENTS], dry_run=True)
    assert {"order.commands": State.MISSING, "order.created": State.UNCHANGED} == states(reports)
    assert ["order.created"] == broker.applied


async def test_what_differs_is_told_and_keeps_nothing_from_being_created() -> None:
    broker = CheckedMemory(order_created="topic 'order.created' keeps messages for 1 day")
    await broker.apply([EVENTS])
    created, differing = await apply_topics(broker, [ORDERS, EVENTS])
    assert (State.CREATED, State.DIFFERS) == (created.state, differing.state)
    assert ("topic 'order.created' keeps messages for 1 day",) == differing.differences


async def test_what_somebody_else_creates_meanwhile_is_not_told_as_created_here() -> None:
    class Raced(CheckedMemory):
        async def apply(self, topics: Iterable[Topic]) -> Sequence[str]:
            await super().apply([ORDERS])
            return await super().apply(topics)

    reports = await apply_topics(Raced(), [ORDERS, EVENTS])
    assert {"order.commands": State.UNCHANGED, "order.created": State.CREATED} == states(reports)


async def test_people_see_a_line_for_each_and_what_to_do() -> None:
    broker = CheckedMemory(order_created="topic 'order.created' has 2 partitions, not 3")
    await broker.apply([EVENTS])
    reports = await apply_topics(broker, [ORDERS, EVENTS])
    out = printed(lambda console: show(reports, console))
    assert " order.commands            3   7 days     created" in out.splitlines()
    assert " order.created             3   for ever   differs" in out.splitlines()
    assert "topic 'order.created' has 2 partitions, not 3" == out.splitlines()[-1]


async def test_dead_letters_are_kept_longer_than_what_they_are_of() -> None:
    kept = {topic.name: topic.retention_days for topic in all_topics()}
    for name, days in kept.items():
        if not name.endswith(".dlq") and days is not None:
            assert days < (kept[f"{name}.dlq"] or 0)


def test_with_the_broker_in_memory_there_is_nothing_to_apply() -> None:
    status, out, err = invoke("topics", "apply")
    assert (2, "") == (status, out)
    assert "TRADEX_BROKER: `tradex topics apply` operates Kafka" in err
    assert "set TRADEX_BROKER=kafka" in err


@pytest.mark.parametrize("command", ["topics apply", "lag", "dead-letters list"])
def test_kafka_without_an_address_is_wrong_use(command: str) -> None:
    status, _, err = invoke(*command.split(), broker="kafka")
    assert 2 == status
    assert "TRADEX_KAFKA_BOOTSTRAP_SERVERS: it is missing; for example" in err
