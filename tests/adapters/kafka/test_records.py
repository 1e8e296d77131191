from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, Message
from confluent_kafka._types import HeadersType

from adapters.kafka.records import record_of
from tradex_core.errors import Undecodable
from tradex_core.events.envelope import read_envelope
from tradex_core.ids import MessageId

EPOCH = datetime.fromtimestamp(0, UTC)


def a_message(*, headers: HeadersType | None = None, timestamp: int = 0) -> Message:
    return Message(
        topic="order.created",
        partition=3,
        offset=7,
        key=b"key",
        value=b"{}",
        headers=headers,
        timestamp=(TIMESTAMP_CREATE_TIME, timestamp),
    )


class _MessageWithAHeaderNameThatIsNotUtf8(Message):
    """What confluent-kafka does with one."""

    asked = False

    def headers(self) -> HeadersType | None:
        assert not self.asked, "it would answer with tuples that hold null pointers"
        self.asked = True
        msg = "headers returned a result with an exception set"
        raise SystemError(msg)


def test_a_record_is_the_message() -> None:
    record = record_of(a_message(headers=[("ce_id", b"1"), ("ce_id", b"2")]))
    assert ("order.created-3-7", b"key", b"{}") == (record.position, record.key, record.value)
    assert (("ce_id", b"1"), ("ce_id", b"2")) == record.headers


def test_a_timestamp_is_in_milliseconds() -> None:
    record = record_of(a_message(timestamp=1_700_000_000_123))
    assert EPOCH + timedelta(milliseconds=1_700_000_000_123) == record.timestamp


@pytest.mark.parametrize("timestamp", [2**62, -(2**62)])
def test_a_timestamp_beyond_the_calendar_stops_nothing(timestamp: int) -> None:
    assert EPOCH == record_of(a_message(timestamp=timestamp)).timestamp


def test_a_header_without_a_value_has_an_empty_one() -> None:
    assert (("name", b""),) == record_of(a_message(headers=[("name", None)])).headers


def test_headers_that_cannot_be_read_make_the_message_undecodable() -> None:
    record = record_of(
        _MessageWithAHeaderNameThatIsNotUtf8("topic", 0, 0, timestamp=(TIMESTAMP_CREATE_TIME, 0))
    )
    with pytest.raises(Undecodable):
        read_envelope(record.headers, fallback_id=MessageId("1"), fallback_time=EPOCH)
