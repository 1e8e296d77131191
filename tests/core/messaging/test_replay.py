from collections.abc import Sequence

import pytest
from tests.builders.journals import JournalService, JournalUnit
from tests.builders.messages import an_event, stock_reserved

from tradex_core.errors import Outage
from tradex_core.events import topics
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.replay import Replay

ORDERS = [f"018d0c1e-8a00-7000-8000-{number:012d}" for number in range(30)]


@pytest.fixture
async def replaying(service: JournalService) -> JournalService:
    """Return a service whose store is empty, on a log that holds 1,500 events."""
    events = [
        an_event(stock_reserved(order_id), f"{number}/{order_id}")
        for number in range(50)
        for order_id in ORDERS
    ]
    await service.publish(*events)
    return service


def replay_of(service: JournalService) -> Replay[JournalUnit]:
    return Replay(service.broker, service.dispatcher)


def expected(order_id: str, count: int = 50) -> list[str]:
    return [f"{number}/{order_id}" for number in range(count)]


async def test_everything_is_handled_in_order(replaying: JournalService) -> None:
    assert 1500 == await replay_of(replaying).run([topics.STOCK_RESERVED])
    for order_id in ORDERS:
        assert expected(order_id) == replaying.database.entries(order_id)


async def test_a_replay_that_is_interrupted_runs_again_without_a_double(
    replaying: JournalService,
) -> None:
    replaying.database.fail("commit", None, None, None, Outage("the store is away"))
    with pytest.raises(Outage):
        await replay_of(replaying).run([topics.STOCK_RESERVED])
    assert 1500 == await replay_of(replaying).run([topics.STOCK_RESERVED])
    for order_id in ORDERS:
        assert expected(order_id) == replaying.database.entries(order_id)


async def test_what_comes_meanwhile_is_left_to_the_consumer(replaying: JournalService) -> None:
    handle = replaying.dispatcher.handle
    late = iter(range(1000))

    async def handle_and_publish(records: Sequence[Record]) -> None:
        await replaying.publish(
            *[an_event(stock_reserved(each), f"late {next(late)}") for each in ORDERS]
        )
        await handle(records)

    replaying.dispatcher.handle = handle_and_publish  # type: ignore[method-assign]
    assert 1500 == await replay_of(replaying).run([topics.STOCK_RESERVED])
    assert 1500 == sum(len(replaying.database.entries(order_id)) for order_id in ORDERS)


async def test_several_topics_are_replayed_and_empty_ones_are_nothing(
    replaying: JournalService,
) -> None:
    assert 0 == await replay_of(replaying).run([topics.ORDER_COMMANDS])
    garbage = Message(topics.ORDER_COMMANDS, b"k", b"garbage")
    await replaying.publish(garbage)
    assert 1501 == await replay_of(replaying).run([topics.ORDER_COMMANDS, topics.STOCK_RESERVED])
    assert ["undecodable"] == replaying.observer.given_up


async def test_a_replay_goes_on_from_where_it_was_up_to_where_it_is_told(
    replaying: JournalService,
) -> None:
    replay = replay_of(replaying)
    bounds = await replaying.broker.offsets(topics.STOCK_RESERVED)
    ends = {(topics.STOCK_RESERVED, number): end for number, (_, end) in bounds.items()}
    middle = {place: end // 2 for place, end in ends.items()}

    assert sum(middle.values()) == await replay.go_on(since={}, until=middle)
    assert 0 == await replay.go_on(since=middle, until=middle)
    assert 1500 - sum(middle.values()) == await replay.go_on(since=middle, until=ends)
    for order_id in ORDERS:
        assert expected(order_id) == replaying.database.entries(order_id)


async def test_what_lies_behind_the_end_is_not_replayed_though_the_log_begins_there(
    replaying: JournalService,
) -> None:
    read = replaying.broker.read

    async def read_from_the_tenth(
        topic: str, partition: int, *, start: int, limit: int
    ) -> Sequence[Record]:
        return await read(topic, partition, start=max(start, 10), limit=limit)

    replaying.broker.read = read_from_the_tenth  # type: ignore[method-assign]
    until = {(topics.STOCK_RESERVED, 0): 12}

    assert 2 == await replay_of(replaying).go_on(since={}, until=until)
    assert 0 == await replay_of(replaying).go_on(since={}, until={(topics.STOCK_RESERVED, 0): 7})
