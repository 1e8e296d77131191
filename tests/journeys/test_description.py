"""The API's description, its page, and what operators ask of the gateway."""

import re
from typing import Any

import httpx
import pytest
from tests.journeys.people import People

from apps.gateway.policy import POLICY
from apps.platform.platform import Platform

OPERATIONS = [key for key in POLICY if not key[1].startswith("/docs")]


@pytest.fixture
async def gateway(platform: Platform, api: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client of the gateway from its root on."""
    api.base_url = httpx.URL(platform.url)
    return api


async def described(gateway: httpx.AsyncClient) -> dict[str, Any]:
    """Return the description that the gateway serves."""
    document: dict[str, Any] = (await gateway.get("/openapi.json")).json()
    return document


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference within the document."""
    if "$ref" not in part:
        return part
    for name in part["$ref"].removeprefix("#/").split("/"):
        document = document[name]
    return document


async def test_every_route_is_described_with_its_answers_and_its_problems(
    gateway: httpx.AsyncClient,
) -> None:
    document = await described(gateway)
    assert document["openapi"].startswith("3.1")
    for method, path in OPERATIONS:
        if path == "/openapi.json":
            continue
        operation = document["paths"][path][method.lower()]
        assert {"summary", "operationId", "tags", "responses"} <= set(operation), path
        for status, named in operation["responses"].items():
            response = resolved(document, named)
            if int(status) >= 400:
                [(media_type, content)] = response["content"].items()
                assert "application/problem+json" == media_type, (path, status)
                assert content.get("example") or content.get("examples"), (path, status)


async def test_every_operation_has_a_name_of_its_own(gateway: httpx.AsyncClient) -> None:
    document = await described(gateway)
    names = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(names) == len(set(names))


async def test_the_page_needs_nobody_elses_server(gateway: httpx.AsyncClient) -> None:
    page = (await gateway.get("/docs")).text
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert named
    for address in named:
        assert address.startswith("/docs/")
        assert 200 == (await gateway.get(address)).status_code
    assert 404 == (await gateway.get("/docs/..%2fsecrets")).status_code


async def test_the_public_keys_of_tokens_are_shown_and_no_private_one(
    gateway: httpx.AsyncClient,
) -> None:
    [key] = (await gateway.get("/.well-known/jwks.json")).json()["keys"]
    assert ("OKP", "Ed25519") == (key["kty"], key["crv"])
    assert {"kid", "x"} <= set(key)
    assert "d" not in key


async def test_ready_says_that_something_is_missing_and_live_looks_at_nothing(
    platform: Platform, gateway: httpx.AsyncClient
) -> None:
    assert 200 == (await gateway.get("/health/ready")).status_code
    platform.container.gateway.follower().is_following = False
    ready = await gateway.get("/health/ready")
    assert (503, "not_ready") == (ready.status_code, ready.json()["type"])
    assert 200 == (await gateway.get("/health/live")).status_code


async def test_a_quiet_stream_is_kept_open_by_comments(people: People, platform: Platform) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    order_id = (await buyer.orders(await seller.sells())).json()["orderId"]
    platform.container.gateway.streams()._heartbeat = 0.05  # noqa: SLF001 - not a setting
    path = f"/orders/{order_id}/events"
    async with buyer.api.stream("GET", path, headers=buyer.headers) as stream:
        assert "no" == stream.headers["x-accel-buffering"]
        assert "no-store" in stream.headers["cache-control"]
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if line.startswith(":"):
                break
        else:
            pytest.fail("the stream ended without a heartbeat")


async def test_when_nobody_more_can_listen_streams_are_refused_for_a_while(
    people: People, platform: Platform
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    order_id = (await buyer.orders(await seller.sells())).json()["orderId"]
    platform.container.gateway.room_for_streams()._places = 0  # noqa: SLF001 - full
    refused = await buyer.get(f"/orders/{order_id}/events")
    assert 503 == refused.status_code
    assert int(refused.headers["retry-after"]) >= 1
