"""Kafka's messages as the core's records, whatever strangers put into them."""

from datetime import UTC, datetime
from typing import Final, cast

from confluent_kafka import Message

from tradex_core.events.envelope import Headers
from tradex_core.messaging.broker import Record

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_UNREADABLE: Final[Headers] = (("ce_specversion", b"a header's name is not UTF-8"),)
"""What no reader accepts, so that the message becomes a dead letter and stops nothing."""


def record_of(message: Message) -> Record:
    """Return a message without an error as a record.

    A timestamp that is none is the epoch's.
    """
    return Record(
        cast("str", message.topic()),
        cast("int", message.partition()),
        cast("int", message.offset()),
        _time_of(message),
        message.key(),
        message.value(),
        _headers_of(message),
    )


def _time_of(message: Message) -> datetime:
    _, milliseconds = message.timestamp()
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return _EPOCH


def _headers_of(message: Message) -> Headers:
    try:
        headers = message.headers()
    except (SystemError, UnicodeDecodeError):
        # Not to be asked again: then confluent-kafka answers with tuples that hold null pointers.
        return _UNREADABLE
    if not headers:
        return ()
    pairs = cast("list[tuple[str, bytes | None]]", headers)
    return tuple([(name, value or b"") for name, value in pairs])
