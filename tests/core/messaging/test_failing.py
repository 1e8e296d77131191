"""What fails is set aside and tried again; only its own key waits, and in order."""

from datetime import timedelta

import pytest
from tests.builders.journals import JournalService
from tests.builders.machines import NOW
from tests.builders.messages import ORDER_ID, bare, cancel_order, create_order, signed

from tradex_core.errors import Outage, StoreConflict, Undecodable
from tradex_core.events import topics
from tradex_core.messaging.broker import Message
from tradex_core.messaging.retry import Backoff

ANOTHER = "018d0c1e-8a00-7000-8000-00000000000b"
DEAD = f"{topics.ORDER_COMMANDS}.dlq"


def a(message_id: str, order_id: str = ORDER_ID) -> Message:
    return signed(cancel_order(order_id), message_id)


def broken(times: int) -> list[Exception]:
    return [ValueError("it is broken") for _ in range(times)]


async def test_a_bad_message_costs_only_itself(service: JournalService) -> None:
    service.trouble("2", *broken(3))
    await service.receive(
        a("1", ANOTHER), a("2"), a("3", ANOTHER), Message(topics.ORDER_COMMANDS, b"k", b"garbage")
    )
    assert ["1", "3"] == service.database.entries(ANOTHER)
    assert [] == service.database.entries(ORDER_ID)
    assert 1 == len(await service.parked())


async def test_later_messages_of_the_key_wait_behind_in_order(service: JournalService) -> None:
    service.trouble("1", *broken(2))
    await service.receive(a("1"), a("2"))
    await service.receive(a("3"), a("4", ANOTHER))
    assert [] == service.database.entries(ORDER_ID)
    assert ["4"] == service.database.entries(ANOTHER)
    await service.retry(3)
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)
    assert [] == await service.parked()


async def test_what_fails_again_keeps_its_place(service: JournalService) -> None:
    service.trouble("1", *broken(5))
    await service.receive(a("1"), a("2"), a("3"))
    await service.retry(6)
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)


async def test_what_waits_behind_fails_in_its_turn(service: JournalService) -> None:
    service.trouble("1", *broken(2))
    service.trouble("2", *broken(2))
    await service.receive(a("1"), a("2"), a("3"))
    await service.retry(6)
    assert ["1", "2", "3"] == service.database.entries(ORDER_ID)


async def test_messages_without_a_key_wait_for_nobody(service: JournalService) -> None:
    service.trouble("tea", *broken(2))
    await service.receive(bare(create_order(), key=None), bare(create_order(), key=None))
    assert ["tea"] == service.database.entries(ORDER_ID)
    assert 1 == len(await service.parked())


async def test_a_parked_message_that_is_delivered_again_does_nothing_more(
    service: JournalService,
) -> None:
    service.trouble("1", *broken(2))
    records = await service.publish(a("1"), a("2"))
    for _ in range(3):
        await service.dispatcher.handle(records)
    parked = await service.database.parking.all_parked("journals")
    assert [1, 0] == [each.attempts for each in parked]
    await service.retry(2)
    await service.dispatcher.handle(records)
    assert ["1", "2"] == service.database.entries(ORDER_ID)
    assert 2 == len(await service.replies())


async def test_what_a_failed_try_changed_is_undone(service: JournalService) -> None:
    service.trouble("1", *broken(4))
    await service.receive(a("1"))
    await service.retry(2)
    assert [] == service.database.entries(ORDER_ID)
    assert [] == await service.replies()


async def test_a_message_is_tried_ten_times_and_never_before_its_time(
    service: JournalService,
) -> None:
    service.trouble("1", *broken(11))
    await service.receive(a("1"))
    for attempts in range(1, 10):
        [parked] = await service.database.parking.all_parked("journals")
        assert attempts == parked.attempts
        wait = parked.next_attempt_at - service.clock.now()
        assert 0 <= wait.total_seconds() < min(0.3 * 2 ** (attempts - 1), 30)
        service.clock.at = parked.next_attempt_at - timedelta(microseconds=1)
        assert 0 == await service.dispatcher.retry_due()
        service.clock.at = parked.next_attempt_at
        assert 1 == await service.dispatcher.retry_due()
    assert [] == await service.parked()
    assert ["exhausted"] == service.observer.given_up
    assert list(range(1, 10)) == service.observer.failures


async def test_exactly_one_dead_letter_says_all_about_a_message_that_was_given_up(
    service: JournalService,
) -> None:
    message = signed(cancel_order(), "1", headers=(("x-client", b"\xff"), ("x-client", b"2")))
    service.trouble("1", *broken(11))
    [record] = await service.publish(message)
    await service.dispatcher.handle([record])
    await service.retry(9)
    await service.settle()
    [letter] = await service.records(DEAD)
    assert (record.partition, record.key, record.value) == (
        letter.partition,
        letter.key,
        letter.value,
    )
    assert message.headers == letter.headers[: len(message.headers)]
    added = {name: value.decode() for name, value in letter.headers[len(message.headers) :]}
    failed_at = NOW + timedelta(seconds=31 * 9)
    assert {
        "dlq-id": f"journals/{record.position}",
        "dlq-original-topic": "order.commands",
        "dlq-original-partition": str(record.partition),
        "dlq-original-offset": "0",
        "dlq-original-timestamp": "1705312800000",
        "dlq-origin": record.position,
        "dlq-consumer-group": "journals",
        "dlq-reason": "exhausted",
        "dlq-exception-type": "ValueError",
        "dlq-exception-message": "it is broken",
        "dlq-attempts": "10",
        "dlq-first-failed-at": NOW.isoformat(),
        "dlq-failed-at": failed_at.isoformat(),
        "dlq-replay-count": "0",
    } == added


async def test_what_waited_behind_fails_since_its_own_first_try(service: JournalService) -> None:
    service.trouble("1", *broken(2))
    service.trouble("2", *broken(10))
    await service.receive(a("1"), a("2"))
    await service.retry(11)
    await service.settle()
    [letter] = await service.records(DEAD)
    since = NOW + timedelta(seconds=31 * 2)
    assert since.isoformat().encode() == dict(letter.headers)["dlq-first-failed-at"]


async def test_what_somebody_else_handled_while_it_failed_here_is_done(
    service: JournalService,
) -> None:
    records = await service.publish(a("1"))
    service.trouble("1", *broken(2))
    service.database.meantime = [None, None, lambda: service.dispatcher.handle(records)]
    await service.dispatcher.handle(records)
    assert ["1"] == service.database.entries(ORDER_ID)
    assert [] == await service.parked()


async def test_a_dead_letter_that_is_delivered_again_does_nothing_more(
    service: JournalService,
) -> None:
    records = await service.publish(Message(topics.ORDER_COMMANDS, b"k", b"garbage"))
    for _ in range(3):
        await service.dispatcher.handle(records)
    await service.settle()
    assert 1 == len(await service.records(DEAD))


async def test_later_messages_of_the_key_go_on_after_a_dead_letter(
    service: JournalService,
) -> None:
    service.trouble("1", *broken(11))
    await service.receive(a("1"), a("2"))
    await service.retry(10)
    await service.receive(a("3"))
    assert ["2", "3"] == service.database.entries(ORDER_ID)
    assert [b"2", b"3"] == [record.key for record in await service.replies()]


@pytest.mark.parametrize(("value", "reason"), [(b"garbage", "undecodable"), (None, "undecodable")])
async def test_what_can_never_work_is_given_up_at_once(
    service: JournalService, value: bytes | None, reason: str
) -> None:
    await service.receive(Message(topics.ORDER_COMMANDS, b"k", value))
    assert ([reason], []) == (service.observer.given_up, await service.parked())
    assert [] == await service.replies()
    [letter] = await service.records(DEAD)
    assert value == letter.value


async def test_a_forged_command_is_given_up_at_once(service: JournalService) -> None:
    await service.receive(bare(cancel_order()))
    assert ["fatal"] == service.observer.given_up


async def test_what_a_handler_finds_hopeless_is_given_up_at_once(service: JournalService) -> None:
    service.trouble("1", Undecodable("a row"), Undecodable("a row"))
    await service.receive(a("1"), a("2"))
    assert ["undecodable"] == service.observer.given_up
    assert ["2"] == service.database.entries(ORDER_ID)


async def test_what_turns_out_hopeless_later_is_given_up_then(service: JournalService) -> None:
    service.trouble("1", *broken(2), Undecodable("a row"))
    await service.receive(a("1"))
    await service.retry()
    await service.settle()
    [letter] = await service.records(DEAD)
    assert b"2" == dict(letter.headers)["dlq-attempts"]
    assert b"undecodable" == dict(letter.headers)["dlq-reason"]


async def test_a_handler_that_refuses_after_a_change_is_a_failure(service: JournalService) -> None:
    service.late_refusals.extend(["1", "1"])
    await service.receive(a("1"))
    [parked] = await service.database.parking.all_parked("journals")
    assert parked.error.startswith("RefusalChangedState")
    await service.retry()
    assert ["1"] == service.database.entries(ORDER_ID)


async def test_a_conflict_while_trying_again_keeps_nobody_else_waiting(
    service: JournalService,
) -> None:
    service.trouble("1", *broken(2))
    service.trouble("2", *broken(2))
    await service.receive(a("1"))
    await service.receive(a("2", ANOTHER))
    service.trouble("1", *[StoreConflict("somebody was first") for _ in range(3)])
    await service.retry()
    assert ["2"] == service.database.entries(ANOTHER)
    await service.retry(3)
    assert ["1"] == service.database.entries(ORDER_ID)


async def test_an_outage_while_trying_again_is_no_try(service: JournalService) -> None:
    service.trouble("1", *broken(2))
    await service.receive(a("1"))
    service.clock.advance(seconds=31)
    for call in ("load", "commit"):
        service.database.fail(call, Outage("the store is away"))
        with pytest.raises(Outage):
            await service.dispatcher.retry_due()
    [parked] = await service.database.parking.all_parked("journals")
    assert 1 == parked.attempts
    await service.dispatcher.retry_due()
    assert ["1"] == service.database.entries(ORDER_ID)


async def test_what_somebody_else_tried_meanwhile_is_left_alone(service: JournalService) -> None:
    service.trouble("1", *broken(2))
    await service.receive(a("1"))
    service.clock.advance(seconds=31)
    stale = await service.database.parking.due("journals", now=service.clock.now(), limit=10)
    await service.dispatcher.retry_due()

    async def due(*_: object, **__: object) -> object:
        return stale

    service.database.parking.due = due  # type: ignore[method-assign, assignment]
    assert 1 == await service.dispatcher.retry_due()
    assert ["1"] == service.database.entries(ORDER_ID)
    assert 1 == len(await service.replies())


async def test_a_service_may_be_told_to_try_less_often() -> None:
    service = JournalService(backoff=Backoff(tries=2))
    await service.start()
    service.trouble("1", *broken(3))
    await service.receive(a("1"))
    await service.retry()
    assert ["exhausted"] == service.observer.given_up
