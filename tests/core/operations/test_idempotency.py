from tradex_core.operations.idempotency import body_digest


def test_the_same_body_has_the_same_digest_and_another_has_another() -> None:
    assert body_digest(b"key", b'{"a":1}') == body_digest(b"key", b'{"a":1}')
    assert body_digest(b"key", b'{"a":1}') != body_digest(b"key", b'{"a":2}')


def test_a_digest_tells_nothing_to_who_has_not_the_key() -> None:
    password = b'{"password":"secret"}'
    assert body_digest(b"key", password) != body_digest(b"another", password)
    assert b"secret" not in body_digest(b"key", password)
    assert 32 == len(body_digest(b"key", password))
