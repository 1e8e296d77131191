"""Every command has one answer in command.replies; a request-reply client has it at its address."""

import asyncio
import json

import msgspec
import pytest
from tests.builders.journals import JournalService
from tests.builders.machines import NOW
from tests.builders.messages import (
    OPERATION_ID,
    ORDER_ID,
    bare,
    cancel_order,
    create_order,
    signed,
)

from tradex_core.clock import epoch_ms
from tradex_core.errors import InvalidInput, Outage, Refused
from tradex_core.events import codec, topics
from tradex_core.events.envelope import Headers
from tradex_core.events.reply import NO_RESULT, CommandReplied, OutcomeStatus
from tradex_core.events.topics import Topic
from tradex_core.events.user import LoginUser
from tradex_core.messaging.broker import Message

INBOX = "order.commands.reply"
ADDRESS: Headers = (
    ("kafka_correlationId", b"0123456789abcdef01234"),
    ("kafka_replyTopic", INBOX.encode()),
    ("kafka_replyPartition", b"2"),
)
LOG_IN = LoginUser(email="Ana@b.c", password="secret")


@pytest.fixture(autouse=True)
async def inbox(service: JournalService) -> None:
    await service.log.apply([Topic(INBOX, partitions=3)])


async def outcome(service: JournalService) -> CommandReplied:
    [record] = await service.replies()
    return codec.decode(record.value or b"", CommandReplied)


async def test_a_command_that_succeeded_is_answered_with_its_result(
    service: JournalService,
) -> None:
    await service.receive(signed(create_order(), OPERATION_ID))
    reply = await outcome(service)
    assert OutcomeStatus.SUCCEEDED is reply.status
    assert (OPERATION_ID, "CREATE_ORDER", ORDER_ID) == (
        reply.operation_id,
        reply.command,
        reply.subject,
    )
    assert {"key": ORDER_ID, "entries": ["tea"]} == msgspec.json.decode(reply.result)
    assert (NOW, None) == (reply.completed_at, reply.error)


async def test_a_command_without_a_result_is_answered_too(service: JournalService) -> None:
    await service.receive(signed(cancel_order(), OPERATION_ID))
    assert NO_RESULT == (await outcome(service)).result


async def test_a_refused_command_is_answered_with_the_reason(service: JournalService) -> None:
    service.trouble("tea", InvalidInput("send less"))
    await service.receive(signed(create_order()))
    reply = await outcome(service)
    assert OutcomeStatus.FAILED is reply.status
    assert reply.error is not None
    assert ("invalid", "invalid_input", "The input is not valid", "send less") == (
        reply.error.kind,
        reply.error.type,
        reply.error.title,
        reply.error.detail,
    )
    assert NO_RESULT == reply.result


async def test_a_refusal_that_is_returned_keeps_what_was_changed(service: JournalService) -> None:
    service.answers["tea"] = Refused(InvalidInput("noted, and refused"))
    await service.receive(signed(create_order()))
    reply = await outcome(service)
    assert reply.error is not None
    assert "noted, and refused" == reply.error.detail
    assert ["tea"] == service.database.entries(ORDER_ID)
    assert 1 == len(await service.records(topics.ORDER_UPDATED))


async def test_a_command_whose_deadline_has_passed_is_not_started(service: JournalService) -> None:
    deadline = epoch_ms(NOW)
    records = await service.publish(
        signed(cancel_order(), "in-time", deadline_ms=deadline + 5000),
        signed(cancel_order(), "late", deadline_ms=deadline + 4999),
        signed(LOG_IN, "late-too", deadline_ms=deadline),
    )
    service.clock.advance(seconds=5)
    await service.dispatcher.handle(records)
    assert ["in-time"] == service.database.entries(ORDER_ID)
    assert [] == service.prepared
    replies = {r.key: codec.decode(r.value or b"", CommandReplied) for r in await service.replies()}
    for late in (replies[b"late"], replies[b"late-too"]):
        assert late.error is not None
        assert ("expired", "deadline_exceeded") == (late.error.kind, late.error.type)
    assert replies[b"in-time"].error is None


async def test_a_parked_command_is_not_started_once_its_deadline_has_passed(
    service: JournalService,
) -> None:
    service.trouble("1", ValueError("broken"), ValueError("broken"))
    await service.receive(signed(cancel_order(), "1", deadline_ms=epoch_ms(NOW)))
    await service.retry()
    assert "deadline_exceeded" in service.observer.outcomes
    assert [] == service.database.entries(ORDER_ID)


async def test_a_request_reply_client_is_answered_at_its_address(service: JournalService) -> None:
    request = Message(topics.ORDER_COMMANDS, None, bare(create_order()).value, ADDRESS)
    await service.receive(request)
    assert 1 == len(await service.replies())
    [answer] = await service.records(INBOX)
    assert 2 == answer.partition
    assert (
        ("kafka_correlationId", b"0123456789abcdef01234"),
        ("kafka_nest-is-disposed", b"1"),
    ) == answer.headers
    assert {"key": ORDER_ID, "entries": ["tea"]} == json.loads(answer.value or b"")


async def test_a_request_reply_client_is_told_of_a_refusal(service: JournalService) -> None:
    service.trouble("tea", InvalidInput("send less"))
    await service.receive(bare(create_order(), headers=ADDRESS))
    await service.settle()
    [answer] = await service.records(INBOX)
    headers = dict(answer.headers)
    assert answer.value is None
    assert b"0123456789abcdef01234" == headers["kafka_correlationId"]
    assert "kafka_nest-is-disposed" in headers
    assert {
        "kind": "invalid",
        "type": "invalid_input",
        "title": "The input is not valid",
        "detail": "send less",
    } == json.loads(headers["kafka_nest-err"])


async def test_a_request_reply_client_hears_that_something_without_a_result_is_done(
    service: JournalService,
) -> None:
    await service.receive(signed(cancel_order(), headers=ADDRESS))
    await service.settle()
    [answer] = await service.records(INBOX)
    assert b"{}" == answer.value


async def test_a_client_without_a_partition_is_answered_by_its_correlation_id(
    service: JournalService,
) -> None:
    await service.receive(bare(create_order(), headers=ADDRESS[:2]))
    await service.settle()
    [answer] = await service.records(INBOX)
    assert b"0123456789abcdef01234" == answer.key


@pytest.mark.parametrize("topic", [each.name for each in topics.all_topics()])
async def test_nobody_can_write_to_the_platforms_own_topics_through_an_answer(
    service: JournalService, topic: str
) -> None:
    headers = (("kafka_correlationId", b"x"), ("kafka_replyTopic", topic.encode()))
    await service.receive(bare(create_order(), headers=headers))
    await service.settle()
    own = [record for each in topics.all_topics() for record in await service.records(each.name)]
    assert sorted([topics.ORDER_COMMANDS, topics.ORDER_UPDATED, topics.COMMAND_REPLIES]) == sorted(
        record.topic for record in own
    )
    assert ["tea"] == service.database.entries(ORDER_ID)


async def test_an_answer_that_cannot_be_delivered_keeps_nothing_else_waiting(
    service: JournalService,
) -> None:
    headers = (("kafka_correlationId", b"x"), ("kafka_replyTopic", b"no.such.topic"))
    await service.receive(bare(create_order(), headers=headers))
    assert 1 == len(await service.replies())
    assert 1 == len(await service.records(topics.ORDER_UPDATED))


async def test_what_a_message_causes_names_it_and_belongs_to_its_story(
    service: JournalService,
) -> None:
    trace = (("traceparent", b"00-1-2-01"), ("tracestate", b"a=b"), ("baggage", b"user=ana"))
    message = signed(create_order(), OPERATION_ID, headers=trace)
    await service.receive(message)
    replies = await service.replies()
    for number, record in enumerate([*await service.records(topics.ORDER_UPDATED), *replies]):
        assert {
            "ce_specversion": b"1.0",
            "ce_id": f"{OPERATION_ID}/{number}".encode(),
            "ce_type": record.topic.encode(),
            "ce_source": b"journals",
            "ce_time": b"2024-01-15T10:00:00Z",
            "content-type": b"application/json",
            "correlation-id": OPERATION_ID.encode(),
            "causation-id": OPERATION_ID.encode(),
            "traceparent": b"00-1-2-01",
            "tracestate": b"a=b",
        } == dict(record.headers)


async def test_what_a_long_id_causes_can_still_be_read(service: JournalService) -> None:
    await service.receive(signed(create_order(), "i" * 255))
    for record in [*await service.replies(), *await service.records(topics.ORDER_UPDATED)]:
        assert len(dict(record.headers)["ce_id"]) < 1024


async def test_slow_work_is_done_before_the_transaction_and_again_for_each_try(
    service: JournalService,
) -> None:
    service.trouble("prepared ana@b.c", ValueError("broken"), ValueError("broken"))
    await service.receive(signed(LOG_IN))
    await service.retry()
    assert ["prepared ana@b.c"] == service.database.entries("ana@b.c")
    assert ["ana@b.c"] * 3 == service.prepared


async def test_what_preparing_refuses_is_the_outcome(service: JournalService) -> None:
    service.trouble("prepare ana@b.c", InvalidInput("weak"))
    await service.receive(signed(LOG_IN))
    assert OutcomeStatus.FAILED is (await outcome(service)).status
    assert [] == service.database.entries("ana@b.c")


async def test_slow_work_that_fails_leaves_nothing_running_behind(service: JournalService) -> None:
    service.trouble("prepare ana@b.c", Outage("the directory is away"))
    other = LoginUser(email="bob@b.c", password="secret")
    records = await service.publish(signed(LOG_IN, "1"), signed(other, "2"))
    with pytest.raises(Outage):
        await service.dispatcher.handle(records)
    assert {asyncio.current_task()} == asyncio.all_tasks()
    assert ["ana@b.c", "bob@b.c"] == sorted(service.prepared)
