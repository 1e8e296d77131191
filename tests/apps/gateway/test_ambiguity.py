"""What two readers could read in two ways is refused: headers, keys, paths and methods."""

import json
from typing import Any

import httpx
import pytest
from tests.apps.gateway.world import BUYER, World
from tests.builders.views import PRODUCT_ID, a_product_view, a_user_view

from apps.gateway.repeated_keys import repeated_key

ORDERS = "/v1/orders"
JSON = {"content-type": "application/json"}
ORDER: dict[str, Any] = {"items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.00}]}


@pytest.fixture
def world() -> World:
    """A gateway that shows a buyer and a product."""
    world = World()
    world.show(a_user_view())
    world.show(a_product_view(1))
    return world


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer another"),
        ("authorization", "Bearer another"),
        ("Content-Type", "text/plain"),
        ("Idempotency-Key", "another"),
        ("Host", "another.example.com"),
        ("Origin", "https://another.example.com"),
        ("Last-Event-ID", "1"),
    ],
)
async def test_a_header_with_one_value_is_refused_where_it_is_repeated(
    running: World, anyone: httpx.AsyncClient, name: str, value: str
) -> None:
    once = [
        ("host", "gateway"),
        ("authorization", f"Bearer {running.token(BUYER)}"),
        ("content-type", "application/json"),
        ("idempotency-key", "one"),
        ("origin", "https://shop.example.com"),
        ("last-event-id", "1"),
    ]
    request = anyone.build_request(
        "POST", ORDERS, content=json.dumps(ORDER), headers=[*once, (name, value)]
    )
    answer = await anyone.send(request)
    assert (400, "repeated_header") == (answer.status_code, answer.json()["type"])
    assert name.lower() in answer.json()["detail"]
    assert [] == await running.commands()


async def test_a_header_that_is_a_list_may_be_repeated(
    running: World, buyer: httpx.AsyncClient
) -> None:
    headers = [
        ("prefer", "respond-async"),
        ("prefer", "wait=0"),
        ("accept", "a/b"),
        ("accept", "*"),
    ]
    assert 202 == (await buyer.post(ORDERS, json=ORDER, headers=headers)).status_code


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        (b'{"items":[],"items":[{"productId":"%b","quantity":1}]}', "/items"),
        (b'{"items":[{"productId":"%b","quantity":1,"quantity":9}]}', "/items/0/quantity"),
        (b'{"items":[{"productId":"%b","quantity":1,"quant\\u0069ty":1}]}', "/items/0/quantity"),
    ],
)
async def test_a_key_that_is_given_twice_is_named(
    running: World, buyer: httpx.AsyncClient, data: bytes, pointer: str
) -> None:
    answer = await buyer.post(ORDERS, content=data % PRODUCT_ID.encode(), headers=JSON)
    assert (400, "invalid_body") == (answer.status_code, answer.json()["type"])
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert [] == await running.commands()


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        (b"{}", None),
        (b' \n[{"a":1},{"a":1}] ', None),
        (b'{"a":{"a":{"a":1}}}', None),
        (b'{"a":"{\\"a\\":1,\\"a\\":2}"}', None),
        (b'{"a":1,"A":1}', None),
        (b'{"a":1,"a":1}', "/a"),
        (b'{"a/b":{"c~d":1,"c~d":2}}', "/a~1b/c~0d"),
        (b'{"a":[1,{"b":[{"":1,"":2}]}]}', "/a/1/b/0/"),
        (b'{"a":%b,"a":1e%b}' % (b"9" * 20_000, b"9" * 20), "/a"),
    ],
)
def test_the_first_key_that_stands_twice_in_an_object_is_found(
    data: bytes, pointer: str | None
) -> None:
    assert pointer == repeated_key(data)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/me/",
        "//v1/me",
        "/v1//me",
        "/v1/%6de",
        "/v1%2fme",
        "/v1%252fme",
        "/docs/%2e%2e/v1/me",
        "/docs/..%2fv1%2fme",
        "/v1/products/..%5c..%5cme",
        "/v1/me%00",
        "/v1/me%20",
        "/v1/me;role=admin",
        "/V1/ME",
        "/v1/orders/%FF",
        f"/v1/{'a' * 8000}",
    ],
)
@pytest.mark.parametrize("is_signed_in", [True, False])
async def test_a_route_has_one_spelling(running: World, path: str, is_signed_in: bool) -> None:
    async with running.client(BUYER if is_signed_in else None) as client:
        answer = await client.get(path)
    assert (404, "not_found") == (answer.status_code, answer.json()["type"])


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "TRACE", "CONNECT", "PURGE"])
@pytest.mark.parametrize("path", ["/v1/me", "/v1/products", "/v1/auth/login", "/docs"])
async def test_a_method_that_a_route_does_not_have_does_nothing(
    running: World, buyer: httpx.AsyncClient, path: str, method: str
) -> None:
    answer = await buyer.request(method, path)
    assert 405 == answer.status_code
    assert method not in answer.headers["allow"].split(", ")
    assert [] == await running.commands()


@pytest.mark.parametrize(
    "headers",
    [
        {"x-http-method-override": "PATCH"},
        {"x-http-method": "DELETE"},
        {"x-method-override": "PUT"},
        {"x-original-url": "/v1/me"},
        {"x-rewrite-url": "/v1/me"},
        {"x-forwarded-prefix": "/v1/me"},
    ],
)
async def test_no_header_makes_another_request_of_it(
    anyone: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    plain = await anyone.get("/v1/products")
    assert plain.json() == (await anyone.get("/v1/products", headers=headers)).json()


async def test_a_host_that_the_client_claims_is_in_no_answer(
    buyer: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    headers = {"host": "evil.example.com", "x-forwarded-host": "evil.example.com"}
    answers = [
        await buyer.post(ORDERS, json=ORDER, headers=headers),
        await anyone.get("/v1/products?limit=1", headers=headers),
        await anyone.get("/nowhere", headers=headers),
        await anyone.get("/openapi.json", headers=headers),
    ]
    told = [f"{answer.headers}{answer.text}" for answer in answers]
    assert [] == [each for each in told if "evil" in each]
