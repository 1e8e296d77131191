import asyncio
from datetime import UTC, datetime
from queue import Queue

import pytest

from adapters.kafka.handover import Handover
from tradex_core.errors import Outage
from tradex_core.messaging.broker import Record


def records(*offsets: int, partition: int = 0) -> list[Record]:
    at = datetime.fromtimestamp(0, UTC)
    return [Record("topic", partition, offset, at, None, None) for offset in offsets]


@pytest.fixture
async def handover() -> Handover:
    return Handover(capacity=10, taken=lambda: None)


async def test_what_is_put_is_taken_once_and_in_order(handover: Handover) -> None:
    handover.put(records(0, 1, 2))
    assert records(0, 1) == await handover.take(2)
    assert records(2) == await handover.take(2)


async def test_what_waits_is_woken_from_another_thread(handover: Handover) -> None:
    waiting = asyncio.create_task(handover.take(10))
    await asyncio.sleep(0)
    await asyncio.to_thread(handover.put, records(0))
    assert records(0) == await waiting


async def test_it_says_how_much_room_it_has(handover: Handover) -> None:
    handover.put(records(0, 1, 2))
    assert 7 == handover.room
    await handover.take(2)
    assert 9 == handover.room


async def test_whoever_takes_lets_the_thread_look_again() -> None:
    looks: Queue[None] = Queue()
    handover = Handover(capacity=10, taken=lambda: looks.put(None))
    handover.put(records(0))
    await handover.take(1)
    assert 1 == looks.qsize()
    waiting = asyncio.create_task(handover.take(1))
    await asyncio.to_thread(looks.get)
    await asyncio.to_thread(looks.get)
    assert handover.wanted
    handover.put(records(1))
    await waiting
    assert not handover.wanted


async def test_records_of_a_partition_that_was_lost_are_not_handed_out(handover: Handover) -> None:
    handover.put([*records(0, 1), *records(0, 1, partition=1)])
    handover.drop({("topic", 0)})
    assert records(0, 1, partition=1) == await handover.take(10)


async def test_only_what_was_handed_out_since_it_was_gained_may_be_committed(
    handover: Handover,
) -> None:
    handover.put(records(0, 1, 2))
    await handover.take(2)
    assert {("topic", 0): 2} == handover.handed_out({("topic", 0): 2, ("topic", 1): 1})
    assert {} == handover.handed_out({("topic", 0): 3})
    handover.drop({("topic", 0)})
    assert {} == handover.handed_out({("topic", 0): 2})


async def test_what_is_held_of_a_partition_is_taken_back_and_what_was_handed_out_still_counts(
    handover: Handover,
) -> None:
    handover.put([*records(0, 1, 2), *records(0, partition=1)])
    await handover.take(2)
    handover.clear(("topic", 0))
    handover.put(records(0))
    assert [*records(0, partition=1), *records(0)] == await handover.take(10)
    assert {("topic", 0): 2} == handover.handed_out({("topic", 0): 2})


async def test_what_is_reported_is_raised_once(handover: Handover) -> None:
    handover.put(records(0))
    handover.report(Outage("not allowed"))
    with pytest.raises(Outage):
        await handover.take(1)
    assert records(0) == await handover.take(1)


async def test_a_failure_is_raised_for_ever(handover: Handover) -> None:
    waiting = asyncio.create_task(handover.take(1))
    await asyncio.sleep(0)
    handover.fail(Outage("fenced"))
    with pytest.raises(Outage):
        await waiting
    with pytest.raises(Outage):
        await handover.take(1)


async def test_once_closed_it_hands_out_nothing_and_raises_nothing(handover: Handover) -> None:
    waiting = asyncio.create_task(handover.take(1))
    await asyncio.sleep(0)
    handover.close()
    handover.put(records(0))
    handover.fail(Outage("fenced"))
    assert [(), ()] == [tuple(await waiting), tuple(await handover.take(1))]


async def test_at_least_one_record_must_be_asked_for(handover: Handover) -> None:
    with pytest.raises(ValueError, match="not 0"):
        await handover.take(0)
