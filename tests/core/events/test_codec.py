import json
import time
from contextlib import suppress
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradex_core.errors import Undecodable
from tradex_core.events import codec
from tradex_core.events.order import CreateOrder, OrderCreated, OrderLine
from tradex_core.money import Money

ORDER = b'{"userId":"ana","items":[{"productId":"tea","quantity":1,"price":9.90}]}'

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=10,
)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_message_are_undecodable_and_nothing_worse(data: bytes) -> None:
    with pytest.raises(Undecodable):
        codec.decode(data, CreateOrder)


@given(JSON)
def test_json_that_is_no_message_is_undecodable_and_nothing_worse(value: object) -> None:
    for kind in (CreateOrder, OrderCreated):
        with pytest.raises(Undecodable):
            codec.decode(json.dumps(value).encode(), kind)


@given(st.integers(0, len(ORDER) - 1), st.binary(min_size=1, max_size=3))
def test_a_message_that_was_damaged_is_read_or_undecodable_and_nothing_worse(
    at: int, damage: bytes
) -> None:
    with suppress(Undecodable):
        codec.decode(ORDER[:at] + damage + ORDER[at + len(damage) :], CreateOrder)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"userId":"ana","x":' + b"["])
def test_json_that_is_nested_too_deep_is_undecodable_quickly(opening: bytes) -> None:
    before = time.perf_counter()
    for kind in (CreateOrder, dict[str, Any]):
        with pytest.raises(Undecodable):
            codec.decode(opening * 200_000, kind)
    assert time.perf_counter() - before < 0.5


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe{}",
        b'{"userId":"\xff"}',
        b'{"userId":"\\ud800","items":[]}',
        b"\xef\xbb\xbf{}",
        b"",
        b"null",
        ORDER + b"x",
        ORDER.replace(b"9.90", b"NaN"),
        ORDER.replace(b"9.90", b"Infinity"),
        ORDER.replace(b'"ana"', b'"' + b"a" * 1_000_000 + b'\\u0000"'),
        ORDER.replace(b"9.90", b"9" * 1_000_000),
        ORDER.replace(b"9.90", b"9." + b"9" * 1_000_000),
    ],
)
def test_what_is_no_json_or_much_too_long_is_undecodable_quickly(data: bytes) -> None:
    before = time.perf_counter()
    with pytest.raises(Undecodable):
        codec.decode(data, CreateOrder)
    assert time.perf_counter() - before < 0.2


@given(st.integers(0, 99_999_999_99))
def test_money_is_a_number_with_two_places_and_never_a_float(cents: int) -> None:
    line = OrderLine(product_id="tea", quantity=1, price=Money.of_cents(cents))
    data = codec.encode(line)
    assert data.endswith(f'"price":{cents // 100}.{cents % 100:02d}}}'.encode())
    assert line == codec.decode(data, OrderLine)
    assert line == codec.from_builtins(codec.to_builtins(line), OrderLine)


@pytest.mark.parametrize(
    ("number", "cents"), [("1", 100), ("1.0", 100), ("1e1", 1000), ("0.29", 29), ("1.10", 110)]
)
def test_every_spelling_of_an_amount_is_read_exactly(number: str, cents: int) -> None:
    line = codec.decode(b'{"productId":"t","quantity":1,"price":%s}' % number.encode(), OrderLine)
    assert cents == line.price.cents


def test_what_has_no_json_form_is_a_mistake() -> None:
    with pytest.raises(NotImplementedError, match="complex has no JSON form"):
        codec.encode({"x": 1j})
    with pytest.raises(NotImplementedError, match="complex has no JSON form"):
        codec.decode(b'{"x":1}', dict[str, complex])


def test_builtins_have_json_keys_exact_amounts_and_times_as_text() -> None:
    order = codec.decode(
        b'{"orderId":"o","userId":"u","items":[{"productId":"t","quantity":1,"price":9.9}]'
        b',"totalAmount":9.9,"status":"pending","createdAt":"2024-01-15T10:30:00Z"}',
        OrderCreated,
    )
    assert {
        "orderId": "o",
        "userId": "u",
        "items": ({"productId": "t", "quantity": 1, "price": Decimal("9.90")},),
        "totalAmount": Decimal("9.90"),
        "status": "pending",
        "createdAt": "2024-01-15T10:30:00Z",
    } == codec.to_builtins(order)


@pytest.mark.parametrize("price", [9.9, "9.90", Decimal("1e999999999"), Decimal("NaN"), None])
def test_builtins_that_do_not_fit_are_undecodable_by_name(price: object) -> None:
    value = {"userId": "u", "items": [{"productId": "t", "quantity": 1, "price": price}]}
    with pytest.raises(Undecodable, match=r"`\$\.items\[0\]\.price`"):
        codec.from_builtins(value, CreateOrder)


def test_raw_json_is_decoded_like_bytes() -> None:
    assert codec.decode(ORDER, CreateOrder) == codec.decode(msgspec.Raw(ORDER), CreateOrder)


def test_money_has_a_schema_and_a_foreign_type_has_none() -> None:
    schema = msgspec.json.schema(Money, schema_hook=codec.schema_hook)
    assert ("number", 0.01) == (schema["type"], schema["multipleOf"])
    with pytest.raises(TypeError, match="complex"):
        msgspec.json.schema(complex, schema_hook=codec.schema_hook)
