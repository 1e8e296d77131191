"""What became of a command is told to whoever asked for it, and to nobody else."""

from datetime import timedelta

import httpx
import pytest
from tests.apps.gateway.world import BUYER, Service, World, minutes
from tests.builders.views import (
    BUYER_ID,
    OPERATION_ID,
    PRODUCT_ID,
    a_reply,
    a_user_document,
    a_user_view,
    an_order_view,
)

from tradex_core.events.reply import OUTCOMES_KEPT
from tradex_core.ids import OperationId
from tradex_core.orders.errors import IllegalTransition
from tradex_core.users.errors import EmailTaken
from tradex_core.views.operation_view import apply_reply

NEW_ORDER = {"items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.00}]}
LOGIN = {"email": "ana@example.com", "password": "plum tram 42 quiet"}
REGISTRATION = {**LOGIN, "name": "Ana", "role": "seller"}
ORDER = an_order_view()
FIELDS = [
    "operationId",
    "command",
    "status",
    "resource",
    "result",
    "error",
    "createdAt",
    "completedAt",
]


async def test_a_pending_operation_says_so_and_when_to_ask_again(
    running: World, buyer: httpx.AsyncClient
) -> None:
    accepted = await buyer.post("/v1/orders", json=NEW_ORDER)
    running.clock.advance(minutes(1))
    answer = await buyer.get(accepted.headers["location"])

    assert 200 == answer.status_code
    assert "application/json" == answer.headers["content-type"]
    assert "no-store" == answer.headers["cache-control"]
    assert "1" == answer.headers["retry-after"]
    assert FIELDS == list(answer.json())
    assert {
        "operationId": accepted.json()["operationId"],
        "command": "CREATE_ORDER",
        "status": "pending",
        "resource": accepted.json()["resource"],
        "result": None,
        "error": None,
        "createdAt": "2024-01-15T10:00:00Z",
        "completedAt": None,
    } == answer.json()


async def test_one_that_makes_nothing_new_names_no_resource_while_pending(
    running: World, buyer: httpx.AsyncClient
) -> None:
    path = f"/v1/orders/{ORDER.order_id}"
    location = (await buyer.post(f"{path}/cancel")).headers["location"]
    assert (await buyer.get(location)).json()["resource"] is None

    reply = a_reply("CANCEL_ORDER", subject=ORDER.order_id, operation_id=location[-36:])
    running.show(apply_reply(None, reply))
    assert path == (await buyer.get(location)).json()["resource"]


async def test_a_success_shows_its_result_and_when_it_was_over(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    accepted = await buyer.post("/v1/orders", json=NEW_ORDER)
    running.clock.advance(minutes(2))
    await service.reply(accepted.json()["operationId"], "CREATE_ORDER", ORDER.document())
    answer = await buyer.get(accepted.headers["location"])

    assert "retry-after" not in answer.headers
    assert FIELDS == list(answer.json())
    assert '"totalAmount":36.00' in answer.text
    assert {
        "operationId": accepted.json()["operationId"],
        "command": "CREATE_ORDER",
        "status": "succeeded",
        "resource": accepted.json()["resource"],
        "result": {
            "orderId": ORDER.order_id,
            "userId": BUYER_ID,
            "items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.0}],
            "totalAmount": 36.0,
            "status": "pending",
            "reason": None,
            "createdAt": "2024-01-15T10:00:00Z",
            "updatedAt": answer.json()["result"]["updatedAt"],
        },
        "error": None,
        "createdAt": "2024-01-15T10:00:00Z",
        "completedAt": "2024-01-15T10:02:00Z",
    } == answer.json()


async def test_a_success_without_a_result_shows_null(
    running: World, service: Service, anyone: httpx.AsyncClient
) -> None:
    token = running.container.tokens().first_of(OperationId(OPERATION_ID))
    accepted = await anyone.post("/v1/auth/logout", json={"refreshToken": token})
    location = accepted.headers["location"]
    await service.reply(accepted.json()["operationId"], "END_SESSION", None)
    document = (await anyone.get(location)).json()
    assert ("succeeded", None, None, None) == (
        document["status"],
        document["result"],
        document["error"],
        document["resource"],
    )


async def test_a_failure_shows_a_problem_document(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    accepted = await buyer.post(f"/v1/orders/{ORDER.order_id}/cancel")
    running.clock.advance(minutes(2))
    refusal = IllegalTransition("It was shipped.")
    await service.reply(accepted.json()["operationId"], "CANCEL_ORDER", refusal)
    answer = await buyer.get(accepted.headers["location"])

    assert 200 == answer.status_code
    assert "retry-after" not in answer.headers
    assert FIELDS == list(answer.json())
    assert {
        "operationId": accepted.json()["operationId"],
        "command": "CANCEL_ORDER",
        "status": "failed",
        "resource": None,
        "result": None,
        "error": {
            "type": "illegal_transition",
            "title": IllegalTransition.title,
            "status": 409,
            "detail": "It was shipped.",
            "instance": accepted.headers["location"],
        },
        "createdAt": "2024-01-15T10:00:00Z",
        "completedAt": "2024-01-15T10:02:00Z",
    } == answer.json()


async def test_somebody_elses_operation_is_not_found(
    buyer: httpx.AsyncClient,
    other_buyer: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
) -> None:
    location = (await buyer.post("/v1/orders", json=NEW_ORDER)).headers["location"]
    for other in (other_buyer, admin, anyone):
        for path in (location, f"{location}/events"):
            answer = await other.get(path)
            assert 404 == answer.status_code
            assert "operation_not_found" == answer.json()["type"]
            assert path == answer.json()["instance"]


async def test_somebody_elses_operation_that_is_over_is_not_found(
    service: Service, buyer: httpx.AsyncClient, other_buyer: httpx.AsyncClient
) -> None:
    accepted = await buyer.post("/v1/orders", json=NEW_ORDER)
    await service.reply(accepted.json()["operationId"], "CREATE_ORDER", ORDER.document())
    assert 404 == (await other_buyer.get(accepted.headers["location"])).status_code


@pytest.mark.parametrize(
    "made_up",
    [
        OPERATION_ID,
        ORDER.order_id,
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "ffffffff-ffff-7fff-bfff-ffffffffffff",
        "018d0c1e-8a00-4000-8000-0000000000f1",
    ],
)
async def test_a_made_up_operation_is_not_found(buyer: httpx.AsyncClient, made_up: str) -> None:
    assert 404 == (await buyer.get(f"/v1/operations/{made_up}")).status_code
    assert 404 == (await buyer.get(f"/v1/operations/{made_up}/events")).status_code


@pytest.mark.parametrize("place", [-1, 10, 15, 20])
async def test_an_id_that_was_changed_anywhere_is_not_found(
    buyer: httpx.AsyncClient, place: int
) -> None:
    location = (await buyer.post("/v1/orders", json=NEW_ORDER)).headers["location"]
    path, _, operation_id = location.rpartition("/")
    digits = list(operation_id)
    digits[place] = "1" if digits[place] == "0" else "0"
    assert 404 == (await buyer.get(f"{path}/{''.join(digits)}")).status_code


async def test_what_nobody_who_was_signed_in_asked_for_is_shown_to_whoever_knows_its_id(
    service: Service, anyone: httpx.AsyncClient, buyer: httpx.AsyncClient
) -> None:
    accepted = await anyone.post("/v1/auth/register", json=REGISTRATION)
    for reader in (anyone, buyer):
        assert "pending" == (await reader.get(accepted.headers["location"])).json()["status"]
    refusal = EmailTaken("Choose another address.")
    await service.reply(accepted.json()["operationId"], "REGISTER_USER", refusal)
    for reader in (anyone, buyer):
        document = (await reader.get(accepted.headers["location"])).json()
        assert ("REGISTER_USER", "failed") == (document["command"], document["status"])
        assert 409 == document["error"]["status"]


async def test_no_result_has_a_token_in_it(
    running: World, service: Service, anyone: httpx.AsyncClient
) -> None:
    running.show(a_user_view())
    service.answers("LOGIN_USER", a_user_document(), subject=BUYER_ID)
    tokens = (await anyone.post("/v1/auth/login", json=LOGIN)).json()
    operation_id = (await running.only_command()).envelope.id
    answer = await anyone.get(f"/v1/operations/{operation_id}")

    assert "succeeded" == answer.json()["status"]
    assert BUYER_ID == answer.json()["result"]["userId"]
    assert "oken" not in answer.text
    assert tokens["accessToken"] not in answer.text
    assert tokens["refreshToken"] not in answer.text


async def test_every_replica_shows_it(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    accepted = await buyer.post("/v1/orders", json=NEW_ORDER)
    running.clock.advance(minutes(1))
    async with running.client(BUYER, container=running.new_container()) as elsewhere:
        assert "pending" == (await elsewhere.get(accepted.headers["location"])).json()["status"]
        await service.reply(accepted.json()["operationId"], "CREATE_ORDER", ORDER.document())
        over = await elsewhere.get(accepted.headers["location"])
    assert "succeeded" == over.json()["status"]
    assert over.content == (await buyer.get(accepted.headers["location"])).content


async def test_a_token_that_is_not_valid_is_refused_before_an_operation_is_looked_for(
    anyone: httpx.AsyncClient,
) -> None:
    headers = {"authorization": "Bearer nonsense"}
    answer = await anyone.get(f"/v1/operations/{OPERATION_ID}", headers=headers)
    assert 401 == answer.status_code


async def test_an_operation_is_known_for_as_long_as_its_outcome(
    running: World, buyer: httpx.AsyncClient
) -> None:
    location = (await buyer.post("/v1/orders", json=NEW_ORDER)).headers["location"]
    running.clock.advance(OUTCOMES_KEPT)
    async with running.client(BUYER) as later:
        assert 200 == (await later.get(location)).status_code
    running.clock.advance(timedelta(milliseconds=1))
    async with running.client(BUYER) as too_late:
        assert 404 == (await too_late.get(location)).status_code
