import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.journals import JournalService
from tests.builders.machines import NOW
from tests.builders.messages import (
    BUYER,
    OPERATION_ID,
    ORDER_ID,
    SIGNATURES,
    an_event,
    bare,
    cancel_order,
    create_order,
    lying,
    signed,
    stock_reserved,
    unsigned,
    with_headers,
)

from tradex_core.errors import Forged, Hopeless, Undecodable
from tradex_core.events import topics
from tradex_core.messaging.broker import Message
from tradex_core.messaging.dead_letters import Decision, Resolution
from tradex_core.messaging.opening import Opening


def opened(message: Message, *, accepted: bool = True, offset: int = 7) -> Opening:
    """Open a message that lies at order.commands-3-7 or the like."""
    service = JournalService(unsigned_accepted=accepted)
    return service.opener.open(lying(message, partition=3, offset=offset))


def test_a_signed_command_is_known_by_its_id_and_its_actor() -> None:
    opening = opened(signed(create_order(), OPERATION_ID))
    assert opening.opened is not None
    assert (OPERATION_ID, OPERATION_ID) == (opening.id, opening.handled_id)
    assert BUYER == opening.opened.actor
    assert create_order() == opening.opened.payload
    assert "CREATE_ORDER" == opening.opened.name
    assert ORDER_ID == opening.opened.subject


def test_a_command_without_headers_is_known_by_where_it_lies() -> None:
    opening = opened(bare(create_order()))
    assert opening.opened is not None
    assert "order.commands-3-7" == opening.id == opening.handled_id
    assert opening.opened.actor is None
    assert NOW == opening.opened.envelope.time


def test_an_unsigned_command_has_an_identity_of_its_own_kind() -> None:
    opening = opened(unsigned(create_order(), OPERATION_ID))
    assert opening.opened is not None
    assert f"unsigned/{OPERATION_ID}" == opening.id
    assert OPERATION_ID == opening.opened.envelope.id
    assert opening.opened.actor is None


def test_an_unsigned_command_is_one_of_the_originals() -> None:
    opening = opened(unsigned(cancel_order(), "mine"))
    assert isinstance(opening.error, Forged)
    assert "CANCEL_ORDER needs an actor signature" == str(opening.error)


def test_unsigned_commands_are_refused_where_a_setting_says_so() -> None:
    for message in (bare(create_order()), unsigned(create_order(), "mine")):
        opening = opened(message, accepted=False)
        assert isinstance(opening.error, Forged)
    assert opened(signed(create_order()), accepted=False).error is None


@pytest.mark.parametrize(
    "tampered",
    [
        with_headers(signed(create_order()), actor_signature=b"0" * 64),
        with_headers(signed(create_order()), actor_signature=None),
        with_headers(signed(create_order()), actor_id=b"somebody-else"),
        with_headers(signed(create_order()), actor_id=None, actor_role=None),
        with_headers(signed(create_order()), actor_role=b"admin"),
        with_headers(signed(create_order()), ce_type=b"CANCEL_ORDER"),
        with_headers(signed(create_order()), ce_id=b"another-id"),
        with_headers(signed(create_order()), ce_id=None),
        Message(
            topics.ORDER_COMMANDS,
            b"key",
            bare(create_order("another")).value,
            signed(create_order()).headers,
        ),
        Message(topics.ORDER_COMMANDS, b"key", b"not JSON", signed(create_order()).headers),
        Message(topics.ORDER_COMMANDS, b"key", None, signed(create_order()).headers),
    ],
)
def test_what_was_tampered_with_is_refused_and_uses_up_nobodys_id(tampered: Message) -> None:
    opening = opened(tampered)
    assert isinstance(opening.error, Forged)
    assert OPERATION_ID != opening.handled_id


def test_a_signed_type_that_is_not_the_commands_is_refused() -> None:
    value = bare(cancel_order()).value
    assert value is not None
    signature = SIGNATURES.sign(
        message_id=OPERATION_ID, type="CREATE_ORDER", actor=BUYER, value=value
    )
    message = with_headers(signed(create_order()), actor_signature=signature.encode())
    opening = opened(Message(message.topic, message.key, value, message.headers))
    assert isinstance(opening.error, Forged)
    assert "ce_type" in str(opening.error)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (None, "no value"),
        (b"", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"{}", "`command`"),
        (b'{"command":"CREATE_ORDER"}', "`data`"),
        (b'{"command":"FLY","data":{}}', "CANCEL_ORDER, CREATE_ORDER"),
        (b'{"command":"REGISTER_USER","data":{}}', "CANCEL_ORDER, CREATE_ORDER"),
        (b'{"command":"CREATE_ORDER","data":{}}', "`userId`"),
        (b'{"command":"CREATE_ORDER","data":' + b"[" * 100_000, "recursion"),
    ],
)
def test_a_command_that_is_none_can_never_be_handled(value: bytes | None, complaint: str) -> None:
    opening = opened(Message(topics.ORDER_COMMANDS, b"key", value))
    assert isinstance(opening.error, Undecodable)
    assert complaint in str(opening.error)


def test_a_commands_id_leaves_room_for_the_ids_that_grow_out_of_it() -> None:
    assert opened(unsigned(create_order(), "i" * 255)).error is None
    assert isinstance(opened(unsigned(create_order(), "i" * 256)).error, Undecodable)


def test_an_event_is_known_by_its_id() -> None:
    opening = opened(an_event(stock_reserved(), "cause/0"))
    assert opening.opened is not None
    assert "cause/0" == opening.id
    assert stock_reserved() == opening.opened.payload
    assert opening.opened.subject is None


def test_an_event_without_headers_is_known_by_where_it_lies() -> None:
    event = an_event(stock_reserved(), "cause/0")
    opening = opened(Message(event.topic, event.key, event.value))
    assert "stock.reserved-3-7" == opening.id
    assert opening.error is None


def test_a_malformed_header_leaves_the_message_where_it_lies_as_its_identity() -> None:
    opening = opened(with_headers(signed(create_order()), ce_time=b"yesterday"))
    assert isinstance(opening.error, Undecodable)
    assert "order.commands-3-7" == opening.handled_id


HEADER = st.tuples(
    st.sampled_from(
        [
            "ce_id",
            "ce_type",
            "ce_time",
            "actor-id",
            "actor-role",
            "actor-signature",
            "deadline",
            "kafka_replyTopic",
            "kafka_replyPartition",
            "kafka_correlationId",
            "ce_specversion",
            "dlq-replay-count",
            "dlq-signature",
            "dlq-origin",
            "dlq-consumer-group",
            "dlq-resolution",
            "traceparent",
            "correlation-id",
            "causation-id",
        ]
    ),
    st.binary(max_size=30) | st.sampled_from([b"1.0", b"1", b"buyer", b"redriven", b"9" * 5000]),
)


@given(
    headers=st.lists(HEADER, max_size=8),
    value=st.none() | st.binary(max_size=100) | st.just(bare(create_order()).value),
    topic=st.sampled_from([topics.ORDER_COMMANDS, topics.STOCK_RESERVED]),
)
def test_opening_never_raises(
    headers: list[tuple[str, bytes]], value: bytes | None, topic: str
) -> None:
    opening = opened(Message(topic, None, value, tuple(headers)))
    assert (opening.opened is None) == (opening.error is not None)
    assert isinstance(opening.hopeless, Hopeless)
    assert opening.decision is None


def decided(
    message: Message, *, consumer: str = "journals", resolution: Resolution = Resolution.REDRIVEN
) -> Message:
    decision = Decision(consumer, "order.commands-3-1", 2, resolution)
    headers = decision.headers(lying(message), SIGNATURES)
    return Message(message.topic, message.key, message.value, (*message.headers, *headers))


def test_a_message_that_was_sent_again_has_an_identity_for_each_time() -> None:
    opening = opened(decided(signed(create_order(), OPERATION_ID)))
    assert (OPERATION_ID, f"{OPERATION_ID}#2") == (opening.id, opening.handled_id)
    assert not opening.discarded
    assert opened(decided(signed(create_order()), resolution=Resolution.DISCARDED)).discarded


def test_a_message_without_an_id_keeps_its_first_place_as_its_identity() -> None:
    opening = opened(decided(bare(create_order())))
    assert ("order.commands-3-1", "order.commands-3-1#2") == (opening.id, opening.handled_id)


def test_what_was_sent_again_for_another_consumer_is_the_message_it_was() -> None:
    opening = opened(decided(signed(create_order(), OPERATION_ID), consumer="others"))
    assert OPERATION_ID == opening.handled_id
    opening = opened(decided(bare(create_order()), consumer="others"))
    assert "order.commands-3-1" == opening.handled_id


@pytest.mark.parametrize(
    "forged",
    [
        with_headers(decided(signed(create_order())), dlq_signature=None),
        with_headers(decided(signed(create_order())), dlq_signature=b"0" * 64),
        with_headers(decided(signed(create_order())), dlq_replay_count=b"3"),
        with_headers(decided(signed(create_order())), dlq_resolution=b"discarded"),
        with_headers(decided(signed(create_order())), dlq_origin=b"order.commands-3-2"),
        with_headers(decided(signed(create_order(), "another")), ce_id=OPERATION_ID.encode()),
        Message(
            topics.ORDER_COMMANDS,
            b"key",
            bare(create_order("another")).value,
            decided(unsigned(create_order(), "mine")).headers,
        ),
        with_headers(
            decided(signed(create_order()), consumer="others"), dlq_consumer_group=b"journals"
        ),
    ],
)
def test_a_decision_that_no_operator_made_changes_nothing(forged: Message) -> None:
    opening = opened(forged)
    assert opening.decision is None
    assert not opening.discarded
    assert "#" not in opening.handled_id
