import pytest
from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError

from adapters.security.passwords import Argon2PasswordHasher

PASSWORD = "plum-Tram-42-quiet"


def a_cheap_hasher() -> Argon2PasswordHasher:
    return Argon2PasswordHasher(time_cost=1, memory_kib=64, parallelism=1)


def test_a_password_matches_its_own_hash_only() -> None:
    hasher = a_cheap_hasher()
    password_hash = hasher.hash(PASSWORD)
    assert hasher.verify(password_hash, PASSWORD)
    assert not hasher.verify(password_hash, PASSWORD + " ")
    assert not hasher.verify(password_hash, "")


def test_the_same_password_gets_another_salt_each_time() -> None:
    hasher = a_cheap_hasher()
    assert hasher.hash(PASSWORD) != hasher.hash(PASSWORD)


def test_a_password_is_hashed_whole_whatever_its_characters() -> None:
    hasher = a_cheap_hasher()
    password_hash = hasher.hash("ñ" * 127 + "🦀")
    assert hasher.verify(password_hash, "ñ" * 127 + "🦀")
    assert not hasher.verify(password_hash, "ñ" * 127 + "🐍")


def test_the_hash_carries_its_parameters_and_is_argon2id() -> None:
    assert a_cheap_hasher().hash(PASSWORD).startswith("$argon2id$v=19$m=64,t=1,p=1$")


def test_a_hash_made_at_another_cost_can_still_be_checked() -> None:
    former = Argon2PasswordHasher(time_cost=2, memory_kib=32, parallelism=1).hash(PASSWORD)
    assert a_cheap_hasher().verify(former, PASSWORD)


def test_what_is_no_argon2_hash_is_not_taken_for_a_wrong_password() -> None:
    with pytest.raises(InvalidHashError):
        a_cheap_hasher().verify("5f4dcc3b5aa765d61d8327deb882cf99", PASSWORD)


@pytest.mark.parametrize("password", ["", "\0", PASSWORD])
def test_no_password_matches_the_decoy(password: str) -> None:
    hasher = a_cheap_hasher()
    assert not hasher.verify(hasher.decoy, password)


@pytest.mark.parametrize(
    "hasher",
    [a_cheap_hasher(), Argon2PasswordHasher.owasp_minimum()],
    ids=["cheap", "owasp_minimum"],
)
def test_checking_the_decoy_costs_what_checking_a_real_hash_costs(
    hasher: Argon2PasswordHasher,
) -> None:
    assert extract_parameters(hasher.hash(PASSWORD)) == extract_parameters(hasher.decoy)


def test_the_minimum_is_owasps() -> None:
    parameters = extract_parameters(Argon2PasswordHasher.owasp_minimum().decoy)
    expected = (19 * 1024, 2, 1)
    assert expected == (parameters.memory_cost, parameters.time_cost, parameters.parallelism)


def test_the_default_is_the_librarys_64_mib() -> None:
    parameters = extract_parameters(Argon2PasswordHasher().decoy)
    assert (64 * 1024, 3) == (parameters.memory_cost, parameters.time_cost)
