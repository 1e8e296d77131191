from datetime import timedelta

from tests.builders.machines import NOW

from tradex_core.ids import OperationId, uuid7
from tradex_core.key_rings import KeyRing, RingKey
from tradex_core.operations.idempotency import BodyDigests

OPERATION_ID = OperationId(uuid7(at=NOW, random_bits=1))
DIGESTS = BodyDigests(b"key")


def test_the_same_body_has_the_same_digest_and_another_has_another() -> None:
    assert DIGESTS.of(b'{"a":1}', OPERATION_ID) == DIGESTS.of(b'{"a":1}', OPERATION_ID)
    assert DIGESTS.of(b'{"a":1}', OPERATION_ID) != DIGESTS.of(b'{"a":2}', OPERATION_ID)


def test_a_digest_tells_nothing_to_who_has_not_the_key() -> None:
    password = b'{"password":"secret"}'
    digest = DIGESTS.of(password, OPERATION_ID)
    assert digest != BodyDigests(b"another").of(password, OPERATION_ID)
    assert b"secret" not in digest
    assert 32 == len(digest)


def test_a_repeat_after_the_key_was_replaced_has_the_digest_that_was_kept() -> None:
    kept = DIGESTS.of(b"body", OPERATION_ID)
    replaced = BodyDigests(b"key")
    replaced.use(KeyRing((RingKey(b"new", NOW + timedelta(hours=1)), RingKey(b"key"))))
    later = OperationId(uuid7(at=NOW + timedelta(hours=1), random_bits=1))
    assert kept == replaced.of(b"body", OPERATION_ID)
    assert BodyDigests(b"new").of(b"body", later) == replaced.of(b"body", later)
