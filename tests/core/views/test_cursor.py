"""Cursors: they lead back to their position, and nothing else is taken for one."""

from base64 import urlsafe_b64encode
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.views import PRODUCT_ID

from tradex_core.errors import Kind
from tradex_core.views.cursor import ORDER_SORT, InvalidCursor, decode_cursor, encode_cursor
from tradex_core.views.listing import Position, ProductSort

NUMBER_SORTS = [ProductSort.NEWEST, ProductSort.CHEAPEST, ProductSort.DEAREST, ORDER_SORT]
NO_NUL = st.characters(codec="utf-8", exclude_characters="\0")


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@given(st.sampled_from(NUMBER_SORTS), st.integers(-(2**62), 2**62))
def test_a_cursor_leads_back_to_a_position_by_number(sort: str, key: int) -> None:
    position = Position(key=key, id=PRODUCT_ID)

    assert position == decode_cursor(encode_cursor(position, sort=sort), sort=sort)


@given(st.text(alphabet=NO_NUL))
def test_a_cursor_leads_back_to_a_position_by_name(key: str) -> None:
    position = Position(key=key, id=PRODUCT_ID)
    cursor = encode_cursor(position, sort=ProductSort.NAME)

    assert position == decode_cursor(cursor, sort=ProductSort.NAME)


@given(st.text(alphabet=NO_NUL))
def test_a_cursor_needs_no_escaping_in_a_url(key: str) -> None:
    cursor = encode_cursor(Position(key=key, id=PRODUCT_ID), sort=ProductSort.NAME)

    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    ("sort", "other"), list(permutations([*NUMBER_SORTS, ProductSort.NAME], 2))
)
def test_a_cursor_of_another_list_or_sort_is_refused(sort: str, other: str) -> None:
    key = "chai" if sort == ProductSort.NAME else 1800
    cursor = encode_cursor(Position(key=key, id=PRODUCT_ID), sort=sort)

    with pytest.raises(InvalidCursor):
        decode_cursor(cursor, sort=other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "next",
        "ü",
        "\0",
        "=",
        "W10=",
        base64url(b"[]"),
        base64url(b"{}"),
        base64url(b"null"),
        base64url(b"\xff\xfe"),
        base64url(b'["price",1800]'),
        base64url(b'["price",1800,""]'),
        base64url(b'["price",1800,"a","b"]'),
        base64url(b'["price",1800,"a\\u0000"]'),
        base64url(b'["price",18.5,"a"]'),
        base64url(b'["price",true,"a"]'),
        base64url(b'["price","1800","a"]'),
        base64url(b'["price",9223372036854775808,"a"]'),
        base64url(b'["price",99999999999999999999999999,"a"]'),
        base64url(b'["price", 1800,"a"]'),
        base64url(b'["price",1800,"a"]') + "=",
        base64url(b'["price",1800,"a"]') + "\n",
        base64url(b"[" * 5000),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(text, sort=ProductSort.CHEAPEST)


def test_a_name_with_a_nul_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(base64url(b'["name","\\u0000","a"]'), sort=ProductSort.NAME)


@given(st.text())
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(text, sort=ProductSort.NEWEST)


@given(st.binary())
def test_no_bytes_do_worse_than_being_refused(data: bytes) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(base64url(data), sort=ProductSort.NAME)


def test_the_refusal_says_what_to_do() -> None:
    with pytest.raises(InvalidCursor) as refused:
        decode_cursor("next", sort=ProductSort.NEWEST)

    assert (Kind.INVALID, "invalid_cursor") == (refused.value.kind, refused.value.slug)
    assert "leave it out" in refused.value.detail
