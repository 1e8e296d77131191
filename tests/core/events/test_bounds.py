"""What the databases' columns cannot hold is refused where it comes in, and the field is named."""

import json
import time
from typing import Any

import pytest

from tradex_core.errors import Undecodable
from tradex_core.events import codec
from tradex_core.events.fields import Command
from tradex_core.events.order import AdvanceOrder, CancelOrder, CreateOrder
from tradex_core.events.product import AdjustStock, CreateProduct, GetProduct, UpdateProduct
from tradex_core.events.user import EndSession, LoginUser, RegisterUser, normalised_email

UUID = "018d0c1e-8a00-7000-8000-00000000000a"
OBJECT_ID = "65a4f0a00000000000000001"
HASH = "0f" * 32
LINE = {"productId": "tea", "quantity": 1, "price": 9.99}

REGISTER = {"email": "a@b.c", "password": "secret", "name": "Ana", "role": "buyer"}
PRODUCT = {
    "name": "Tea",
    "description": "Leaves",
    "sku": "TEA-1",
    "price": 1.5,
    "stock": 1,
    "category": "Drinks",
}
ORDER = {"userId": "ana", "items": [LINE]}
SESSION = {"sessionId": UUID, "tokenHash": HASH}
ADJUSTMENT = {"productId": OBJECT_ID, "operation": "increase", "quantity": 1}


def lines(**changed: object) -> dict[str, object]:
    return {"items": [LINE, LINE | changed]}


REFUSED: list[tuple[type[Command], dict[str, Any], dict[str, object], str]] = [
    (RegisterUser, REGISTER, {"email": "a\0@b.c"}, "email"),
    (RegisterUser, REGISTER, {"email": "nobody"}, "email"),
    (RegisterUser, REGISTER, {"email": "a@b@c"}, "email"),
    (RegisterUser, REGISTER, {"email": "a b@c"}, "email"),
    (RegisterUser, REGISTER, {"email": "a@" + "b" * 254}, "email"),
    (RegisterUser, REGISTER, {"email": "İ" * 200 + "@b"}, "email"),
    (RegisterUser, REGISTER, {"name": ""}, "name"),
    (RegisterUser, REGISTER, {"name": " \t\n"}, "name"),
    (RegisterUser, REGISTER, {"name": "Ana\0"}, "name"),
    (RegisterUser, REGISTER, {"name": "a" * 256}, "name"),
    (RegisterUser, REGISTER, {"role": "root"}, "role"),
    (RegisterUser, REGISTER, {"password": "a\0b"}, "password"),
    (RegisterUser, REGISTER, {"password": "a" * 1025}, "password"),
    (RegisterUser, REGISTER, {"password": {"sealed": "a" * 2049, "kid": "k"}}, "password.sealed"),
    (RegisterUser, REGISTER, {"password": {"sealed": "a", "kid": "k" * 65}}, "password.kid"),
    (RegisterUser, REGISTER, {"userId": UUID.upper()}, "userId"),
    (RegisterUser, REGISTER, {"userId": UUID + "\n"}, "userId"),
    (LoginUser, REGISTER, {"tokenHash": HASH + "\n"}, "tokenHash"),
    (LoginUser, REGISTER, {"tokenHash": HASH[:-1]}, "tokenHash"),
    (EndSession, SESSION, {"sessionId": "x"}, "sessionId"),
    (CreateProduct, PRODUCT, {"sku": ""}, "sku"),
    (CreateProduct, PRODUCT, {"sku": "TEA 1"}, "sku"),
    (CreateProduct, PRODUCT, {"sku": "TEA-1\n"}, "sku"),
    (CreateProduct, PRODUCT, {"sku": "T" * 65}, "sku"),
    (CreateProduct, PRODUCT, {"description": "\0"}, "description"),
    (CreateProduct, PRODUCT, {"description": "d" * 4001}, "description"),
    (CreateProduct, PRODUCT, {"category": " "}, "category"),
    (CreateProduct, PRODUCT, {"stock": -1}, "stock"),
    (CreateProduct, PRODUCT, {"stock": 2**31}, "stock"),
    (CreateProduct, PRODUCT, {"stock": True}, "stock"),
    (CreateProduct, PRODUCT, {"stock": 1.5}, "stock"),
    (CreateProduct, PRODUCT, {"price": -0.01}, "price"),
    (CreateProduct, PRODUCT, {"price": 100_000_000}, "price"),
    (CreateProduct, PRODUCT, {"price": 0.001}, "price"),
    (CreateProduct, PRODUCT, {"price": "1.50"}, "price"),
    (CreateProduct, PRODUCT, {"price": True}, "price"),
    (CreateProduct, PRODUCT, {"price": None}, "price"),
    (CreateProduct, PRODUCT, {"imageUrl": "javascript:alert(1)"}, "imageUrl"),
    (CreateProduct, PRODUCT, {"imageUrl": "https://example.com/\n"}, "imageUrl"),
    (CreateProduct, PRODUCT, {"imageUrl": "https://e.com/" + "a" * 2048}, "imageUrl"),
    (CreateProduct, PRODUCT, {"productId": OBJECT_ID[:-1]}, "productId"),
    (CreateProduct, PRODUCT, {"productId": OBJECT_ID + "\n"}, "productId"),
    (CreateProduct, PRODUCT, {"sellerId": "a b"}, "sellerId"),
    (UpdateProduct, {"productId": OBJECT_ID}, {"name": None}, "name"),
    (UpdateProduct, {"productId": OBJECT_ID}, {"price": 1e12}, "price"),
    (AdjustStock, ADJUSTMENT, {"quantity": 0}, "quantity"),
    (AdjustStock, ADJUSTMENT, {"quantity": 2**31}, "quantity"),
    (AdjustStock, ADJUSTMENT, {"operation": "set"}, "operation"),
    (GetProduct, {}, {"sku": "a\0"}, "sku"),
    (CreateOrder, ORDER, {"userId": ""}, "userId"),
    (CreateOrder, ORDER, {"userId": "a" * 256}, "userId"),
    (CreateOrder, ORDER, {"userId": "ana\n"}, "userId"),
    (CreateOrder, ORDER, {"items": []}, "items"),
    (CreateOrder, ORDER, {"items": [LINE] * 101}, "items"),
    (CreateOrder, ORDER, {"orderId": "x"}, "orderId"),
    (CreateOrder, ORDER, lines(quantity=0), "items[1].quantity"),
    (CreateOrder, ORDER, lines(quantity=2**31), "items[1].quantity"),
    (CreateOrder, ORDER, lines(quantity=10**30), "items[1].quantity"),
    (CreateOrder, ORDER, lines(price=1e300), "items[1].price"),
    (CreateOrder, ORDER, lines(price=10**400), "items[1].price"),
    (CreateOrder, ORDER, lines(productId="a\0"), "items[1].productId"),
    (CancelOrder, {"orderId": UUID}, {"orderId": UUID + "\n"}, "orderId"),
    (AdvanceOrder, {"orderId": UUID, "status": "shipped"}, {"status": "lost"}, "status"),
]


@pytest.mark.parametrize(
    ("kind", "valid", "changed", "field"),
    REFUSED,
    ids=[f"{number} {field}" for number, (*_, field) in enumerate(REFUSED)],
)
def test_what_no_column_holds_is_refused_by_name(
    kind: type[Command], valid: dict[str, Any], changed: dict[str, object], field: str
) -> None:
    codec.decode(json.dumps(valid).encode(), kind)
    with pytest.raises(Undecodable) as refusal:
        codec.decode(json.dumps(valid | changed).encode(), kind)
    assert str(refusal.value).endswith(f"- at `$.{field}`")


@pytest.mark.parametrize(
    "number", [b"1e400", b"-1e400", b"1e999999999", b"1e-999999999", b"1e" + b"9" * 30]
)
@pytest.mark.parametrize("field", ["quantity", "price"])
def test_a_number_with_a_huge_exponent_is_refused_quickly(number: bytes, field: str) -> None:
    line = b'{"productId":"tea","quantity":1,"price":1}'
    line = line.replace(f'"{field}":1'.encode(), f'"{field}":'.encode() + number)
    before = time.perf_counter()
    with pytest.raises(Undecodable, match=field):
        codec.decode(b'{"userId":"ana","items":[' + line + b"]}", CreateOrder)
    assert time.perf_counter() - before < 0.2


@pytest.mark.parametrize(
    ("kind", "valid"),
    [
        (RegisterUser, REGISTER | {"name": "a" * 255, "email": "a" * 253 + "@b"}),
        (CreateProduct, PRODUCT | {"stock": 2**31 - 1, "price": 99_999_999.99, "sku": "T" * 64}),
        (CreateProduct, PRODUCT | {"stock": 0, "price": 0, "description": ""}),
        (AdjustStock, ADJUSTMENT | {"quantity": 2**31 - 1}),
        (CreateOrder, ORDER | {"items": [LINE] * 100, "userId": "a" * 255}),
    ],
)
def test_what_a_column_just_holds_is_taken(kind: type[Command], valid: dict[str, Any]) -> None:
    codec.decode(json.dumps(valid).encode(), kind)


@pytest.mark.parametrize("email", ["A@B.c", " a@b.C\n", "\ta@B.C "])
def test_an_address_has_one_spelling(email: str) -> None:
    command = LoginUser(email=email, password="secret")
    assert "a@b.c" == normalised_email(email) == command.key


def test_a_normalised_address_never_outgrows_its_column() -> None:
    letters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    longer = [letter for letter in letters if len(normalised_email(letter)) > 1]
    assert longer
    for letter in longer:
        with pytest.raises(Undecodable, match="email"):
            codec.decode(codec.encode(REGISTER | {"email": letter + "@b"}), RegisterUser)
