import base64
import hmac
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from tests.builders.users import HandSetClock

from adapters.security import tokens
from adapters.security.key_text import key_id
from adapters.security.token_keys import AccessTokenKeys, token_key_id
from adapters.security.tokens import LIFETIME, AccessTokenIssuer, AccessTokenVerifier
from tradex_core.errors import Kind
from tradex_core.events.envelope import Actor
from tradex_core.events.user import Role
from tradex_core.ids import UserId
from tradex_core.key_rings import KeyRing
from tradex_core.users.errors import InvalidToken

NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
USER_ID = UserId("018d0c1e-8a00-7000-8000-0000000000b1")
SELLER = Actor(user_id=USER_ID, role=Role.SELLER)
ISSUER, AUDIENCE = "https://tradex.example", "tradex"
PRIVATE_KEY = Ed25519PrivateKey.generate()
PUBLIC_BYTES = PRIVATE_KEY.public_key().public_bytes_raw()
KEYS = AccessTokenKeys([PRIVATE_KEY])
HEADER = {"alg": "Ed25519", "kid": KEYS.kid, "typ": "at+jwt"}
CLAIMS = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": USER_ID,
    "role": "seller",
    "iat": NOW_S,
    "exp": NOW_S + 600,
    "jti": "one",
}
ABSENT = object()


def an_issuer(keys: AccessTokenKeys = KEYS, clock: HandSetClock | None = None) -> AccessTokenIssuer:
    return AccessTokenIssuer(
        keys, issuer=ISSUER, audience=AUDIENCE, clock=clock or HandSetClock(NOW)
    )


def a_verifier(
    keys: AccessTokenKeys = KEYS, clock: HandSetClock | None = None
) -> AccessTokenVerifier:
    return AccessTokenVerifier(
        keys, issuer=ISSUER, audience=AUDIENCE, clock=clock or HandSetClock(NOW)
    )


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def with_changes(original: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**original, **changes}
    return {name: value for name, value in merged.items() if value is not ABSENT}


def a_token(
    *,
    header: dict[str, Any] | None = None,
    claims: dict[str, Any] | None = None,
    sign: Callable[[bytes], bytes] = PRIVATE_KEY.sign,
) -> str:
    """Make a token by hand, so that what a library would never write can be tried."""
    parts = with_changes(HEADER, header or {}), with_changes(CLAIMS, claims or {})
    signed = ".".join(b64(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{b64(sign(signed.encode()))}"


def assert_invalid(token: str, verifier: AccessTokenVerifier | None = None) -> None:
    with pytest.raises(InvalidToken) as refused:
        (verifier or a_verifier()).verify(token)
    assert (Kind.UNAUTHENTICATED, "invalid_token") == (refused.value.kind, refused.value.slug)
    assert len(token) < 20 or token not in refused.value.detail


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Note every check of a signature."""
    noting = Mock(wraps=jwt.decode)
    monkeypatch.setattr(jwt, "decode", noting)
    return noting


def test_an_issued_token_says_who_its_bearer_is() -> None:
    assert SELLER == a_verifier().verify(an_issuer().issue(USER_ID, Role.SELLER))


def test_a_token_made_by_hand_is_as_good() -> None:
    assert SELLER == a_verifier().verify(a_token())


def test_an_issued_token_is_laid_out_as_rfc_9068_says() -> None:
    header, claims = (
        json.loads(unb64(part)) for part in an_issuer().issue(USER_ID, Role.SELLER).split(".")[:2]
    )
    assert HEADER == header
    assert len(claims.pop("jti")) == 22
    assert with_changes(CLAIMS, {"jti": ABSENT}) == claims


def test_no_two_tokens_are_the_same() -> None:
    issuer = an_issuer()
    assert issuer.issue(USER_ID, Role.BUYER) != issuer.issue(USER_ID, Role.BUYER)


def test_a_token_works_for_ten_minutes() -> None:
    clock = HandSetClock(NOW)
    verifier = a_verifier(clock=clock)
    token = an_issuer().issue(USER_ID, Role.SELLER)
    clock.advance(timedelta(minutes=10) - timedelta(milliseconds=1))
    assert SELLER == verifier.verify(token)
    clock.advance(timedelta(milliseconds=1))
    assert_invalid(token, verifier)


def test_an_expired_token_is_refused_by_who_never_saw_it() -> None:
    assert_invalid(a_token(), a_verifier(clock=HandSetClock(NOW + LIFETIME)))


def test_a_remembered_token_is_not_checked_again(checks: Mock) -> None:
    verifier = a_verifier()
    token = a_token()
    assert [SELLER] * 3 == [verifier.verify(token) for _ in range(3)]
    assert checks.call_count == 1


def test_a_refused_token_is_not_remembered_as_good() -> None:
    verifier = a_verifier()
    forged = a_token(sign=Ed25519PrivateKey.generate().sign)
    assert_invalid(forged, verifier)
    assert_invalid(forged, verifier)


def test_only_the_tokens_used_last_are_remembered(
    checks: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_CACHED_TOKENS", 2)
    verifier = a_verifier()
    used, idle, newest = (a_token(claims={"jti": name}) for name in ("a", "b", "c"))
    for token in (used, idle, used, newest, used, idle):
        assert SELLER == verifier.verify(token)
    assert [used, idle, newest, idle] == [call.args[0] for call in checks.call_args_list]


def test_no_algorithm_is_no_signature() -> None:
    for alg in ("none", "None", "NONE", ""):
        assert_invalid(a_token(header={"alg": alg}, sign=lambda _: b""))
        assert_invalid(a_token(header={"alg": alg}))


@pytest.mark.parametrize(
    "secret",
    [PUBLIC_BYTES, b64(PUBLIC_BYTES).encode(), json.dumps(KEYS.jwks()["keys"][0]).encode()],
    ids=["raw", "base64url", "jwk"],
)
@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512", "Ed25519"])
def test_the_public_key_is_no_hmac_secret(alg: str, secret: bytes) -> None:
    digest = "sha256" if alg == "Ed25519" else f"sha{alg[2:]}"

    def sign(data: bytes) -> bytes:
        return hmac.digest(secret, data, digest)

    assert_invalid(a_token(header={"alg": alg}, sign=sign))


@pytest.mark.parametrize(
    "alg", ["EdDSA", "ed25519", "Ed448", "RS256", "ES256", None, 1, ["Ed25519"]]
)
def test_only_the_one_algorithm_is_accepted(alg: object) -> None:
    assert_invalid(a_token(header={"alg": alg}))


@pytest.mark.parametrize("kid", [ABSENT, "", "another", None, 7, [KEYS.kid], {"kid": KEYS.kid}])
def test_an_unknown_or_missing_key_id_is_refused(kid: object) -> None:
    assert_invalid(a_token(header={"kid": kid}))


def test_a_token_brings_no_key_of_its_own() -> None:
    theirs = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(theirs.public_key().public_bytes_raw())}
    for kid in (KEYS.kid, ABSENT, key_id(theirs.public_key().public_bytes_raw())):
        assert_invalid(a_token(header={"jwk": jwk, "kid": kid}, sign=theirs.sign))
    assert_invalid(a_token(header={"jku": "https://evil.example/jwks.json"}, sign=theirs.sign))


@pytest.mark.parametrize(
    "extra",
    [
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": b64(PUBLIC_BYTES)}},
        {"jku": "https://tradex.example/jwks.json"},
        {"x5u": "https://tradex.example/cert.pem"},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": True},
        {"b64": False, "crit": ["b64"]},
        {"cty": "JWT"},
    ],
)
def test_a_header_says_nothing_more_than_it_must(extra: dict[str, Any]) -> None:
    assert_invalid(a_token(header=extra))


@pytest.mark.parametrize("typ", [ABSENT, "JWT", "at+JWT", "application/at+jwt", "id+jwt", "", None])
def test_another_type_of_token_is_refused(typ: object) -> None:
    assert_invalid(a_token(header={"typ": typ}))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": ABSENT},
        {"iss": [ISSUER]},
        {"aud": "another"},
        {"aud": ABSENT},
        {"aud": [AUDIENCE, "another"]},
        {"sub": ABSENT},
        {"sub": ""},
        {"sub": 7},
        {"role": ABSENT},
        {"role": "owner"},
        {"role": ["admin"]},
        {"iat": ABSENT},
        {"iat": "now"},
        {"exp": ABSENT},
        {"exp": None},
        {"exp": str(NOW_S + 600)},
        {"exp": True},
        {"exp": NOW_S},
        {"exp": -1},
        {"nbf": "soon"},
    ],
)
def test_a_claim_that_is_missing_or_wrong_is_refused(claims: dict[str, Any]) -> None:
    assert_invalid(a_token(claims=claims))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_from_the_future_is_refused_beyond_the_clocks_skew(claim: str) -> None:
    assert SELLER == a_verifier().verify(a_token(claims={claim: NOW_S + 30}))
    assert_invalid(a_token(claims={claim: NOW_S + 31}))


def test_a_signature_by_another_key_is_refused() -> None:
    assert_invalid(a_token(sign=Ed25519PrivateKey.generate().sign))


def test_a_changed_claim_breaks_the_signature() -> None:
    header, _, signature = a_token().split(".")
    promoted = b64(json.dumps({**CLAIMS, "role": "admin"}).encode())
    assert_invalid(f"{header}.{promoted}.{signature}")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "..",
        "a.b.c",
        a_token() + "=",
        a_token() + ".",
        a_token().rpartition(".")[0] + ".",
        a_token().rpartition(".")[0],
        "é" + a_token(),
        "\ud800",
        b64(b"[1]") + ".e30.",
        b64(b'["alg"]') + ".e30.",
        b64(b"7") + ".e30.",
        b64(b'{"alg":' + b"[" * 300) + ".e30.",
        "x" * 3000,
        a_token(claims={"padding": "x" * 2000}),
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert_invalid(token)


@pytest.mark.parametrize("payload", [b"[]", b"7", b"null", b"not json", b"\xff", b"[" * 1200])
def test_a_signed_payload_that_is_no_set_of_claims_is_refused(payload: bytes) -> None:
    signed = f"{b64(json.dumps(HEADER).encode())}.{b64(payload)}"
    assert_invalid(f"{signed}.{b64(PRIVATE_KEY.sign(signed.encode()))}")


@given(st.text())
def test_no_text_breaks_the_verifier(text: str) -> None:
    assert_invalid(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    ),
    st.sampled_from(["alg", "kid", "typ"]),
)
def test_no_header_breaks_the_verifier(value: object, field: str) -> None:
    if HEADER[field] != value:
        assert_invalid(a_token(header={field: value}))


def test_keys_survive_being_written_down() -> None:
    restored = AccessTokenKeys.from_text(KEYS.to_text())
    assert SELLER == a_verifier(restored).verify(an_issuer().issue(USER_ID, Role.SELLER))


def test_a_key_is_replaced_without_a_token_lost() -> None:
    newer = AccessTokenKeys.generate()
    prepared = AccessTokenKeys.from_text(f"{KEYS.to_text()},{newer.to_text()}")
    switched = AccessTokenKeys.from_text(f"{newer.to_text()},{KEYS.to_text()}")
    for issuing, verifying in ((KEYS, prepared), (switched, prepared), (prepared, switched)):
        token = an_issuer(issuing).issue(USER_ID, Role.SELLER)
        assert SELLER == a_verifier(verifying).verify(token)
    assert newer.kid == switched.kid
    assert_invalid(an_issuer(KEYS).issue(USER_ID, Role.SELLER), a_verifier(newer))


@pytest.mark.parametrize("text", ["", "no-key-at-all", "c2hvcnQ="])
def test_what_are_no_keys_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="32 bytes in base64"):
        AccessTokenKeys.from_text(text)


def test_the_published_keys_are_public_and_enough_to_verify() -> None:
    [jwk] = KEYS.jwks()["keys"]
    expected = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": b64(PUBLIC_BYTES),
        "kid": KEYS.kid,
        "alg": "Ed25519",
        "use": "sig",
    }
    assert expected == jwk


def test_keys_do_not_show_themselves() -> None:
    secret = KEYS.to_text()
    assert secret not in repr(KEYS)
    assert secret not in json.dumps(KEYS.jwks())


def test_a_ring_is_replaced_while_it_is_used() -> None:
    old, new = (secrets.token_bytes(32) for _ in range(2))
    keys = AccessTokenKeys.generate()
    keys.use(KeyRing.of(old))
    issuer, verifier = an_issuer(keys), a_verifier(keys)
    token = issuer.issue(USER_ID, Role.SELLER)
    keys.use(KeyRing.of(new, old))
    assert [token_key_id(new), token_key_id(old)] == [jwk["kid"] for jwk in keys.jwks()["keys"]]
    newer = issuer.issue(USER_ID, Role.SELLER)
    assert token_key_id(new) == json.loads(unb64(newer.split(".")[0]))["kid"]
    assert [SELLER, SELLER] == [verifier.verify(each) for each in (token, newer)]


def test_a_remembered_token_is_forgotten_with_its_key() -> None:
    old, new = (secrets.token_bytes(32) for _ in range(2))
    keys = AccessTokenKeys.generate()
    keys.use(KeyRing.of(old))
    verifier = a_verifier(keys)
    token = an_issuer(keys).issue(USER_ID, Role.SELLER)
    assert SELLER == verifier.verify(token)
    keys.use(KeyRing.of(new))
    assert_invalid(token, verifier)
