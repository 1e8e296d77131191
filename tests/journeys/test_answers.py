"""How a command is answered: at once, after its outcome, or again under its key."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.journeys.log import records_of
from tests.journeys.people import WAIT, People, a_product, an_account, an_order

from apps.platform.platform import Platform
from tradex_core.events import topics
from tradex_core.ids import uuid7_time


async def test_an_accepted_command_says_where_its_outcome_and_its_thing_are(
    people: People,
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells()
    answer = await buyer.api.post("/orders", json=an_order(product), headers=buyer.headers)
    told = answer.json()
    assert (202, "1") == (answer.status_code, answer.headers["retry-after"])
    assert f"/v1/operations/{told['operationId']}" == answer.headers["location"]
    assert {"operationId", "status", "resource"} == set(told)
    assert "pending" == told["status"]
    assert told["resource"].startswith("/v1/orders/")
    assert "preference-applied" not in answer.headers


async def test_who_prefers_to_wait_gets_the_thing_itself(people: People) -> None:
    seller = await people.seller()
    answer = await seller.post("/products", a_product())
    assert (201, "wait=20") == (answer.status_code, answer.headers["preference-applied"])
    path = answer.headers["location"].removeprefix("/v1")
    assert answer.json() == (await seller.get(path)).json()


async def test_who_has_waited_long_enough_is_told_what_is_known(
    platform: Platform, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells()
    orders = next(service for service in platform.services if service.name == "orders")
    await orders.consumer.stop()
    answer = await buyer.orders(product, wait=1)
    assert (202, "pending") == (answer.status_code, answer.json()["status"])
    operation = await buyer.get(f"/operations/{answer.json()['operationId']}")
    assert ("pending", "1") == (operation.json()["status"], operation.headers["retry-after"])


@pytest.mark.parametrize("preference", ["wait=soon", "wait=-1", "return=minimal", "wait"])
async def test_a_preference_that_is_none_is_ignored(people: People, preference: str) -> None:
    seller = await people.seller()
    answer = await seller.post("/products", a_product(), Prefer=preference)
    assert 202 == answer.status_code


async def test_an_operation_is_shown_to_whose_it_is_and_nobody_else(people: People) -> None:
    seller, other = await people.seller(), await people.seller("olga@example.com")
    accepted = (await seller.post("/products", a_product(), Prefer="wait=0")).json()
    path = f"/operations/{accepted['operationId']}"
    await seller.post("/products", a_product(sku="LATER"))
    shown = (await seller.get(path)).json()
    keys = {"operationId", "command", "status", "resource", "result", "error"}
    assert keys | {"createdAt", "completedAt"} == set(shown)
    assert ("CREATE_PRODUCT", "succeeded") == (shown["command"], shown["status"])
    assert accepted["resource"] == shown["resource"]
    assert shown["result"]["productId"] in shown["resource"]
    issued = uuid7_time(accepted["operationId"]).isoformat(timespec="milliseconds")
    assert issued[:23] == shown["createdAt"][:23].ljust(23, "0")
    assert 404 == (await other.get(path)).status_code
    assert 404 == (await other.api.get(path)).status_code


async def test_a_refused_operation_holds_the_problem(people: People) -> None:
    seller = await people.seller()
    await seller.sells("TAKEN")
    accepted = (await seller.post("/products", a_product(sku="TAKEN"), Prefer="wait=0")).json()
    async with seller.follow(f"/operations/{accepted['operationId']}/events") as events:
        told = [event async for event in events]
    assert "failed" == told[-1]["status"]
    problem = told[-1]["error"]
    assert ("sku_taken", 409) == (problem["type"], problem["status"])


async def test_an_id_that_was_never_issued_is_no_operation(people: People) -> None:
    buyer = await people.buyer()
    made_up = "018d0c1e-8a00-7000-8000-00000000000a"
    assert 404 == (await buyer.get(f"/operations/{made_up}")).status_code


async def test_a_key_belongs_to_its_caller_and_its_route(people: People) -> None:
    seller, other = await people.seller(), await people.seller("olga@example.com")
    key = {"Idempotency-Key": "the-same", "Prefer": "wait=0"}
    answers = [
        await seller.post("/products", a_product(), **key),
        await seller.post("/products", a_product(), **key),
        await other.post("/products", a_product(), **key),
    ]
    ids = [answer.json()["operationId"] for answer in answers]
    replayed = ["idempotent-replayed" in answer.headers for answer in answers]
    assert ([False, True, False], True, True) == (replayed, ids[0] == ids[1], ids[0] != ids[2])
    product_id = answers[0].json()["resource"].rpartition("/")[2]
    stock = {"operation": "increase", "quantity": 5}
    moved = await seller.post(f"/products/{product_id}/stock", stock, **key)
    assert "idempotent-replayed" not in moved.headers


@pytest.mark.parametrize("key", ["", "two words", "k" * 256, "ñ"])
async def test_a_key_that_is_none_is_refused(people: People, key: str) -> None:
    seller = await people.seller()
    bearer = seller.headers["Authorization"].encode()
    headers = {b"authorization": bearer, b"idempotency-key": key.encode("latin-1")}
    answer = await seller.api.post("/products", json=a_product(), headers=headers)
    assert (400, "invalid_idempotency_key") == (answer.status_code, answer.json()["type"])


async def test_without_a_key_each_request_is_its_own(platform: Platform, people: People) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells()
    await asyncio.gather(buyer.orders(product), buyer.orders(product))
    assert 2 == len(await records_of(platform, topics.ORDER_CREATED))


async def test_signing_in_again_under_a_key_gives_the_same_refresh_token(
    api: httpx.AsyncClient, people: People
) -> None:
    await people.buyer("bruno@example.com")
    credentials = {"email": "bruno@example.com", "password": "a long walk in the Andes"}
    key = {"Idempotency-Key": "one-login"}
    first, second = [
        (await api.post("/auth/login", json=credentials, headers=key)).json() for _ in range(2)
    ]
    assert {"accessToken", "tokenType", "expiresIn", "refreshToken"} == set(first)
    assert ("Bearer", 600) == (first["tokenType"], first["expiresIn"])
    assert first["refreshToken"] == second["refreshToken"]


async def test_answers_about_somebody_are_kept_by_no_cache(people: People) -> None:
    buyer = await people.buyer()
    for path in ("/me", "/orders"):
        assert "no-store" == (await buyer.get(path)).headers["cache-control"]


async def test_registering_without_waiting_can_be_looked_up_by_its_id(
    api: httpx.AsyncClient,
) -> None:
    accepted = await api.post("/auth/register", json=an_account("ana@example.com"))
    assert "/v1/me" == accepted.json()["resource"]
    await api.post("/auth/register", json=an_account("later@example.com"), headers=WAIT)
    operation: dict[str, Any] = {}
    async with asyncio.timeout(20):
        while operation.get("status") in {None, "pending"}:
            location = accepted.headers["location"].removeprefix("/v1")
            operation = (await api.get(location)).json()
    assert ("succeeded", "ana@example.com") == (
        operation["status"],
        operation["result"]["email"],
    )
    assert not {"password", "accessToken", "refreshToken"} & set(operation["result"])
