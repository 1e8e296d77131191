from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.machines import NOW
from tests.builders.messages import BUYER, an_envelope

from tradex_core.errors import Undecodable
from tradex_core.events.envelope import Actor, Envelope, Headers, ReplyAddress, read_envelope
from tradex_core.events.user import Role
from tradex_core.ids import MessageId

PLACE = MessageId("topic-3-7")
TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=200)
MINIMAL: Headers = an_envelope("1", type="CREATE_ORDER").to_headers()


@dataclass(frozen=True)
class Read:
    envelope: Envelope
    has_id: bool


def read(headers: Headers) -> Read:
    return Read(*read_envelope(headers, fallback_id=PLACE, fallback_time=NOW))


@given(
    st.builds(
        Envelope,
        id=TEXT.map(MessageId),
        type=TEXT,
        source=TEXT,
        time=st.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        correlation_id=TEXT,
        causation_id=st.none() | TEXT,
        actor=st.none() | st.builds(Actor, user_id=TEXT, role=st.sampled_from(Role)),
        signature=st.none() | TEXT,
        deadline_ms=st.none() | st.integers(0, 10**15 - 1),
        traceparent=st.none() | TEXT,
        tracestate=st.none() | TEXT,
    )
)
def test_an_envelope_is_read_as_it_was_written(envelope: Envelope) -> None:
    assert Read(envelope, has_id=True) == read(envelope.to_headers())


def test_the_headers_are_those_of_cloudevents_and_ours() -> None:
    envelope = msgspec.structs.replace(
        an_envelope("1", type="CREATE_ORDER", deadline_ms=7),
        actor=BUYER,
        signature="5161",
        causation_id="0",
        traceparent="00-1-2-01",
        tracestate="a=b",
    )
    assert {
        "ce_specversion": b"1.0",
        "ce_id": b"1",
        "ce_type": b"CREATE_ORDER",
        "ce_source": b"a test",
        "ce_time": b"2024-01-15T10:00:00Z",
        "content-type": b"application/json",
        "correlation-id": b"a story",
        "causation-id": b"0",
        "actor-id": BUYER.user_id.encode(),
        "actor-role": b"buyer",
        "actor-signature": b"5161",
        "deadline": b"7",
        "traceparent": b"00-1-2-01",
        "tracestate": b"a=b",
    } == dict(envelope.to_headers())


def test_a_message_without_headers_is_known_by_its_place_and_time_in_the_log() -> None:
    envelope = Envelope(id=PLACE, type="", source="unknown", time=NOW, correlation_id="topic-3-7")
    assert Read(envelope, has_id=False) == read(())


def test_a_story_begins_with_the_message_that_names_none() -> None:
    assert "1" == read((("ce_id", b"1"),)).envelope.correlation_id


def test_headers_that_are_not_ours_are_passed_over() -> None:
    foreign = (("ce_subject", b""), ("__TypeId__", b"\xff\0"), ("baggage", b"user=ana"))
    assert read(MINIMAL) == read((*MINIMAL, *foreign))


def test_baggage_is_not_passed_on() -> None:
    envelope = read((*MINIMAL, ("baggage", b"user=ana"))).envelope
    assert not any(b"ana" in value for _, value in envelope.to_headers())


def test_the_reply_address_of_a_client_is_not_passed_on() -> None:
    address = (("kafka_correlationId", b"\0\1"), ("kafka_replyTopic", b"inbox"))
    envelope = read((*MINIMAL, *address)).envelope
    assert ReplyAddress(topic="inbox", correlation_id=b"\0\1") == envelope.reply_to
    assert MINIMAL == envelope.to_headers()


@pytest.mark.parametrize(
    ("raw", "partition"),
    [(b"0", 0), (b"12", 12), (b"1234", 1234), (b"\0\0\0\0", 0), (b"\0\0\1\2", 258)],
)
def test_the_reply_partition_is_read_in_decimal_as_nestjs_and_in_four_bytes_as_spring_writes_it(
    raw: bytes, partition: int
) -> None:
    address = (("kafka_correlationId", b"x"), ("kafka_replyTopic", b"inbox"))
    reply_to = read((*address, ("kafka_replyPartition", raw))).envelope.reply_to
    assert reply_to is not None
    assert partition == reply_to.partition


@pytest.mark.parametrize("missing", ["kafka_correlationId", "kafka_replyTopic"])
def test_half_a_reply_address_is_none(missing: str) -> None:
    address = {"kafka_correlationId": b"x", "kafka_replyTopic": b"inbox"}
    del address[missing]
    assert read(tuple(address.items())).envelope.reply_to is None


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-01-15T10:00:00Z", NOW),
        ("2024-01-15T10:00:00", NOW),
        ("2024-01-15T12:30:00+02:30", NOW),
        ("2024-01-15T10:00:00.25Z", NOW + timedelta(milliseconds=250)),
    ],
)
def test_the_time_is_in_utc_however_it_was_written(text: str, time: datetime) -> None:
    read_time = read((("ce_time", text.encode()),)).envelope.time
    assert (time, UTC) == (read_time, read_time.tzinfo)


def test_a_time_is_written_in_utc() -> None:
    envelope = an_envelope("1", time=NOW.astimezone(timezone(timedelta(hours=2))))
    assert NOW == read(envelope.to_headers()).envelope.time


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_id", b""),
        ("ce_id", b"a\0b"),
        ("ce_id", b"\xff"),
        ("ce_id", b"i" * 1025),
        ("ce_specversion", b"0.3"),
        ("ce_specversion", b""),
        ("ce_time", b"yesterday"),
        ("ce_time", b"0001-01-01T00:00:00+23:59"),
        ("ce_time", b"9999-12-31T23:59:59-23:59"),
        ("ce_time", b"1969-12-31T23:59:59Z"),
        ("ce_type", b"\xff"),
        ("correlation-id", b""),
        ("causation-id", b"\0"),
        ("deadline", b"soon"),
        ("deadline", b"-1"),
        ("deadline", b"1.5"),
        ("deadline", b"1" * 16),
        ("deadline", "१२".encode()),
        ("actor-id", b"ana"),
        ("actor-role", b"buyer"),
        ("traceparent", b"t" * 2000),
        ("kafka_replyTopic", b""),
    ],
)
def test_a_header_that_is_not_what_it_should_be_makes_the_message_undecodable(
    name: str, value: bytes
) -> None:
    with pytest.raises(Undecodable, match="a header is malformed"):
        read(((name, value),))


@pytest.mark.parametrize("partition", [b"", b"-1", b"two", b"1" * 16, b"\xff\0\0\1", b"\0\1"])
def test_a_malformed_reply_partition_makes_the_message_undecodable(partition: bytes) -> None:
    address = (("kafka_correlationId", b"x"), ("kafka_replyTopic", b"inbox"))
    with pytest.raises(Undecodable, match="kafka_replyPartition"):
        read((*address, ("kafka_replyPartition", partition)))


def test_a_role_that_is_none_makes_the_message_undecodable() -> None:
    with pytest.raises(Undecodable, match="root"):
        read((("actor-id", b"ana"), ("actor-role", b"root")))


def test_only_an_admin_is_an_admin() -> None:
    admins = [role for role in Role if Actor(user_id="ana", role=role).is_admin]
    assert [Role.ADMIN] == admins
