"""An Idempotency-Key makes a repeat the same operation, of the same caller on the same route."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.apps.gateway.world import BUYER, OTHER_BUYER, Service, World, minutes
from tests.builders.views import PRODUCT_ID, a_product_view, an_order_id, an_order_view

from tradex_core.errors import OutcomeUnknown
from tradex_core.events.order import OrderStatus
from tradex_core.orders.errors import IllegalTransition

NEW_ORDER = {"items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.00}]}
KEY = {"idempotency-key": "5f0c9a1e-0b7d-4a52"}


async def test_the_same_key_and_body_are_the_same_operation(
    running: World, buyer: httpx.AsyncClient
) -> None:
    first = await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    again = await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    ids = {(command.envelope.id, command.data["orderId"]) for command in await running.commands()}
    assert len(ids) == 1


async def test_the_same_key_with_another_body_is_refused(buyer: httpx.AsyncClient) -> None:
    other = {"items": [{"productId": PRODUCT_ID, "quantity": 3, "price": 18.00}]}
    await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    answer = await buyer.post("/v1/orders", json=other, headers=KEY)
    assert answer.status_code == 422
    assert answer.json()["type"] == "idempotency_key_reused"


async def test_without_a_key_each_request_is_its_own(
    running: World, buyer: httpx.AsyncClient
) -> None:
    for _ in range(2):
        await buyer.post("/v1/orders", json=NEW_ORDER)
    ids = {command.envelope.id for command in await running.commands()}
    assert len(ids) == 2


async def test_a_key_is_the_callers_own(
    buyer: httpx.AsyncClient, other_buyer: httpx.AsyncClient
) -> None:
    mine = await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    theirs = await other_buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    assert mine.json()["operationId"] != theirs.json()["operationId"]
    assert "idempotent-replayed" not in theirs.headers


async def test_a_key_is_one_routes_own_with_the_ids_in_it(admin: httpx.AsyncClient) -> None:
    paths = [f"/v1/orders/{an_order_id(number)}/cancel" for number in (1, 2)]
    answers = [await admin.post(path, headers=KEY) for path in paths]
    assert len({answer.json()["operationId"] for answer in answers}) == 2


async def test_another_replica_knows_the_key(running: World, buyer: httpx.AsyncClient) -> None:
    first = await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    async with running.client(BUYER, container=running.new_container()) as replica:
        again = await replica.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    assert first.json() == again.json()


async def test_a_key_is_kept_for_a_day(running: World, buyer: httpx.AsyncClient) -> None:
    first = await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    running.clock.advance(minutes(24 * 60))
    async with running.client(BUYER) as tomorrow:
        again = await tomorrow.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    assert first.json()["operationId"] == again.json()["operationId"]


async def test_what_may_have_been_lost_is_published_again_under_the_same_ids(
    running: World, buyer: httpx.AsyncClient
) -> None:
    running.broker.fail_next(OutcomeUnknown("the acknowledgement is late"), published=True)
    lost = await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    assert lost.status_code == 503
    again = await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    assert again.status_code == 202
    first, second = await running.commands()
    assert first.envelope.id == second.envelope.id
    assert first.data == second.data


async def test_a_repeat_of_what_is_over_publishes_nothing(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    view = an_order_view(1, OrderStatus.CANCELLED, buyer=BUYER.user_id)
    running.show(view)
    service.answers("CANCEL_ORDER", view.document())
    path = f"/v1/orders/{view.order_id}/cancel"
    first = await buyer.post(path, headers={**KEY, "prefer": "wait=5"})
    waiting = await buyer.post(path, headers={**KEY, "prefer": "wait=5"})
    plain = await buyer.post(path, headers=KEY)
    assert first.status_code == 200
    assert first.json() == waiting.json()
    assert waiting.headers["idempotent-replayed"] == "true"
    assert plain.status_code == 202
    assert plain.json()["status"] == "succeeded"
    assert len(await running.commands()) == 1


async def test_a_repeat_of_what_was_refused_is_refused_alike(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    refusal = IllegalTransition.between(OrderStatus.SHIPPED, OrderStatus.CANCELLED)
    service.answers("CANCEL_ORDER", refusal)
    path = f"/v1/orders/{an_order_id(1)}/cancel"
    headers = {**KEY, "prefer": "wait=5"}
    answers = [await buyer.post(path, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert len(await running.commands()) == 1


async def test_a_repeat_hears_of_an_outcome_that_passed_by_while_it_asked(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    view = an_order_view(1, OrderStatus.CANCELLED, buyer=BUYER.user_id)
    running.show(view)
    path = f"/v1/orders/{view.order_id}/cancel"
    first = await buyer.post(path, headers=KEY)
    waiting = {**KEY, "prefer": "wait=5"}
    again = asyncio.create_task(buyer.post(path, headers=waiting))
    await asyncio.sleep(0.02)
    await service.reply(first.json()["operationId"], "CANCEL_ORDER", view.document())
    assert (await again).status_code == 200


@pytest.mark.parametrize("key", ["", "with space", "a" * 256, "tab\there"])
async def test_what_cannot_be_a_key_is_refused(buyer: httpx.AsyncClient, key: str) -> None:
    answer = await buyer.post("/v1/orders", json=NEW_ORDER, headers={"idempotency-key": key})
    assert answer.status_code == 400
    assert answer.json()["type"] == "invalid_idempotency_key"


async def test_a_key_may_have_255_characters(buyer: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "~" * 255}
    assert (await buyer.post("/v1/orders", json=NEW_ORDER, headers=headers)).status_code == 202


async def test_of_requests_that_race_under_a_key_there_is_one_operation(
    running: World,
) -> None:
    async with running.client(OTHER_BUYER) as client:
        answers = await asyncio.gather(
            *(client.post("/v1/orders", json=NEW_ORDER, headers=KEY) for _ in range(8))
        )
    assert len({answer.json()["operationId"] for answer in answers}) == 1


async def test_a_repeat_is_the_same_though_the_price_has_changed_since(
    running: World, buyer: httpx.AsyncClient
) -> None:
    body: dict[str, Any] = {"items": [{"productId": a_product_view(1).product_id, "quantity": 1}]}
    running.show(a_product_view(1, price="18.00"))
    body["items"][0]["price"] = 18.0
    first = await buyer.post("/v1/orders", json=body, headers=KEY)
    running.show(a_product_view(1, price="19.00"))
    again = await buyer.post("/v1/orders", json=body, headers=KEY)
    assert first.json() == again.json()


async def test_a_refusal_of_the_gateway_is_repeated_under_its_key(
    running: World, buyer: httpx.AsyncClient
) -> None:
    running.show(a_product_view(1, price="19.00"))
    product_id = a_product_view(1).product_id
    body = {"items": [{"productId": product_id, "quantity": 1, "price": 18.0}]}
    first = await buyer.post("/v1/orders", json=body, headers=KEY)
    running.show(a_product_view(1, price="18.00"))
    again = await buyer.post("/v1/orders", json=body, headers=KEY)
    assert [first.status_code, again.status_code] == [409, 409]
    assert again.headers["idempotent-replayed"] == "true"
    assert await running.commands() == []
