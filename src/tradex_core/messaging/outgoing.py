"""Turns what a message caused, events and its reply, into messages that name their cause."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tradex_core.errors import Refusal
from tradex_core.events import codec, envelope, topics
from tradex_core.events.envelope import Envelope, ReplyAddress
from tradex_core.events.fields import Event
from tradex_core.events.reply import NO_RESULT, CommandReplied, OutcomeStatus, ReplyError
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Message


class Cause(msgspec.Struct, frozen=True, gc=False):
    """What a new message follows from: the story it belongs to and the message before it."""

    id: MessageId
    correlation_id: str
    traceparent: str | None = None
    tracestate: str | None = None


def messages_of(
    events: Iterable[Event], *, cause: Cause, source: str, at: datetime
) -> list[Message]:
    """Lay events out as messages.

    Their ids are derived from their cause, so that running it again gives the same ones.
    """
    return [
        _message(event, number, cause=cause, source=source, at=at)
        for number, event in enumerate(events)
    ]


def _message(event: Event, number: int, *, cause: Cause, source: str, at: datetime) -> Message:
    headers = Envelope(
        id=MessageId(f"{cause.id}/{number}"),
        type=event.topic,
        source=source,
        time=at,
        correlation_id=cause.correlation_id,
        causation_id=cause.id,
        traceparent=cause.traceparent,
        tracestate=cause.tracestate,
    ).to_headers()
    return Message(
        topic=event.topic, key=event.key.encode(), value=codec.encode(event), headers=headers
    )


def succeeded(
    operation_id: str, command: str, *, result: object, subject: str | None, at: datetime
) -> CommandReplied:
    """Return the outcome of a command that did what it was asked."""
    return CommandReplied(
        operation_id=operation_id,
        command=command,
        status=OutcomeStatus.SUCCEEDED,
        completed_at=at,
        result=NO_RESULT if result is None else msgspec.Raw(codec.encode(result)),
        subject=subject,
    )


def refused(
    operation_id: str, command: str, refusal: Refusal, *, subject: str | None, at: datetime
) -> CommandReplied:
    """Return the outcome of a command that was refused."""
    return CommandReplied(
        operation_id=operation_id,
        command=command,
        status=OutcomeStatus.FAILED,
        completed_at=at,
        error=ReplyError(
            kind=refusal.kind, type=refusal.slug, title=refusal.title, detail=refusal.detail
        ),
        subject=subject,
    )


def answer(address: ReplyAddress, reply: CommandReplied) -> Message | None:
    """Return the answer for a request-reply client, as NestJS and Spring Kafka expect it.

    None where the address is one of the platform's own topics: nobody may write there through us.
    """
    if address.topic in topics.OWN:
        return None
    headers: envelope.Headers = (
        (envelope.REPLY_CORRELATION, address.correlation_id),
        (envelope.REPLY_DISPOSED, b"1"),
    )
    value: bytes | None = codec.encode(reply.result) if reply.result != NO_RESULT else b"{}"
    if reply.error is not None:
        value, headers = None, (*headers, (envelope.REPLY_ERROR, codec.encode(reply.error)))
    return Message(
        topic=address.topic,
        key=address.correlation_id,
        value=value,
        headers=headers,
        partition=address.partition,
    )
