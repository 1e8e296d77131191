"""An Idempotency-Key makes a repeat the same operation, of the same caller on the same route."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from tests.apps.gateway.world import BUYER, OTHER_BUYER, Command, Service, World, minutes
from tests.builders.views import (
    OPERATION_ID,
    PRODUCT_ID,
    a_product_id,
    a_product_view,
    a_user_document,
    a_user_view,
    an_order_id,
    an_order_view,
)

from tradex_core.errors import Outage, OutcomeUnknown
from tradex_core.events.envelope import Actor
from tradex_core.events.order import OrderDocument, OrderStatus
from tradex_core.ids import OperationId
from tradex_core.orders.errors import IllegalTransition
from tradex_core.products.errors import InsufficientStock

NEW_ORDER = {"items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.00}]}
OTHER_ITEMS = [{"productId": PRODUCT_ID, "quantity": 3, "price": 18.00}]
NEW_PRODUCT = {
    "name": "Chai",
    "description": "A spiced tea.",
    "sku": "CHAI-1",
    "price": 18.00,
    "stock": 39,
    "category": "Beverages",
}
LOGIN = {"email": "ana@example.com", "password": "plum tram 42 quiet"}
KEY = {"idempotency-key": "5f0c9a1e-0b7d-4a52"}
WAITING = {"prefer": "wait=5"}
JSON = {"content-type": "application/json"}


def order_of_one(price: float | None) -> dict[str, Any]:
    """Return an order of one product, at the price that its buyer saw, if any."""
    item: dict[str, Any] = {"productId": a_product_id(1), "quantity": 1}
    return {"items": [item if price is None else {**item, "price": price}]}


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


@asynccontextmanager
async def another_replica(world: World, actor: Actor | None) -> AsyncIterator[httpx.AsyncClient]:
    """Run a gateway that was started later, with the same keys and stores."""
    world.clock.advance(minutes(1))
    container = world.new_container()
    async with container.app().lifespan(), world.client(actor, container=container) as client:
        yield client


async def test_another_replica_knows_the_key(running: World, buyer: httpx.AsyncClient) -> None:
    first = await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    async with another_replica(running, BUYER) as replica:
        again = await replica.post("/v1/orders", json=NEW_ORDER, headers=KEY)
        other = await replica.post("/v1/orders", json={"items": OTHER_ITEMS}, headers=KEY)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert other.status_code == 422
    before, after = await running.commands()
    assert (before.envelope.id, before.data) == (after.envelope.id, after.data)


async def test_another_replica_waits_for_the_same_outcome(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    first = await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    service.answers("CREATE_ORDER", InsufficientStock.of(2, 1))
    async with another_replica(running, BUYER) as replica:
        again = await replica.post("/v1/orders", json=NEW_ORDER, headers={**KEY, **WAITING})
    assert again.status_code == 409
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["preference-applied"] == "wait=5"
    ids = {command.envelope.id for command in await running.commands()}
    assert ids == {first.json()["operationId"]}


async def test_another_replica_repeats_a_refusal(running: World, buyer: httpx.AsyncClient) -> None:
    running.show(a_product_view(1, price="19.00"))
    first = await buyer.post("/v1/orders", json=order_of_one(18.0), headers=KEY)
    running.show(a_product_view(1, price="18.00"))
    async with another_replica(running, BUYER) as replica:
        again = await replica.post("/v1/orders", json=order_of_one(18.0), headers=KEY)
    assert first.status_code == 409
    assert (again.status_code, again.json()) == (409, first.json())


async def test_another_replica_signs_in_with_the_same_tokens(
    running: World, service: Service, anyone: httpx.AsyncClient
) -> None:
    running.show(a_user_view())
    service.answers("LOGIN_USER", a_user_document())
    first = await anyone.post("/v1/auth/login", json=LOGIN, headers=KEY)
    async with another_replica(running, None) as replica:
        again = await replica.post("/v1/auth/login", json=LOGIN, headers=KEY)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["refreshToken"] == again.json()["refreshToken"]
    assert len(await running.commands()) == 1


def refresh_token(world: World) -> str:
    """Return a token as it was once given out."""
    operation_id = OperationId(OPERATION_ID)
    return world.container.tokens().first_of(operation_id)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/auth/register", {**LOGIN, "name": "Ana", "role": "seller"}),
        ("/v1/auth/login", LOGIN),
        ("/v1/auth/refresh", {"refreshToken": ...}),
        ("/v1/auth/logout", {"refreshToken": ...}),
        ("/v1/products", NEW_PRODUCT),
        (f"/v1/products/{PRODUCT_ID}/stock", {"operation": "increase", "quantity": 1}),
        ("/v1/orders", NEW_ORDER),
        (f"/v1/orders/{an_order_id(1)}/cancel", {}),
        (f"/v1/orders/{an_order_id(1)}/status", {"status": "shipped"}),
    ],
)
async def test_every_post_takes_a_key(
    running: World, admin: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> None:
    sent = {name: refresh_token(running) if each is ... else each for name, each in body.items()}
    headers = {**KEY, "prefer": "wait=0"}
    first = await admin.post(path, json=sent, headers=headers)
    again = await admin.post(path, json=sent, headers=headers)
    other = await admin.post(path, content=json.dumps(sent) + " ", headers=headers | JSON)
    malformed = await admin.post(path, json=sent, headers={"idempotency-key": "a b"})

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["type"]) == (422, "idempotency_key_reused")
    assert malformed.status_code == 400
    before, after = await running.commands()
    assert before.envelope.id == after.envelope.id == first.json()["operationId"]
    assert before.record.key == after.record.key
    assert before.data == after.data


async def test_a_key_of_one_route_is_unused_on_another(admin: httpx.AsyncClient) -> None:
    order = await admin.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    product = await admin.post("/v1/products", json=NEW_PRODUCT, headers=KEY)
    assert product.status_code == 202
    assert order.json()["operationId"] != product.json()["operationId"]


async def test_a_key_tells_upper_from_lower_case(buyer: httpx.AsyncClient) -> None:
    for key in ("key", "KEY"):
        answer = await buyer.post("/v1/orders", json=NEW_ORDER, headers={"idempotency-key": key})
        assert "idempotent-replayed" not in answer.headers


async def test_the_order_that_was_placed_is_answered_again(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    def place(command: Command) -> OrderDocument:
        view = replace(an_order_view(), order_id=command.data["orderId"])
        running.show(view)
        return view.document()

    service.answers("CREATE_ORDER", place)
    headers = {**KEY, **WAITING}
    first = await buyer.post("/v1/orders", json=NEW_ORDER, headers=headers)
    again = await buyer.post("/v1/orders", json=NEW_ORDER, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"]
    assert len(await running.commands()) == 1


async def test_a_fault_is_no_answer_to_a_key(running: World, buyer: httpx.AsyncClient) -> None:
    running.broker.fail_next(Outage("the broker is away"))
    failed = await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    again = await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    assert (failed.status_code, again.status_code) == (503, 202)
    assert len(await running.commands()) == 1


async def test_who_tries_a_refused_order_again_uses_a_new_key(
    running: World, buyer: httpx.AsyncClient
) -> None:
    refused = await buyer.post("/v1/orders", json=order_of_one(None), headers=KEY)
    running.show(a_product_view(1))
    again = await buyer.post("/v1/orders", json=order_of_one(None), headers=KEY)
    anew = await buyer.post("/v1/orders", json=order_of_one(None), headers={"idempotency-key": "n"})
    assert (refused.status_code, again.status_code, anew.status_code) == (409, 409, 202)
    assert refused.json() == again.json()
    assert "idempotent-replayed" not in refused.headers
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_refusal_keeps_its_key_from_another_body(
    running: World, buyer: httpx.AsyncClient
) -> None:
    running.show(a_product_view(1, price="19.00"))
    refused = await buyer.post("/v1/orders", json=order_of_one(18.0), headers=KEY)
    other = await buyer.post("/v1/orders", json=order_of_one(19.0), headers=KEY)
    assert (refused.status_code, other.status_code) == (409, 422)


async def test_without_a_key_a_refused_order_can_be_sent_again(
    running: World, buyer: httpx.AsyncClient
) -> None:
    running.show(a_product_view(1, price="19.00"))
    refused = await buyer.post("/v1/orders", json=order_of_one(18.0))
    running.show(a_product_view(1, price="18.00"))
    again = await buyer.post("/v1/orders", json=order_of_one(18.0))
    assert (refused.status_code, again.status_code) == (409, 202)


async def test_a_body_that_is_not_valid_uses_no_key_up(buyer: httpx.AsyncClient) -> None:
    refused = await buyer.post("/v1/orders", json={"items": []}, headers=KEY)
    again = await buyer.post("/v1/orders", json=NEW_ORDER, headers=KEY)
    assert (refused.status_code, again.status_code) == (400, 202)


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


@pytest.mark.parametrize(
    "key", [b"", b" ", b"with space", b"a" * 256, b"tab\there", "clé".encode(), b"nul\0", b"\x7f"]
)
async def test_what_cannot_be_a_key_is_refused(
    running: World, buyer: httpx.AsyncClient, key: bytes
) -> None:
    answer = await buyer.post("/v1/orders", json=NEW_ORDER, headers={b"idempotency-key": key})
    assert answer.status_code == 400
    assert answer.json()["type"] == "invalid_idempotency_key"
    assert await running.commands() == []


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
