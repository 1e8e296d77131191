"""Which addresses an account may have."""

import pytest

from tradex_core.errors import InvalidInput
from tradex_core.users.email_address import check_address


@pytest.mark.parametrize(
    "email",
    [
        "ana@example.com",
        " Ana@Example.COM ",
        "ana.trujillo+tradex@example.com",
        "josé@example.com",
        "用户@例子.广告",
        "аna@example.com",  # noqa: RUF001 - another letter, and so another address
    ],
)
def test_an_address_in_any_alphabet_is_acceptable(email: str) -> None:
    check_address(email)


@pytest.mark.parametrize(
    "email",
    [
        "ａna@example.com",  # noqa: RUF001 - a full-width letter
        "o\ufb03ce@example.com",
        "jose\u0301@example.com",
        "ana@example\u3002com\uff0e",
        "a\u200bna@example.com",
        "a\u200dna@example.com",
        "\u202eana@example.com",
        "ana\ufeff@example.com",
        "a\u00adna@example.com",
        "ana\U000e0041@example.com",
        "ana\ue000@example.com",
    ],
    ids=ascii,
)
def test_an_address_that_hides_characters_or_has_a_plainer_spelling_is_not(email: str) -> None:
    with pytest.raises(InvalidInput, match="plainer spelling"):
        check_address(email)


def test_an_address_must_fit_its_column() -> None:
    check_address(f"{'a' * 243}@example.com")
    with pytest.raises(InvalidInput, match="255"):
        check_address(f"{'a' * 244}@example.com")
