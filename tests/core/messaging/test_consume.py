import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace

import pytest
from tests.builders.journals import JournalService, JournalUnit
from tests.builders.machines import AT_ONCE, RecordingBreakers, until
from tests.builders.messages import ORDER_ID, cancel_order, signed

from tradex_core.errors import Outage, StoreConflict, Unpublishable
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.consume import Consumer

PATIENCE = 5
ORDER_IDS = [f"018d0c1e-8a00-7000-8000-00000000000{digit}" for digit in "adb"]
"""Keys of three partitions; side by side the second is handled beside the others."""


def a(message_id: str) -> Message:
    return signed(cancel_order(), message_id)


@pytest.fixture
async def service() -> JournalService:
    service = JournalService(backoff=AT_ONCE)
    await service.start()
    return service


def consumer_of(
    service: JournalService, *, batch: int = 500, apart: bool = True, pace: float = 0.0
) -> Consumer[JournalUnit]:
    return Consumer(
        service.name,
        service.routes().topics,
        service.dispatcher,
        service.broker,
        service.means,
        batch=batch,
        apart=apart,
        pace=pace,
    )


Start = Callable[[Coroutine[object, object, None]], "asyncio.Task[None]"]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    tasks: list[asyncio.Task[None]] = []

    def start(work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(work))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def hold_back(service: JournalService) -> asyncio.Event:
    """Let every batch wait for what is returned."""
    let_go, handle = asyncio.Event(), service.dispatcher.handle

    async def slowly(records: Sequence[Record]) -> None:
        await let_go.wait()
        await handle(records)

    service.dispatcher.handle = slowly  # type: ignore[method-assign]
    return let_go


def sizes_of_batches(service: JournalService) -> list[int]:
    """Return how many records each batch has; it grows."""
    sizes, handle = list[int](), service.dispatcher.handle

    async def noted(records: Sequence[Record]) -> None:
        sizes.append(len(records))
        await handle(records)

    service.dispatcher.handle = noted  # type: ignore[method-assign]
    return sizes


async def some_turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def committed(service: JournalService) -> int:
    return sum((await service.log.committed(service.name)).values())


async def test_what_comes_is_handled_and_committed(service: JournalService, start: Start) -> None:
    consumer = consumer_of(service)
    running = start(consumer.run())
    await service.publish(a("1"), a("2"))
    await until(lambda: ["1", "2"] == service.database.entries(ORDER_ID))
    await service.publish(a("3"))
    await until(lambda: ["1", "2", "3"] == service.database.entries(ORDER_ID))
    await consumer.stop()
    await running
    assert 3 == await committed(service)
    assert {} == consumer.uncommitted


async def test_offsets_are_committed_only_after_what_they_stand_for(
    service: JournalService, start: Start
) -> None:
    service.broker.fail("commit", Outage("between the commit and the offsets"))
    consumer = consumer_of(service)
    running = start(consumer.run())
    await service.publish(a("1"))
    await until(lambda: len(service.observer.waits) == 1)
    assert ["1"] == service.database.entries(ORDER_ID)
    assert 0 == await committed(service)
    assert [1] == list(consumer.uncommitted.values())
    running.cancel()


async def test_offsets_are_committed_a_moment_after_what_they_stand_for_however_much_comes(
    service: JournalService, start: Start
) -> None:
    start(consumer_of(service).run())
    sent: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while not await committed(service):
            sent.append(str(len(sent)))
            await service.publish(a(sent[-1]))
            await until(lambda: sent == service.database.entries(ORDER_ID))
        assert len(sent) > 1
        while len(sent) > await committed(service):  # noqa: ASYNC110 - the log tells nobody
            await asyncio.sleep(0)


async def test_a_crash_before_the_offsets_are_committed_has_no_second_effect(
    service: JournalService, start: Start
) -> None:
    service.broker.fail("commit", *[Outage("the offsets cannot be committed") for _ in range(99)])
    crashing = start(consumer_of(service).run())
    await service.publish(a("1"), a("2"))
    await until(lambda: ["1", "2"] == service.database.entries(ORDER_ID))
    crashing.cancel()
    await asyncio.wait([crashing])
    assert 0 == await committed(service)
    service.broker.clear()
    consumer = consumer_of(service)
    running = start(consumer.run())
    await service.publish(a("3"))
    await until(lambda: "3" in service.database.entries(ORDER_ID))
    await consumer.stop()
    await running
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)
    assert (3, 3) == (await committed(service), len(await service.replies()))


async def test_stopping_finishes_the_batch_at_hand(service: JournalService, start: Start) -> None:
    let_go = hold_back(service)
    consumer = consumer_of(service, batch=2)
    running = start(consumer.run())
    await service.publish(a("1"), a("2"), a("3"))
    await some_turns()
    stopping = start(consumer.stop())
    await some_turns()
    let_go.set()
    await asyncio.wait_for(asyncio.gather(stopping, running), PATIENCE)
    assert ["1", "2"] == service.database.entries(ORDER_ID)
    assert 2 == await committed(service)


def of_keys(*keys: int) -> list[Message]:
    """Return a command for each number of a key, named by its place."""
    return [signed(cancel_order(ORDER_IDS[key]), str(number)) for number, key in enumerate(keys)]


async def test_a_full_batch_is_handled_side_by_side_with_each_key_in_one_place(
    service: JournalService, start: Start
) -> None:
    handle, begun, both = service.dispatcher.handle, list[Sequence[Record]](), asyncio.Event()

    async def beside_the_other(records: Sequence[Record]) -> None:
        begun.append(records)
        if len(begun) == 2:
            both.set()
        await both.wait()
        await handle(records)

    service.dispatcher.handle = beside_the_other  # type: ignore[method-assign]
    await service.publish(*of_keys(0, 1, 0, 2, 1, 0))
    start(consumer_of(service, batch=6).run())
    await until(lambda: ["0", "2", "5"] == service.database.entries(ORDER_IDS[0]))
    await until(lambda: ["1", "4"] == service.database.entries(ORDER_IDS[1]))
    await until(lambda: ["3"] == service.database.entries(ORDER_IDS[2]))
    one, other = ({record.key for record in records} for records in begun)
    assert (set(), 3) == (one & other, len(one | other))


async def test_where_keys_share_what_they_are_about_a_full_batch_is_one_transaction(
    service: JournalService, start: Start
) -> None:
    sizes = sizes_of_batches(service)
    await service.publish(*of_keys(0, 1, 0, 2))
    start(consumer_of(service, batch=4, apart=False).run())
    await until(lambda: ["3"] == service.database.entries(ORDER_IDS[2]))
    assert [4] == sizes


async def test_at_a_pace_what_comes_soon_after_another_is_handled_together(
    service: JournalService, start: Start
) -> None:
    sizes = sizes_of_batches(service)
    start(consumer_of(service, pace=0.2).run())
    await service.publish(a("1"))
    await until(lambda: [1] == sizes)
    await service.publish(a("2"))
    await service.publish(a("3"))
    await until(lambda: ["1", "2", "3"] == service.database.entries(ORDER_ID))
    assert [1, 2] == sizes


async def test_a_pace_holds_nobody_up_who_is_behind_or_wants_to_stop(
    service: JournalService, start: Start
) -> None:
    consumer = consumer_of(service, batch=2, apart=False, pace=3600)
    await service.publish(a("1"), a("2"), a("3"))
    running = start(consumer.run())
    await until(lambda: ["1", "2", "3"] == service.database.entries(ORDER_ID))
    async with asyncio.timeout(PATIENCE):
        await consumer.stop()
        await running
    assert 3 == await committed(service)


@pytest.mark.parametrize(
    "error", [Outage("the store is away"), StoreConflict("somebody was first")]
)
async def test_where_one_half_of_a_batch_fails_nothing_is_handled_twice(
    service: JournalService, start: Start, error: Exception
) -> None:
    service.database.fail("commit", None, error)
    await service.publish(*of_keys(0, 1, 0, 1))
    consumer = consumer_of(service, batch=4)
    running = start(consumer.run())
    await until(lambda: ["0", "2"] == service.database.entries(ORDER_IDS[0]))
    await until(lambda: ["1", "3"] == service.database.entries(ORDER_IDS[1]))
    await consumer.stop()
    await running
    assert (4, 4) == (await committed(service), len(await service.replies()))


async def test_an_outage_while_trying_again_does_not_cut_the_batch_at_hand_off(
    service: JournalService, start: Start
) -> None:
    let_go = hold_back(service)

    async def fail() -> int:
        await asyncio.sleep(0)
        msg = "the store is away"
        raise Outage(msg)

    service.dispatcher.retry_due = fail  # type: ignore[method-assign]
    consumer = consumer_of(service)
    running = start(consumer.run())
    await service.publish(a("1"))
    await until(lambda: consumer.waiting)
    stopping = start(consumer.stop())
    await some_turns()
    let_go.set()
    await asyncio.wait_for(asyncio.gather(stopping, running), PATIENCE)
    assert (["1"], 1) == (service.database.entries(ORDER_ID), await committed(service))


async def test_stopping_while_nothing_comes_ends_at_once(
    service: JournalService, start: Start
) -> None:
    consumer = consumer_of(service)
    running = start(consumer.run())
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await consumer.stop()
        await running


async def test_stopping_before_it_has_begun_is_no_different(
    service: JournalService, start: Start
) -> None:
    await service.publish(a("1"))
    consumer = consumer_of(service)
    await consumer.stop()
    async with asyncio.timeout(PATIENCE):
        await consumer.run()
    assert [] == service.database.entries(ORDER_ID)


@pytest.mark.parametrize("call", ["subscribe", "fetch", "commit"])
async def test_an_outage_of_the_broker_is_waited_for(
    service: JournalService, start: Start, call: str
) -> None:
    service.broker.fail(call, Outage("away"), Outage("still away"))
    await service.publish(a("1"))
    consumer = consumer_of(service)
    running = start(consumer.run())
    await until(lambda: len(service.observer.waits) == 1)
    assert consumer.waiting
    await until(lambda: not consumer.waiting)
    await until(lambda: ["1"] == service.database.entries(ORDER_ID))
    await consumer.stop()
    await running
    assert (2, 1) == (len(service.observer.waits), await committed(service))


async def test_an_outage_of_the_store_is_waited_for_and_gives_up_nothing(
    service: JournalService, start: Start
) -> None:
    service.database.fail("commit", *[Outage("the store is away") for _ in range(30)])
    consumer = consumer_of(service)
    running = start(consumer.run())
    await service.publish(a("1"), a("2"))
    await until(lambda: len(service.observer.waits) == 20)
    assert consumer.waiting
    await until(lambda: ["1", "2"] == service.database.entries(ORDER_ID))
    await until(lambda: not consumer.waiting)
    assert ([], []) == (service.observer.given_up, service.observer.failures)
    await consumer.stop()
    await running


async def test_an_outage_opens_the_breaker_of_its_loop_until_it_is_over(
    service: JournalService, start: Start
) -> None:
    breakers = RecordingBreakers()
    service.means = replace(service.means, breakers=breakers)
    service.broker.fail("fetch", Outage("the broker is away"), Outage("still away"))
    start(consumer_of(service).run())
    await service.publish(a("1"))
    await until(lambda: ["1"] == service.database.entries(ORDER_ID))
    consuming = f"{service.name} consuming"
    assert {consuming, f"{service.name} retrying"} == set(breakers.names)
    assert ["open", "half_open", "open", "half_open", "closed"] == breakers.states_of(consuming)
    assert ["the broker is away", "still away"] == [str(error) for error in breakers.errors]


async def test_an_outage_does_not_keep_it_from_stopping(
    service: JournalService, start: Start
) -> None:
    service.database.fail("commit", *[Outage("the store is away") for _ in range(100_000)])
    consumer = consumer_of(service)
    running = start(consumer.run())
    await service.publish(a("1"))
    await until(lambda: consumer.waiting)
    async with asyncio.timeout(PATIENCE):
        await consumer.stop()
        await running
    assert 0 == await committed(service)
    service.database.failures.clear()
    start(consumer_of(service).run())
    await until(lambda: ["1"] == service.database.entries(ORDER_ID))


async def test_what_is_parked_is_tried_again(service: JournalService, start: Start) -> None:
    service.trouble("1", *[ValueError("it is broken") for _ in range(4)])
    start(consumer_of(service).run())
    await service.publish(a("1"), a("2"))
    await until(lambda: ["1", "2"] == service.database.entries(ORDER_ID))


async def test_an_outage_while_trying_again_is_over_when_it_is_over(
    service: JournalService, start: Start
) -> None:
    service.trouble("1", ValueError("it is broken"), ValueError("it is broken"))
    consumer = consumer_of(service)
    start(consumer.run())
    await service.publish(a("1"))
    await until(lambda: bool(service.observer.failures))
    service.database.fail("load", Outage("the store is away"))
    await until(lambda: consumer.waiting)
    await until(lambda: ["1"] == service.database.entries(ORDER_ID))
    await until(lambda: not consumer.waiting)


async def test_a_topic_that_is_not_there_ends_it_by_name(service: JournalService) -> None:
    consumer: Consumer[JournalUnit] = Consumer(
        "name",
        ["no.such.topic"],
        service.dispatcher,
        service.broker,
        service.means,
    )
    with pytest.raises(Unpublishable, match=r"no\.such\.topic"):
        await consumer.run()


@pytest.mark.parametrize("broken", ["handle", "retry_due"])
async def test_what_no_waiting_would_mend_ends_it(service: JournalService, broken: str) -> None:
    async def bug(*_: object) -> None:
        msg = "a bug"
        raise RuntimeError(msg)

    setattr(service.dispatcher, broken, bug)
    await service.publish(a("1"))
    with pytest.raises(RuntimeError, match="a bug"):
        async with asyncio.timeout(PATIENCE):
            await consumer_of(service).run()


async def test_closing_the_broker_ends_it(service: JournalService, start: Start) -> None:
    running = start(consumer_of(service).run())
    await asyncio.sleep(0)
    await service.log.close()
    async with asyncio.timeout(PATIENCE):
        await running


@pytest.mark.parametrize("seed", range(5))
async def test_members_that_come_crash_and_go_handle_everything_once_in_order(
    service: JournalService, start: Start, seed: int
) -> None:
    running: list[asyncio.Task[None]] = []
    expected = [str(number) for number in range(60)]
    for number in range(60):
        await service.publish(a(str(number)))
        if number % 7 == seed:
            running.append(start(consumer_of(service, batch=3).run()))
        if number % 11 == seed and running:
            running.pop(0).cancel()
        for _ in range(number % 3):
            await asyncio.sleep(0)
    start(consumer_of(service).run())
    await until(lambda: len(service.database.entries(ORDER_ID)) >= len(expected))
    assert expected == service.database.entries(ORDER_ID)
