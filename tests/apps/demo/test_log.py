from collections.abc import Mapping, Sequence

import pytest
from msgspec import structs
from tests.apps.demo import market_evidence as market
from tests.apps.demo.market_evidence import BOUGHT

from apps.demo.log import Log
from tradex_core.errors import Undecodable
from tradex_core.events import topics
from tradex_core.events.order import OrderCreated, OrderUpdated
from tradex_core.messaging.broker import Record


class PagedBroker:
    """A broker whose topics hold so many records, handed out a few at a time."""

    def __init__(self, counts: Mapping[tuple[str, int], int]) -> None:
        self._counts = counts

    async def offsets(self, topic: str) -> Mapping[int, tuple[int, int]]:
        return {p: (0, count) for (name, p), count in self._counts.items() if name == topic}

    async def read(self, topic: str, partition: int, *, start: int, limit: int) -> Sequence[Record]:
        end = min(self._counts[topic, partition], start + min(limit, 3))
        return [
            structs.replace(
                market.record(topic, "key", b"{}", message_id=f"{topic}-{partition}-{offset}"),
                partition=partition,
                offset=offset,
            )
            for offset in range(start, end)
        ]


async def test_all_partitions_of_all_topics_are_read_to_their_ends() -> None:
    counts = {
        (topics.ORDER_CREATED, 0): 7,
        (topics.ORDER_CREATED, 5): 1,
        (topics.dead_letter_topic(topics.ORDER_COMMANDS), 2): 4,
    }

    log = await Log.read(PagedBroker(counts))

    assert 12 == len(log.records)
    assert 0 == log.repeats


def test_a_repeated_message_is_seen_once() -> None:
    event = market.published(market.created(BOUGHT), message_id="same")
    log = Log([event, structs.replace(event, offset=1)])

    assert [market.created(BOUGHT)] == log.events(OrderCreated)
    assert (1, []) == (log.repeats, log.contradictions)


def test_a_repeat_with_another_content_is_a_contradiction() -> None:
    event = market.published(market.created(BOUGHT), message_id="same")
    log = Log([event, structs.replace(event, value=b"{}", offset=1)])

    assert ["order.created-0-1 repeats an id with another content"] == log.contradictions


def test_a_command_that_is_repeated_with_its_password_sealed_anew_is_no_contradiction() -> None:
    command = structs.replace(market.command(BOUGHT), topic=topics.AUTH_COMMANDS)
    log = Log([command, structs.replace(command, value=b"sealed anew", offset=1)])

    assert (1, []) == (log.repeats, log.contradictions)


def test_a_message_without_an_id_is_told_by_where_it_lies() -> None:
    nameless = structs.replace(market.command(BOUGHT), headers=())
    log = Log([nameless, structs.replace(nameless, offset=1)])

    assert 2 == len(list(log.messages(topics.ORDER_COMMANDS)))


def test_events_keep_the_order_of_the_log() -> None:
    steps = Log(market.records()).events(OrderUpdated)

    assert ["confirmed", "cancelled", "confirmed", "cancelled"] == [step.status for step in steps]


def test_an_event_that_cannot_be_read_is_told_of() -> None:
    log = Log([market.record(topics.ORDER_CREATED, BOUGHT, b"{", message_id="broken")])

    with pytest.raises(Undecodable):
        log.events(OrderCreated)
