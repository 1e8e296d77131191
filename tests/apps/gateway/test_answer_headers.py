"""What an answer tells caches and browsers to keep from doing, and what it tells of the server."""

import re
from importlib.metadata import version

import httpx
import pytest
from tests.apps.gateway.world import BUYER, World
from tests.builders.views import (
    PRODUCT_ID,
    a_product_view,
    a_user_view,
    an_order_id,
    an_order_view,
)

from apps.gateway.policy import POLICY
from tradex_core.events.order import OrderStatus

VALUES = {
    "product_id": PRODUCT_ID,
    "order_id": an_order_id(1),
    "operation_id": an_order_id(1),
    "asset": "start.js",
}
KEPT = {
    ("GET", "/v1/products/{product_id}"): "no-cache",
    ("GET", "/openapi.json"): "no-cache",
    ("GET", "/docs"): "no-cache",
    ("GET", "/docs/{asset}"): "no-cache",
    ("GET", "/.well-known/jwks.json"): "public, max-age=300",
}
"""What caches may keep, on purpose; nothing of it depends on who asks."""


@pytest.fixture
def world() -> World:
    """A gateway that shows a buyer, a product, and an order whose story is over."""
    world = World()
    world.show(a_user_view())
    world.show(a_product_view(1))
    world.show(an_order_view(1, OrderStatus.CANCELLED))
    return world


async def answers_of(running: World) -> dict[tuple[str, str, bool], httpx.Response]:
    """Use every route, once signed in and once not."""
    answers = {}
    for method, template in POLICY:
        for actor in (BUYER, None):
            path = re.sub(r"\{(\w+)\}", lambda match: VALUES[match[1]], template)
            async with running.client(actor) as client:
                content = None if method == "GET" else b"{}"
                headers = {"content-type": "application/json"}
                answer = await client.request(method, path, content=content, headers=headers)
            answers[method, template, actor is None] = answer
    return answers


async def test_no_cache_keeps_an_answer_but_those_that_are_meant_for_everybody(
    running: World,
) -> None:
    wrong = []
    for (method, template, _), answer in (await answers_of(running)).items():
        kept = KEPT.get((method, template)) if answer.is_success else None
        if answer.headers["cache-control"] != (kept or "no-store"):
            wrong.append((method, template, answer.status_code, answer.headers["cache-control"]))
    assert [] == wrong


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("DELETE", "/v1/me"), ("GET", "/docs/none")]
)
async def test_no_cache_keeps_an_error(anyone: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await anyone.request(method, path)
    assert "no-store" == answer.headers["cache-control"]


async def test_no_cache_keeps_that_there_is_nothing_more_to_tell(
    buyer: httpx.AsyncClient,
) -> None:
    headers = {"last-event-id": "9"}
    answer = await buyer.get(f"/v1/orders/{an_order_id(1)}/events", headers=headers)
    assert (204, "no-store") == (answer.status_code, answer.headers["cache-control"])


async def test_a_browser_may_do_nothing_with_an_answer_but_read_it(running: World) -> None:
    for (_, template, _), answer in (await answers_of(running)).items():
        headers = answer.headers
        assert "nosniff" == headers["x-content-type-options"]
        assert "no-referrer" == headers["referrer-policy"]
        assert "DENY" == headers["x-frame-options"]
        [policy] = headers.get_list("content-security-policy")
        assert policy.startswith("default-src 'none'")
        assert policy.endswith("frame-ancestors 'none'")
        assert (template == "/docs") == ("script-src 'self'" in policy)


async def test_the_page_runs_what_comes_from_here_only(anyone: httpx.AsyncClient) -> None:
    page = await anyone.get("/docs")
    policy = page.headers["content-security-policy"]
    scripts = policy.partition("script-src ")[2].partition(";")[0]
    assert "'self'" == scripts
    assert "same-origin" == page.headers["cross-origin-opener-policy"]
    assert None is re.search(r"<script(?! src=)|\son\w+=|javascript:|https?://", page.text)


async def test_no_answer_tells_what_it_was_made_with(running: World) -> None:
    names = ("litestar", "uvicorn", "python", "msgspec", "traceback", version("litestar"))
    for (_, template, _), answer in (await answers_of(running)).items():
        assert not {"server", "x-powered-by", "via"} & set(answer.headers)
        if not template.startswith("/docs") and not answer.is_success:
            assert [] == [name for name in names if name in answer.text.lower()]


async def test_no_text_of_a_clients_becomes_a_header_of_an_answer(
    running: World, anyone: httpx.AsyncClient
) -> None:
    for number in range(2, 5):
        running.show(a_product_view(number))
    query = "limit=1&category=Beverages%0d%0aset-cookie:%20a=b&q=%0d%0aset-cookie:%20a=b"
    answer = await anyone.get(f"/v1/products?{query}")
    assert "set-cookie" not in answer.headers
    listed = await anyone.get("/v1/products?limit=1&x=%0d%0aset-cookie:%20a=b")
    assert "set-cookie" not in f"{listed.headers}".lower()
    assert "link" in listed.headers
