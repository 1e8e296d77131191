"""Folded text: neither case nor accents make a difference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradex_core.views.folding import folded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("CHAI-1", "chai-1"),
        ("Côte de Blaye", "cote de blaye"),
        ("Cote\u0301", "cote"),
        ("STRASSE", folded("straße")),
        ("ÑANDÚ", "nandu"),
        ("ﬁn", "fin"),
        ("日本茶", "日本茶"),
    ],
)
def test_text_is_folded(text: str, expected: str) -> None:
    assert expected == folded(text)


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_plain_ascii_differs_in_case_only(text: str) -> None:
    assert text.casefold() == folded(text)


@given(st.text(alphabet="aàáâÀÁnñÑoö"), st.text(alphabet="aàáâÀÁnñÑoö"))
def test_folding_goes_letter_by_letter(left: str, right: str) -> None:
    assert folded(left) + folded(right) == folded(left + right)
