import asyncio
from collections.abc import Callable

import httpx
import msgspec
import pytest
from tests.apps.demo import market_evidence as market

from apps.demo import client as client_module
from apps.demo.client import Accepted, ApiClient, ApiError, NotYetThere, Tokens, until
from tradex_core.events import codec
from tradex_core.events.order import OrderStatus
from tradex_core.money import Money

Handler = Callable[[httpx.Request], httpx.Response]


def an_api(handle: Handler) -> ApiClient:
    return ApiClient("http://gateway", transport=httpx.MockTransport(handle))


def body_of(request: httpx.Request) -> object:
    decoded: object = msgspec.json.decode(request.content)
    return decoded


async def test_a_new_account_is_waited_for() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        user = {
            "userId": "u",
            "email": "a@b",
            "name": "Ann",
            "role": "buyer",
            "isActive": True,
            "createdAt": "2024-01-15T10:00:00Z",
        }
        return httpx.Response(201, json=user)

    async with an_api(handle) as api:
        user = await api.register(email="a@b", password="p", name="Ann", role="buyer", key="k")

    assert "u" == user.user_id
    [request] = seen
    assert ("POST", "/v1/auth/register") == (request.method, request.url.path)
    assert ("wait=30", "k") == (request.headers["prefer"], request.headers["idempotency-key"])
    assert {"email": "a@b", "password": "p", "name": "Ann", "role": "buyer"} == body_of(request)


async def test_tokens_are_kept_out_of_sight() -> None:
    def handle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"accessToken": "aaa", "refreshToken": "rrr"})

    async with an_api(handle) as api:
        assert Tokens("aaa", "rrr") == await api.log_in(email="a@b", password="p")


async def test_an_order_is_placed_with_the_prices_that_were_seen_and_not_waited_for() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202, json={"operationId": "op", "resource": "/v1/orders/42"})

    items = [{"productId": "p", "quantity": 2, "price": Money("9.80")}]
    async with an_api(handle) as api:
        accepted = await api.place_order("token", items, key="k")

    assert Accepted("op", "/v1/orders/42") == accepted
    assert "42" == accepted.resource_id
    [request] = seen
    assert b'"price":9.80' in request.content
    assert "Bearer token" == request.headers["authorization"]
    assert "prefer" not in request.headers


async def test_a_busy_gateway_is_asked_again_with_the_same_key() -> None:
    keys: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) < 3:
            return httpx.Response(503, headers={"retry-after": "0"})
        return httpx.Response(202, json={"operationId": "op", "resource": "/v1/orders/42"})

    async with an_api(handle) as api:
        await api.place_order("token", [], key="k")

    assert ["k", "k", "k"] == keys


async def test_a_gateway_that_stays_busy_is_given_up() -> None:
    asked = 0

    def handle(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(503, headers={"retry-after": "0"}, json={"title": "Busy"})

    async with an_api(handle) as api:
        with pytest.raises(ApiError, match="503 Busy"):
            await api.products()

    assert 5 == asked


async def test_a_refusal_says_which_request_and_why() -> None:
    problem = {"title": "The price changed", "detail": "It is 10.00 now.", "status": 409}

    async with an_api(lambda _: httpx.Response(409, json=problem)) as api:
        with pytest.raises(ApiError) as refused:
            await api.place_order("token", [], key="k")

    assert "POST /v1/orders: 409 The price changed. It is 10.00 now." == str(refused.value)


async def test_an_outcome_that_does_not_come_in_time_is_an_error() -> None:
    accepted = {"operationId": "op", "resource": "/v1/products/p", "status": "pending"}

    async with an_api(lambda _: httpx.Response(202, json=accepted)) as api:
        with pytest.raises(ApiError, match="202"):
            await api.increase_stock("token", "p", 3, key="k")


async def test_a_gateway_that_is_not_there_is_an_error() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        msg = "refused"
        raise httpx.ConnectError(msg, request=request)

    async with an_api(handle) as api:
        with pytest.raises(ApiError, match=r"GET /products/p: no answer \(ConnectError\)"):
            await api.product("p")


async def test_an_answer_of_another_shape_is_an_error() -> None:
    async with an_api(lambda _: httpx.Response(200, json={"what": "else"})) as api:
        with pytest.raises(ApiError, match="not what it should be"):
            await api.product("p")


async def test_lists_are_read_page_by_page() -> None:
    queries: list[dict[str, str]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        queries.append(dict(request.url.params))
        first = "cursor" not in request.url.params
        product = market.shown_product("tea" if first else "salt", stock=1, version=1)
        page = {"items": [product], "nextCursor": "next" if first else None}
        return httpx.Response(200, content=codec.encode(page))

    async with an_api(handle) as api:
        products = await api.products()

    assert ["tea", "salt"] == [product.product_id for product in products]
    assert [{"limit": "100"}, {"limit": "100", "cursor": "next"}] == queries


async def test_a_timeline_is_followed_event_by_event() -> None:
    stream = (
        b"retry: 2000\n\n"
        b'id: 1\nevent: status\ndata: {"id":1,"status":"pending","at":"2024-01-15T10:00:00Z"}\n\n'
        b": keep-alive\n\n"
        b'id: 6\nevent: status\ndata: {"id":6,"status":"cancelled","at":"2024-01-15T10:00:01Z",'
        b'"reason":"insufficient_stock"}\n\n'
    )

    async with an_api(lambda _: httpx.Response(200, content=stream)) as api:
        steps = [(step.status, step.reason) async for step in api.timeline("token", "42")]

    assert [(OrderStatus.PENDING, None), (OrderStatus.CANCELLED, "insufficient_stock")] == steps


async def test_a_timeline_of_what_is_not_there_yet_says_so() -> None:
    async with an_api(lambda _: httpx.Response(404, json={"title": "No such order"})) as api:
        with pytest.raises(NotYetThere):
            await anext(api.timeline("token", "42"))


async def test_what_is_not_enough_or_not_there_yet_is_asked_for_again() -> None:
    answers: list[int | Exception] = [NotYetThere("not yet"), 1, 2]

    async def ask() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert 2 == await until(ask, lambda answer: answer == 2)


async def test_what_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_PATIENCE_SECONDS", 0)

    async def ask() -> None:
        await asyncio.sleep(0)

    with pytest.raises(ApiError, match="did not come"):
        await until(ask, lambda _: False)
