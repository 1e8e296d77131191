import base64
from datetime import timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.security.refresh_tokens import RefreshTokens
from tradex_core.errors import Kind
from tradex_core.ids import OperationId, SessionId, uuid7, uuid7_time
from tradex_core.key_rings import KeyRing, RingKey
from tradex_core.users.errors import InvalidToken

KEY = bytes(range(32))
SESSION_ID = SessionId("018d0c1e-8a00-7000-8000-0000000000f1")
OTHER_SESSION_ID = SessionId("018d0c1e-8a00-7000-8000-0000000000f2")
OPERATION_ID = OperationId("018d0c1e-8a00-7000-8000-0000000000a1")
OTHER_OPERATION_ID = OperationId("018d0c1e-8a00-7000-8000-0000000000a2")
TOKENS = RefreshTokens(KEY)
FIRST = TOKENS.first(OPERATION_ID, SESSION_ID)


def test_a_token_names_its_session_and_holds_256_bits() -> None:
    session_id, _, secret = FIRST.partition(".")
    assert SESSION_ID == session_id
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32
    assert SESSION_ID == TOKENS.parse(FIRST)


def test_the_same_request_gets_the_same_token_from_every_replica() -> None:
    replica = RefreshTokens(KEY)
    assert FIRST == replica.first(OPERATION_ID, SESSION_ID)
    assert TOKENS.successor(FIRST) == replica.successor(FIRST)


def test_another_operation_session_or_key_makes_another_secret() -> None:
    made = [
        FIRST,
        TOKENS.first(OTHER_OPERATION_ID, SESSION_ID),
        TOKENS.first(OPERATION_ID, OTHER_SESSION_ID),
        RefreshTokens(KEY[::-1]).first(OPERATION_ID, SESSION_ID),
    ]
    assert len({token.partition(".")[2] for token in made}) == 4


def test_every_successor_is_new_and_of_the_same_session() -> None:
    made = [FIRST]
    for _ in range(20):
        made.append(TOKENS.successor(made[-1]))
    assert len(made) == len(set(made))
    assert {SESSION_ID} == {TOKENS.parse(token) for token in made}


def test_who_has_a_token_but_not_the_key_cannot_tell_its_successor() -> None:
    assert TOKENS.successor(FIRST) != RefreshTokens(bytes(32)).successor(FIRST)


def test_a_token_is_known_by_the_sha_256_of_its_whole_text() -> None:
    assert sha256(FIRST.encode()).hexdigest() == TOKENS.token_hash(FIRST)
    moved = FIRST.replace(SESSION_ID, OTHER_SESSION_ID)
    assert TOKENS.token_hash(FIRST) != TOKENS.token_hash(moved)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        SESSION_ID,
        SESSION_ID + ".",
        FIRST[:-1],
        FIRST + "A",
        FIRST + "\n",
        FIRST + "=",
        " " + FIRST,
        FIRST.upper(),
        FIRST.replace("-", "", 1),
        FIRST.replace(".", "\0", 1),
        "x" * 100_000,
        SESSION_ID + "." + "é" * 43,
    ],
)
def test_what_is_no_refresh_token_is_refused(token: str) -> None:
    for use in (TOKENS.parse, TOKENS.successor):
        with pytest.raises(InvalidToken) as refused:
            use(token)
        assert (Kind.UNAUTHENTICATED, "invalid_token") == (refused.value.kind, refused.value.slug)


@given(st.text())
def test_no_text_breaks_the_reader(token: str) -> None:
    with pytest.raises(InvalidToken):
        TOKENS.parse(token)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes or more"):
        RefreshTokens(bytes(31))


def test_the_key_is_not_shown() -> None:
    assert repr(KEY) not in repr(TOKENS)


def test_a_session_keeps_the_key_with_which_it_began() -> None:
    at = uuid7_time(SESSION_ID)
    replaced = RefreshTokens(KEY)
    replaced.use(KeyRing((RingKey(KEY), RingKey(bytes(32), at + timedelta(hours=1)))))
    later = SessionId(uuid7(at=at + timedelta(hours=1), random_bits=1))
    assert FIRST == replaced.first(OPERATION_ID, SESSION_ID)
    assert TOKENS.successor(FIRST) == replaced.successor(FIRST)
    of_new = RefreshTokens(bytes(32)).first(OPERATION_ID, later)
    assert of_new == replaced.first(OPERATION_ID, later)


def test_a_session_of_a_time_that_no_clock_has_shown_has_a_token_too() -> None:
    token = f"ffffffff-ffff-7fff-bfff-ffffffffffff.{'x' * 43}"
    assert token != TOKENS.successor(token)
