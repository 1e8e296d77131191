"""What a client sends is bounded, and every error says where it is and what to do."""

from typing import Any

import httpx
import pytest
from tests.journeys.log import records_of
from tests.journeys.people import People, a_line, a_product, an_account

from apps.platform.platform import Platform

PROBLEM = "application/problem+json"


def pointers(answer: httpx.Response) -> list[str]:
    """Return where a problem document says the errors are."""
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_everything_that_is_wrong_is_named_at_once(api: httpx.AsyncClient) -> None:
    body = {"email": "x", "password": 7, "role": "king", "nickname": "Ana"}
    answer = await api.post("/auth/register", json=body)
    assert (400, PROBLEM) == (answer.status_code, answer.headers["content-type"])
    assert {"/email", "/password", "/role", "/nickname", "/name"} == set(pointers(answer))
    assert {"type", "title", "status", "detail", "instance", "errors"} == set(answer.json())


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": "a\x00b"}, "/name"),
        ({"name": " "}, "/name"),
        ({"name": "n" * 256}, "/name"),
        ({"sku": "two words"}, "/sku"),
        ({"price": "12.50"}, "/price"),
        ({"price": 12.505}, "/price"),
        ({"price": -1}, "/price"),
        ({"price": 100_000_000}, "/price"),
        ({"stock": -1}, "/stock"),
        ({"stock": 2**31}, "/stock"),
        ({"stock": 1.5}, "/stock"),
        ({"stock": 2**63}, "/stock"),
        ({"imageUrl": "javascript:alert(1)"}, "/imageUrl"),
        ({"sellerId": "somebody-else"}, "/sellerId"),
        ({"version": 7}, "/version"),
    ],
)
async def test_a_field_out_of_its_bounds_is_refused_by_name(
    people: People, changes: dict[str, Any], pointer: str
) -> None:
    seller = await people.seller()
    answer = await seller.post("/products", a_product(**changes))
    assert (400, [pointer]) == (answer.status_code, pointers(answer))


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"productId": "0" * 24, "quantity": 0}],
        [{"productId": "0" * 24, "quantity": 2**31}],
        [{"productId": "nonsense", "quantity": 1}],
        [{"productId": "0" * 24 + "\n", "quantity": 1}],
        [{"productId": "0" * 24, "quantity": 1}] * 101,
    ],
)
async def test_an_order_out_of_bounds_is_refused(people: People, items: list[Any]) -> None:
    answer = await (await people.buyer()).post("/orders", {"items": items})
    assert (400, "invalid_body") == (answer.status_code, answer.json()["type"])
    assert all(pointer.startswith("/items") for pointer in pointers(answer))


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b"\xff", b"[" * 30_000, b'{"email":' + b"[" * 30_000],
    ids=["nothing", "cut off", "a list", "a text", "no UTF-8", "deep", "deep inside"],
)
async def test_a_body_that_is_no_object_is_a_bad_request(
    api: httpx.AsyncClient, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await api.post("/auth/login", content=body, headers=headers)
    assert (400, PROBLEM) == (answer.status_code, answer.headers["content-type"])


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_of_another_type_is_refused(api: httpx.AsyncClient, content_type: str) -> None:
    answer = await api.post("/auth/login", content=b"{}", headers={"Content-Type": content_type})
    assert (415, PROBLEM) == (answer.status_code, answer.headers["content-type"])


async def test_a_body_over_64_kib_is_too_large(api: httpx.AsyncClient) -> None:
    body = an_account("ana@example.com", name="n" * 65_536)
    answer = await api.post("/auth/register", json=body)
    assert (413, PROBLEM) == (answer.status_code, answer.headers["content-type"])


@pytest.mark.parametrize("password", ["short", "p" * 129, "password123", "ana@example.com"])
async def test_a_weak_password_is_refused_before_anything_is_published(
    platform: Platform, api: httpx.AsyncClient, password: str
) -> None:
    answer = await api.post("/auth/register", json=an_account("ana@example.com", password=password))
    assert (400, "weak_password") == (answer.status_code, answer.json()["type"])
    assert [] == await records_of(platform)


async def test_an_order_too_large_for_its_column_is_refused(people: People) -> None:
    product = await (await people.seller()).sells(price=99_999_999.99, stock=2)
    answer = await (await people.buyer()).post("/orders", {"items": [a_line(product, 2)]})
    assert (422, "order_total_too_large") == (answer.status_code, answer.json()["type"])


async def test_an_unknown_route_and_a_wrong_method_are_problems_too(
    api: httpx.AsyncClient,
) -> None:
    nowhere, wrong = await api.get("/nowhere"), await api.delete("/products")
    assert (404, PROBLEM) == (nowhere.status_code, nowhere.headers["content-type"])
    assert (405, PROBLEM) == (wrong.status_code, wrong.headers["content-type"])
    assert {"GET", "POST"} <= set(wrong.headers["allow"].replace(" ", "").split(","))


async def test_a_change_of_nothing_is_refused(people: People) -> None:
    seller = await people.seller()
    product = await seller.sells()
    answer = await seller.patch(f"/products/{product['productId']}", {})
    assert 400 == answer.status_code
