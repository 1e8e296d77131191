"""Messages and records as parts of documents."""

from datetime import datetime

from adapters.mongo.connection import Document
from tradex_core.events.envelope import Headers
from tradex_core.messaging.broker import Message, Record


def message_document(message: Message) -> Document:
    """Write a message down."""
    return {
        "topic": message.topic,
        "key": message.key,
        "value": message.value,
        "headers": _pairs(message.headers),
        "partition": message.partition,
    }


def message_of(document: Document) -> Message:
    """Read a message back."""
    return Message(
        document["topic"],
        document["key"],
        document["value"],
        _headers(document["headers"]),
        document["partition"],
    )


def record_document(record: Record) -> Document:
    """Write a record down."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": to_the_millisecond(record.timestamp),
        "key": record.key,
        "value": record.value,
        "headers": _pairs(record.headers),
    }


def record_of(document: Document) -> Record:
    """Read a record back."""
    return Record(
        document["topic"],
        document["partition"],
        document["offset"],
        document["timestamp"],
        document["key"],
        document["value"],
        _headers(document["headers"]),
    )


def to_the_millisecond(at: datetime) -> datetime:
    """Cut a time off as BSON does, to be compared with what is read back."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _pairs(headers: Headers) -> list[list[object]]:
    return [[name, value] for name, value in headers]


def _headers(pairs: list[tuple[str, bytes]]) -> Headers:
    return tuple((name, value) for name, value in pairs)
