import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.users import EMAIL

from tradex_core.errors import Kind
from tradex_core.users.common_passwords import COMMON_PASSWORDS
from tradex_core.users.errors import WeakPassword
from tradex_core.users.password_policy import check_password


def accepted(password: str, *, email: str = EMAIL, name: str = "Ana Reyes Lopez") -> bool:
    try:
        check_password(password, email=email, name=name)
    except WeakPassword:
        return False
    return True


@pytest.mark.parametrize(("expected", "length"), [(False, 7), (True, 8), (True, 128), (False, 129)])
def test_a_password_has_eight_to_128_characters(expected: bool, length: int) -> None:
    assert expected == accepted(("xkqv" * 33)[:length])


def test_characters_are_counted_and_not_bytes() -> None:
    assert not accepted("日本語日本語日")
    assert accepted("🦀🐍🦊🐙🦉🐢🦔🐝")
    assert accepted("ñ" * 128)


@pytest.mark.parametrize("password", ["kxqvzwjm", "83650471", "        ", "KXQVZWJM", "---!!---"])
def test_no_rule_says_what_characters_there_must_be(password: str) -> None:
    assert accepted(password)


@pytest.mark.parametrize(
    "password", ["password", "PassWord123", "QWERTYUIOP", "iloveyou", "12345678"]
)
def test_a_common_password_is_refused_in_any_case(password: str) -> None:
    assert not accepted(password)


@given(st.sampled_from(sorted(COMMON_PASSWORDS)))
def test_every_common_password_is_refused(password: str) -> None:
    assert not accepted(password)
    assert not accepted(password.upper())


def test_the_common_passwords_are_many_and_none_is_refused_for_its_length_already() -> None:
    assert len(COMMON_PASSWORDS) >= 300
    assert {True} == {len(password) >= 8 for password in COMMON_PASSWORDS}
    assert {password.casefold() for password in COMMON_PASSWORDS} == COMMON_PASSWORDS


@pytest.mark.parametrize(
    "password",
    [
        "marisol.vega@example.com",
        "Marisol.Vega@Example.com",
        "marisol.vega",
        "MARISOL.VEGA",
        "Sol Vega Ruiz",
    ],
)
def test_what_everybody_knows_of_the_person_is_refused(password: str) -> None:
    assert not accepted(password, email=" Marisol.Vega@example.com", name=" Sol Vega Ruiz ")


def test_a_password_that_only_holds_the_name_is_accepted() -> None:
    assert accepted("Sol Vega Ruiz plays oboe", email=EMAIL, name="Sol Vega Ruiz")


def test_a_nul_character_is_refused() -> None:
    assert not accepted("plum-tram\0-42")


def test_the_refusal_says_what_to_do_and_does_not_repeat_the_password() -> None:
    for password in ("hunter7", "password123", "nul\0nul\0nul", EMAIL):
        with pytest.raises(WeakPassword) as refused:
            check_password(password, email=EMAIL, name="Ana")
        assert refused.value.detail.startswith(("use ", "this is one of the most common"))
        assert password not in refused.value.detail
        assert (Kind.INVALID, "weak_password") == (refused.value.kind, refused.value.slug)
