import hmac
from hashlib import sha256

import msgspec
import pytest
from tests.builders.messages import BUYER, an_envelope

from tradex_core.errors import Forged
from tradex_core.events.envelope import Actor, ActorSignatures, Envelope
from tradex_core.events.user import Role
from tradex_core.ids import MessageId
from tradex_core.key_rings import KeyRing

SIGNATURES = ActorSignatures(b"key")
VALUE = b'{"command":"CREATE_ORDER"}'


def signed(value: bytes = VALUE) -> Envelope:
    envelope = an_envelope("1", type="CREATE_ORDER")
    signature = SIGNATURES.sign(message_id="1", type="CREATE_ORDER", actor=BUYER, value=value)
    return msgspec.structs.replace(envelope, actor=BUYER, signature=signature)


def test_a_right_signature_proves_the_actor() -> None:
    assert BUYER == SIGNATURES.verify(signed(), VALUE)


def test_a_message_without_an_actor_proves_none() -> None:
    assert SIGNATURES.verify(an_envelope("1"), VALUE) is None


@pytest.mark.parametrize(
    "tampered",
    [
        msgspec.structs.replace(signed(), id=MessageId("2")),
        msgspec.structs.replace(signed(), type="CANCEL_ORDER"),
        msgspec.structs.replace(signed(), actor=Actor(user_id="somebody", role=Role.BUYER)),
        msgspec.structs.replace(signed(), actor=Actor(user_id=BUYER.user_id, role=Role.ADMIN)),
        msgspec.structs.replace(signed(), actor=None),
        msgspec.structs.replace(signed(), signature=None),
        msgspec.structs.replace(signed(), signature="0" * 64),
        msgspec.structs.replace(signed(), signature="é"),
        msgspec.structs.replace(signed(), signature=""),
        msgspec.structs.replace(signed(), id=MessageId("1\nCREATE_ORDER"), type=BUYER.user_id),
    ],
    ids=["id", "type", "user", "role", "actor", "none", "zeros", "letters", "empty", "shifted"],
)
def test_what_was_tampered_with_is_forged(tampered: Envelope) -> None:
    with pytest.raises(Forged):
        SIGNATURES.verify(tampered, VALUE)


@pytest.mark.parametrize("value", [VALUE + b" ", VALUE[:-1], b""])
def test_another_value_is_forged(value: bytes) -> None:
    with pytest.raises(Forged):
        SIGNATURES.verify(signed(), value)


def test_another_key_is_forged() -> None:
    with pytest.raises(Forged):
        ActorSignatures(b"another").verify(signed(), VALUE)


def test_what_the_signature_does_not_cover_may_change_on_the_way() -> None:
    envelope = msgspec.structs.replace(signed(), traceparent="00-1-2-01", source="elsewhere")
    assert BUYER == SIGNATURES.verify(envelope, VALUE)


def test_the_signature_is_the_hmac_that_the_contract_describes() -> None:
    text = f"1\nCREATE_ORDER\n{BUYER.user_id}\nbuyer\n{sha256(VALUE).hexdigest()}"
    assert hmac.new(b"key", text.encode(), sha256).hexdigest() == signed().signature


def test_an_operators_decision_is_signed_by_each_of_its_parts() -> None:
    signatures = {
        SIGNATURES.sign_decision(*parts)
        for parts in (("a", "b"), ("ab",), ("a\nb",), ("a", "", "b"), ("b", "a"), ('a","b',))
    }
    assert 6 == len(signatures)
    assert ActorSignatures(b"another").sign_decision("a", "b") not in signatures


def test_every_key_of_the_ring_proves_and_the_first_signs() -> None:
    rotating = ActorSignatures(b"any")
    rotating.use(KeyRing.of(b"new", b"key"))
    assert BUYER == rotating.verify(signed(), VALUE)
    of_new = ActorSignatures(b"new").sign(
        message_id="1", type="CREATE_ORDER", actor=BUYER, value=VALUE
    )
    assert of_new == rotating.sign(message_id="1", type="CREATE_ORDER", actor=BUYER, value=VALUE)
    rotating.use(KeyRing.of(b"new"))
    with pytest.raises(Forged):
        rotating.verify(signed(), VALUE)


def test_what_an_operator_decided_under_an_old_key_stays_decided() -> None:
    decided = SIGNATURES.sign_decision("a", "b").encode()
    rotating = ActorSignatures(b"any")
    rotating.use(KeyRing.of(b"new", b"key"))
    assert rotating.has_signed_decision(decided, "a", "b")
    assert not rotating.has_signed_decision(decided, "a", "c")
    assert not ActorSignatures(b"new").has_signed_decision(decided, "a", "b")
