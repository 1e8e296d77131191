"""The canary itself: it recognises a secret in each form, and nothing else."""

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest
from tests.builders.canary import Canary

ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": bytes,
    "in hex": lambda secret: secret.hex().encode(),
    "in upper-case hex": lambda secret: secret.hex().upper().encode(),
    "percent-encoded": lambda secret: "".join(f"%{byte:02X}" for byte in secret).encode(),
    "quoted": lambda secret: quote(secret).encode(),
    "in base64": base64.b64encode,
    "in base64, one further": lambda secret: base64.b64encode(b"a" + secret + b"b"),
    "in base64, two further": lambda secret: base64.b64encode(b"aa" + secret + b"bb"),
    "in base64 for URLs": lambda secret: base64.urlsafe_b64encode(b'{"password":"' + secret),
}
TOKENS = {"accessToken": "header.clai_ms-1.signa-ture_1", "refreshToken": "an-id.dig_est-1"}


@pytest.mark.parametrize("how", ENCODINGS)
def test_a_secret_is_found(how: str) -> None:
    canary = Canary()
    secret = canary.secret("a password").encode()
    assert {"a password"} == canary.found_in(b"before " + ENCODINGS[how](secret) + b" after")


@pytest.mark.parametrize("how", ENCODINGS)
def test_a_token_is_found_by_what_makes_it_one(how: str) -> None:
    canary = Canary()
    canary.learn_tokens("somebody", TOKENS)
    assert {"somebody's refresh token"} == canary.found_in(ENCODINGS[how](b"dig_est-1"))
    assert {"signature of somebody's access token"} == canary.found_in(
        ENCODINGS[how](b"signa-ture_1")
    )


def test_where_there_is_none_none_is_found() -> None:
    canary = Canary()
    canary.secret("a password")
    canary.learn_tokens("somebody", TOKENS)
    assert set() == canary.found_in(b"the id of the session is an-id, of kind header")


def test_a_secret_that_was_cut_short_is_found() -> None:
    canary = Canary()
    assert {"a part of a secret"} == canary.found_in(canary.secret("a password")[:20].encode())
