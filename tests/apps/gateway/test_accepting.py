"""A command is accepted with a 202 that says where its operation and its thing are."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.apps.gateway.world import ADMIN, BUYER, SELLER, World
from tests.builders.views import PRODUCT_ID, a_product_view, an_order_id, an_order_view

from tradex_core.errors import Outage, OutcomeUnknown, Unpublishable
from tradex_core.ids import OperationId, derived_object_id, derived_uuid7, uuid7_time

NEW_PRODUCT = {
    "name": "Chai",
    "description": "A spiced tea.",
    "sku": "CHAI-1",
    "price": 18.00,
    "stock": 39,
    "category": "Beverages",
}
NEW_ORDER = {"items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.00}]}
REGISTRATION = {
    "email": "Ana@Example.com",
    "password": "plum tram 42 quiet",
    "name": "Ana",
    "role": "seller",
}


def derived(kind: str, operation_id: str) -> str:
    at = uuid7_time(OperationId(operation_id))
    derive = derived_object_id if kind == "product" else derived_uuid7
    return derive(operation_id, kind, at=at)


async def test_an_accepted_command_names_its_operation_and_its_thing(
    buyer: httpx.AsyncClient,
) -> None:
    answer = await buyer.post("/v1/orders", json=NEW_ORDER)
    operation_id = answer.json()["operationId"]
    assert answer.status_code == 202
    assert answer.json() == {
        "operationId": operation_id,
        "status": "pending",
        "resource": f"/v1/orders/{derived('order', operation_id)}",
    }
    assert answer.headers["location"] == f"/v1/operations/{operation_id}"
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


async def test_an_order_is_published_for_its_buyer_under_its_own_id(
    running: World, buyer: httpx.AsyncClient
) -> None:
    answer = await buyer.post("/v1/orders", json=NEW_ORDER)
    command = await running.only_command()
    order_id = derived("order", answer.json()["operationId"])
    assert command.name == "CREATE_ORDER"
    assert command.record.topic == "order.commands"
    assert command.record.key == order_id.encode()
    assert command.envelope.id == answer.json()["operationId"]
    assert command.envelope.correlation_id == command.envelope.id
    assert command.actor == BUYER
    assert command.data == {
        "userId": BUYER.user_id,
        "items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.0}],
        "orderId": order_id,
    }


async def test_a_product_is_published_for_its_seller_under_its_own_id(
    running: World, seller: httpx.AsyncClient
) -> None:
    answer = await seller.post("/v1/products", json=NEW_PRODUCT)
    command = await running.only_command()
    product_id = derived("product", answer.json()["operationId"])
    assert answer.json()["resource"] == f"/v1/products/{product_id}"
    assert command.name == "CREATE_PRODUCT"
    assert command.record.topic == "catalog.commands"
    assert command.record.key == b"CHAI-1"
    assert command.actor == SELLER
    assert command.data == {
        **NEW_PRODUCT,
        "imageUrl": None,
        "productId": product_id,
        "sellerId": SELLER.user_id,
    }


async def test_an_account_is_published_by_nobody_under_its_own_id(
    running: World, anyone: httpx.AsyncClient
) -> None:
    answer = await anyone.post("/v1/auth/register", json=REGISTRATION)
    command = await running.only_command()
    operation_id = answer.json()["operationId"]
    assert answer.json()["resource"] == "/v1/me"
    assert command.name == "REGISTER_USER"
    assert command.record.topic == "auth.commands"
    assert command.record.key == b"ana@example.com"
    assert command.actor is not None
    assert command.actor.user_id == "anonymous"
    assert command.data == {
        "email": "ana@example.com",
        "password": {"sealed": f"{operation_id}\nplum tram 42 quiet", "kid": "open"},
        "name": "Ana",
        "role": "seller",
        "userId": derived("user", operation_id),
    }


@pytest.mark.parametrize(
    ("method", "route", "body"),
    [
        ("PATCH", "", {"price": 19.5}),
        ("PATCH", "", {"imageUrl": None, "isActive": False}),
        ("POST", "/stock", {"operation": "decrease", "quantity": 3}),
    ],
)
async def test_a_change_of_a_product_is_published_under_its_id(
    running: World,
    seller: httpx.AsyncClient,
    method: str,
    route: str,
    body: dict[str, Any],
) -> None:
    answer = await seller.request(method, f"/v1/products/{PRODUCT_ID}{route}", json=body)
    command = await running.only_command()
    assert answer.status_code == 202
    assert answer.json()["resource"] == f"/v1/products/{PRODUCT_ID}"
    assert command.name == ("ADJUST_STOCK" if route else "UPDATE_PRODUCT")
    assert command.record.key == PRODUCT_ID.encode()
    assert command.data == {"productId": PRODUCT_ID, **body}


@pytest.mark.parametrize(
    ("route", "body", "name"),
    [
        ("cancel", None, "CANCEL_ORDER"),
        ("cancel", {}, "CANCEL_ORDER"),
        ("status", {"status": "shipped"}, "ADVANCE_ORDER"),
    ],
)
async def test_a_step_of_an_order_is_published_under_its_id(
    running: World,
    admin: httpx.AsyncClient,
    route: str,
    body: dict[str, Any] | None,
    name: str,
) -> None:
    order_id = an_order_id(1)
    answer = await admin.post(f"/v1/orders/{order_id}/{route}", json=body)
    command = await running.only_command()
    assert answer.status_code == 202
    assert answer.json()["resource"] == f"/v1/orders/{order_id}"
    assert command.name == name
    assert command.record.key == order_id.encode()
    assert command.actor == ADMIN
    assert command.data == {"orderId": order_id, **(body or {})}


@pytest.mark.parametrize(
    "error", [Outage("the broker is away"), Unpublishable("there is no such topic")]
)
async def test_what_the_broker_does_not_take_is_not_accepted(
    running: World, buyer: httpx.AsyncClient, error: Exception
) -> None:
    running.broker.fail_next(error)
    answer = await buyer.post("/v1/orders", json=NEW_ORDER)
    assert answer.status_code == 503
    assert answer.json()["type"] == "unavailable"
    assert answer.headers["retry-after"] == "1"
    assert await running.commands() == []


async def test_who_does_not_know_whether_it_was_accepted_says_so(
    running: World, buyer: httpx.AsyncClient
) -> None:
    running.broker.fail_next(OutcomeUnknown("the acknowledgement is late"), published=True)
    answer = await buyer.post("/v1/orders", json=NEW_ORDER)
    assert answer.status_code == 503
    assert "same Idempotency-Key" in answer.json()["detail"]


async def test_nothing_is_answered_before_the_broker_acknowledges(
    running: World, buyer: httpx.AsyncClient
) -> None:
    running.broker.gate = asyncio.Event()
    asking = asyncio.create_task(buyer.post("/v1/orders", json=NEW_ORDER))
    await asyncio.sleep(0.02)
    assert not asking.done()
    running.broker.gate.set()
    assert (await asking).status_code == 202


class TestWithOneOnItsWay:
    @pytest.fixture
    def world(self) -> World:
        return World(max_in_flight=1)

    async def test_more_than_that_are_refused(
        self, running: World, buyer: httpx.AsyncClient
    ) -> None:
        running.broker.gate = asyncio.Event()
        first = asyncio.create_task(buyer.post("/v1/orders", json=NEW_ORDER))
        await asyncio.sleep(0.02)
        refused = await buyer.post("/v1/orders", json=NEW_ORDER)
        running.broker.gate.set()
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert (await first).status_code == 202
        assert (await buyer.post("/v1/orders", json=NEW_ORDER)).status_code == 202


async def test_a_trace_goes_on_in_the_command(running: World, buyer: httpx.AsyncClient) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {"traceparent": trace, "tracestate": "vendor=1", "baggage": "secret=1"}
    await buyer.post("/v1/orders", json=NEW_ORDER, headers=headers)
    command = await running.only_command()
    assert command.envelope.traceparent == trace
    assert command.envelope.tracestate == "vendor=1"
    assert "baggage" not in dict(command.record.headers)


@pytest.mark.parametrize(
    "trace",
    [
        "nonsense",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
    ],
)
async def test_a_malformed_trace_is_left_behind(
    running: World, buyer: httpx.AsyncClient, trace: str
) -> None:
    headers = {"traceparent": trace, "tracestate": "vendor=1"}
    answer = await buyer.post("/v1/orders", json=NEW_ORDER, headers=headers)
    command = await running.only_command()
    assert answer.status_code == 202
    assert command.envelope.traceparent is None
    assert command.envelope.tracestate is None


async def test_an_edit_of_somebody_elses_product_is_not_found(
    running: World, other_seller: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    view = a_product_view(1)
    running.show(view)
    path = f"/v1/products/{view.product_id}"
    stock = {"operation": "increase", "quantity": 1}
    assert (await other_seller.patch(path, json={"price": 1})).status_code == 404
    assert (await other_seller.post(f"{path}/stock", json=stock)).status_code == 404
    assert await running.commands() == []
    assert (await admin.patch(path, json={"price": 1})).status_code == 202


async def test_a_step_of_somebody_elses_order_is_not_found(
    running: World,
    buyer: httpx.AsyncClient,
    other_buyer: httpx.AsyncClient,
    seller: httpx.AsyncClient,
    other_seller: httpx.AsyncClient,
) -> None:
    view = an_order_view(1)
    running.show(view)
    cancel, status = f"/v1/orders/{view.order_id}/cancel", f"/v1/orders/{view.order_id}/status"
    shipped = {"status": "shipped"}
    assert (await other_buyer.post(cancel)).status_code == 404
    assert (await other_seller.post(status, json=shipped)).status_code == 404
    assert await running.commands() == []
    assert (await buyer.post(cancel)).status_code == 202
    assert (await seller.post(status, json=shipped)).status_code == 202


async def test_while_a_view_knows_no_sellers_the_service_decides(
    running: World, seller: httpx.AsyncClient
) -> None:
    view = an_order_view(1, sellers=())
    running.show(view)
    answer = await seller.post(f"/v1/orders/{view.order_id}/status", json={"status": "shipped"})
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/products/nonsense"),
        ("GET", f"/v1/products/{PRODUCT_ID.upper()}"),
        ("GET", f"/v1/products/{PRODUCT_ID}%0A"),
        ("PATCH", "/v1/products/nonsense"),
        ("POST", "/v1/products/nonsense/stock"),
        ("GET", "/v1/orders/nonsense"),
        ("POST", "/v1/orders/nonsense/cancel"),
        ("POST", "/v1/orders/nonsense/status"),
        ("GET", "/v1/orders/nonsense/events"),
        ("GET", "/v1/operations/nonsense"),
        ("GET", "/v1/operations/nonsense/events"),
    ],
)
async def test_a_path_with_a_malformed_id_leads_nowhere(
    admin: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await admin.request(method, path, json=None if method == "GET" else {})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
