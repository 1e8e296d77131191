"""What a client may send as a body, and what it is told of one that is not valid."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from tests.apps.gateway.world import World
from tests.builders.views import PRODUCT_ID, an_order_id

PRODUCTS, ORDERS, REGISTER = "/v1/products", "/v1/orders", "/v1/auth/register"
PRODUCT, STOCK = f"/v1/products/{PRODUCT_ID}", f"/v1/products/{PRODUCT_ID}/stock"
CANCEL = f"/v1/orders/{an_order_id(1)}/cancel"
JSON = {"content-type": "application/json"}
LIMIT = 64 * 1024


def a_product(**changes: object) -> dict[str, Any]:
    return {
        "name": "Chai",
        "description": "A spiced tea.",
        "sku": "CHAI-1",
        "price": 18.00,
        "stock": 39,
        "category": "Beverages",
        **changes,
    }


def an_order(**changes: object) -> dict[str, Any]:
    return {"items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.00, **changes}]}


def a_registration(**changes: object) -> dict[str, Any]:
    return {
        "email": "ana@example.com",
        "password": "plum tram 42 quiet",
        "name": "Ana",
        "role": "buyer",
        **changes,
    }


def raw_product(name: str, value: str) -> bytes:
    """Return a product whose one field is written as JSON that Python would not write."""
    marked = json.dumps(a_product(**{name: "HERE"}))
    return marked.replace('"HERE"', value).encode()


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"] == "invalid_body"
    return [error["pointer"] for error in answer.json().get("errors", [])]


def details(answer: httpx.Response) -> Mapping[str, str]:
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        (PRODUCTS, a_product(sellerId="me"), "/sellerId"),
        (PRODUCTS, a_product(image_url=None), "/image_url"),
        (PRODUCTS, a_product(**{"a/b~c": 1}), "/a~1b~0c"),
        (ORDERS, {**an_order(), "userId": "somebody"}, "/userId"),
        (ORDERS, an_order(discount=1), "/items/0/discount"),
        (STOCK, {"operation": "increase", "quantity": 1, "orderId": "x"}, "/orderId"),
        (REGISTER, a_registration(userId="mine"), "/userId"),
        ("/v1/auth/login", {"email": "a@b", "password": "x", "totp": 1}, "/totp"),
        ("/v1/auth/refresh", {"refreshToken": "x", "scope": "all"}, "/scope"),
        (f"/v1/orders/{an_order_id(1)}/status", {"status": "shipped", "at": 1}, "/at"),
        (CANCEL, {"reason": "none"}, "/reason"),
    ],
)
async def test_an_unknown_field_is_named(
    running: World, admin: httpx.AsyncClient, path: str, body: object, pointer: str
) -> None:
    assert [pointer] == pointers(await admin.post(path, json=body))
    assert [] == await running.commands()


async def test_everything_that_is_wrong_is_told_at_once(
    running: World, seller: httpx.AsyncClient
) -> None:
    body = a_product(name=" ", price=1.999, stock=-1, imageUrl="ftp://pictures", colour=1, age=2)
    del body["category"]

    answer = await seller.post(PRODUCTS, json=body)

    assert ["/name", "/price", "/stock", "/category", "/imageUrl", "/colour", "/age"] == pointers(
        answer
    )
    assert details(answer)["/category"] == "must be given"
    assert details(answer)["/name"] == "must not be blank, nor contain a NUL character"
    assert details(answer)["/imageUrl"] == "must be an http or https URL"
    assert details(answer)["/colour"] == "there is no such field"
    assert [] == await running.commands()


async def test_each_wrong_item_of_an_order_is_named(buyer: httpx.AsyncClient) -> None:
    good = {"productId": PRODUCT_ID, "quantity": 1}
    items = [{**good, "quantity": 0}, good, {"quantity": 1, "price": "18.00"}]

    answer = await buyer.post(ORDERS, json={"items": items})

    assert ["/items/0/quantity", "/items/2/productId", "/items/2/price"] == pointers(answer)


@pytest.mark.parametrize(
    "data",
    [
        b'{"items":[' + b",".join([b"{}"] * 20_000) + b"]}",
        b'{"items":[' + b",".join([b"1"] * 30_000) + b"]}",
        b"{" + b",".join(b'"%d":1' % number for number in range(6_000)) + b"}",
    ],
    ids=["empty items", "items that are none", "unknown fields"],
)
async def test_a_small_body_makes_no_large_answer(buyer: httpx.AsyncClient, data: bytes) -> None:
    answer = await buyer.post(ORDERS, content=data, headers=JSON)
    assert len(pointers(answer)) == 100
    assert len(answer.content) < LIMIT


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"items": [}',
        b'{"items": []} and more',
        b"{'items': []}",
        b'{"items": NaN}',
        b'{"items": Infinity}',
        b'\xef\xbb\xbf{"items": []}',
        b'{"items": "\xff"}',
        b'{"items": "\\ud800"}',
    ],
)
async def test_what_is_not_json_is_refused(
    running: World, buyer: httpx.AsyncClient, data: bytes
) -> None:
    assert [] == pointers(await buyer.post(ORDERS, content=data, headers=JSON))
    assert [] == await running.commands()


@pytest.mark.parametrize("data", [b"[]", b"null", b"1", b'"text"', b"true"])
async def test_json_that_is_no_object_is_refused(buyer: httpx.AsyncClient, data: bytes) -> None:
    assert [""] == pointers(await buyer.post(ORDERS, content=data, headers=JSON))


@pytest.mark.parametrize("depth", [10, 500, 5_000, 30_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
async def test_json_that_is_nested_deep_is_refused(
    running: World, buyer: httpx.AsyncClient, depth: int, opening: bytes, closing: bytes
) -> None:
    depth = min(depth, LIMIT // len(opening + closing) - 10)
    data = b'{"items":' + opening * depth + b"1" + closing * depth + b"}"

    answer = await buyer.post(ORDERS, content=data, headers=JSON)

    assert answer.status_code == 400
    assert answer.json()["type"] == "invalid_body"
    assert [] == await running.commands()


@pytest.mark.parametrize("field", ["name", "description", "sku", "category", "imageUrl"])
async def test_no_text_of_a_product_may_hold_a_nul(seller: httpx.AsyncClient, field: str) -> None:
    body = a_product(**{field: "https://pictures/\0chai.png"})
    assert [f"/{field}"] == pointers(await seller.post(PRODUCTS, json=body))


@pytest.mark.parametrize("field", ["email", "password", "name", "role"])
async def test_no_text_of_a_registration_may_hold_a_nul(
    anyone: httpx.AsyncClient, field: str
) -> None:
    body = a_registration(**{field: "ana\0@example.com"})
    assert [f"/{field}"] == pointers(await anyone.post(REGISTER, json=body))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stock", "-1"),
        ("stock", "2147483648"),
        ("stock", "99999999999999999999999"),
        pytest.param("stock", "9" * 60_000, id="stock of 60,000 digits"),
        ("stock", "1.5"),
        ("stock", "1e400"),
        ("stock", '"1"'),
        ("stock", "true"),
        ("stock", "null"),
        ("price", "-0.01"),
        ("price", "-1"),
        ("price", "18.005"),
        ("price", "1e-3"),
        ("price", "100000000"),
        ("price", "100000000.00"),
        ("price", "1e400"),
        ("price", "1e99999999999999999999"),
        ("price", "1e-99999999999999999999"),
        ("price", "123456789012345678901234567890"),
        pytest.param("price", "9" * 60_000, id="price of 60,000 digits"),
        pytest.param("price", f"0.{'0' * 60_000}1", id="price of 60,000 decimals"),
        ("price", '"18.00"'),
        ("price", "true"),
        ("price", "null"),
        ("price", "[18.00]"),
        ("price", '{"amount": 18}'),
    ],
)
async def test_a_number_that_its_column_cannot_hold_is_refused(
    running: World, seller: httpx.AsyncClient, field: str, value: str
) -> None:
    answer = await seller.post(PRODUCTS, content=raw_product(field, value), headers=JSON)
    assert [f"/{field}"] == pointers(answer)
    assert [] == await running.commands()


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("price", "0", b'"price":0.00'),
        ("price", "18", b'"price":18.00'),
        ("price", "1.8e1", b'"price":18.00'),
        ("price", "18.10000", b'"price":18.10'),
        ("price", "0.29", b'"price":0.29'),
        ("price", "99999999.99", b'"price":99999999.99'),
        ("stock", "0", b'"stock":0'),
        ("stock", "2147483647", b'"stock":2147483647'),
    ],
)
async def test_a_number_within_the_bounds_is_published_to_the_cent(
    running: World, seller: httpx.AsyncClient, field: str, value: str, kept: bytes
) -> None:
    answer = await seller.post(PRODUCTS, content=raw_product(field, value), headers=JSON)
    assert answer.status_code == 202, answer.text
    assert kept in ((await running.only_command()).record.value or b"")


@pytest.mark.parametrize("quantity", [0, -1, 2**31, 1.5, "two", None, True])
async def test_a_quantity_is_a_whole_number_from_one(
    buyer: httpx.AsyncClient, seller: httpx.AsyncClient, quantity: object
) -> None:
    adjustment = {"operation": "decrease", "quantity": quantity}
    ordering = await buyer.post(ORDERS, json=an_order(quantity=quantity))
    adjusting = await seller.post(STOCK, json=adjustment)
    assert ["/items/0/quantity"] == pointers(ordering)
    assert ["/quantity"] == pointers(adjusting)


@pytest.mark.parametrize("product_id", [f"{PRODUCT_ID}\n", PRODUCT_ID.upper(), "chai", "", None, 1])
async def test_an_item_names_its_product_exactly(
    buyer: httpx.AsyncClient, product_id: object
) -> None:
    answer = await buyer.post(ORDERS, json=an_order(productId=product_id))
    assert ["/items/0/productId"] == pointers(answer)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sku", "CHAI-1\n"),
        ("sku", "CHAI 1"),
        ("sku", ""),
        ("sku", "C" * 65),
        ("imageUrl", "https://pictures.example/chai.png\n"),
        ("imageUrl", "javascript:alert(1)"),
        ("imageUrl", f"https://{'a' * 2048}"),
        ("name", ""),
        ("name", "a" * 256),
        ("description", "a" * 4001),
        ("category", "\t"),
    ],
)
async def test_a_text_that_is_out_of_bounds_is_named(
    seller: httpx.AsyncClient, field: str, value: str
) -> None:
    assert [f"/{field}"] == pointers(await seller.post(PRODUCTS, json=a_product(**{field: value})))


@pytest.mark.parametrize("email", ["", "ana", "@", "ana@", "a@b@c", "a na@b", f"{'a' * 254}@b"])
async def test_an_address_must_look_like_one(anyone: httpx.AsyncClient, email: str) -> None:
    assert ["/email"] == pointers(await anyone.post(REGISTER, json=a_registration(email=email)))


@pytest.mark.parametrize("path", [REGISTER, ORDERS, PRODUCTS, STOCK, CANCEL])
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json-patch+json",
        "text/json",
    ],
)
async def test_another_content_type_is_not_read(
    running: World, admin: httpx.AsyncClient, path: str, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    answer = await admin.post(path, content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert answer.json()["type"] == "unsupported_media_type"
    assert [] == await running.commands()


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json ;charset=utf-8",
        "application/json;",
    ],
)
async def test_json_may_be_said_in_any_spelling(
    buyer: httpx.AsyncClient, content_type: str
) -> None:
    data = json.dumps(an_order()).encode()
    answer = await buyer.post(ORDERS, content=data, headers={"content-type": content_type})
    assert answer.status_code == 202


@pytest.mark.parametrize("announced", ["abc", "-1", "1e3", ""])
async def test_a_length_that_is_none_is_passed_over(
    buyer: httpx.AsyncClient, announced: str
) -> None:
    headers = {**JSON, "content-length": announced}
    data = json.dumps(an_order()).encode()
    assert (await buyer.post(ORDERS, content=data, headers=headers)).status_code == 202


async def in_chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 8_000):
        yield data[start : start + 8_000]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "status"), [(LIMIT, 202), (LIMIT + 1, 413), (LIMIT * 4, 413)])
async def test_a_body_holds_64_kib_at_most(
    buyer: httpx.AsyncClient, size: int, status: int, *, chunked: bool
) -> None:
    data = json.dumps(an_order()).encode().ljust(size)
    content = in_chunks(data) if chunked else data

    answer = await buyer.post(ORDERS, content=content, headers=JSON)

    assert status == answer.status_code
    assert answer.json().get("type") == (None if status == 202 else "body_too_large")


async def test_whoever_announces_too_much_is_not_read_at_all(buyer: httpx.AsyncClient) -> None:
    headers = {**JSON, "content-length": str(LIMIT + 1)}
    answer = await buyer.post(ORDERS, content=b"{}", headers=headers)
    assert answer.status_code == 413


async def test_the_longest_products_fit_into_a_body(seller: httpx.AsyncClient) -> None:
    body = a_product(
        name="é" * 255,
        description="\U0001f375" * 4000,
        sku="C" * 64,
        category="c" * 255,
        imageUrl=f"https://{'a' * 2040}",
    )
    assert (await seller.post(PRODUCTS, json=body)).status_code == 202


async def test_a_change_that_changes_nothing_is_refused(
    running: World, seller: httpx.AsyncClient
) -> None:
    answer = await seller.patch(PRODUCT, json={})
    assert [] == pointers(answer)
    assert answer.json()["detail"] == "Name at least one field to change."
    assert [] == await running.commands()


@pytest.mark.parametrize("field", ["sku", "stock", "sellerId", "productId", "version"])
async def test_what_cannot_be_changed_is_an_unknown_field(
    seller: httpx.AsyncClient, field: str
) -> None:
    assert [f"/{field}"] == pointers(await seller.patch(PRODUCT, json={"price": 1, field: 1}))


@pytest.mark.parametrize("field", ["name", "description", "price", "category", "isActive"])
async def test_only_the_picture_can_be_taken_away(seller: httpx.AsyncClient, field: str) -> None:
    assert [f"/{field}"] == pointers(await seller.patch(PRODUCT, json={field: None}))


@pytest.mark.parametrize("count", [0, 101])
async def test_an_order_has_between_one_item_and_a_hundred(
    buyer: httpx.AsyncClient, count: int
) -> None:
    [item] = an_order()["items"]
    assert ["/items"] == pointers(await buyer.post(ORDERS, json={"items": [item] * count}))


@pytest.mark.parametrize("data", [b"", b"{}", b" { } "])
async def test_an_order_is_cancelled_with_an_empty_body_or_none(
    buyer: httpx.AsyncClient, data: bytes
) -> None:
    headers = JSON if data else {}
    assert (await buyer.post(CANCEL, content=data, headers=headers)).status_code == 202
