"""Of a request's headers only the trace and its time travel on; nobody writes headers for us."""

from typing import Any

import httpx
import pytest
from tests.apps.gateway.world import BUYER, World
from tests.builders.views import PRODUCT_ID, a_product_view

from tradex_core.events.envelope import REPLY_CORRELATION, REPLY_PARTITION, REPLY_TOPIC

ORDER: dict[str, Any] = {"items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.00}]}
EVERY_HEADER = {
    "ce_specversion",
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_time",
    "content-type",
    "correlation-id",
    "actor-id",
    "actor-role",
    "actor-signature",
}
"""What the gateway says of a command, in its own words."""

INJECTED = {
    "ce_id": "mine",
    "ce_type": "DEACTIVATE_USER",
    "ce_source": "auth",
    "ce_time": "1999-01-01T00:00:00Z",
    "correlation-id": "mine",
    "causation-id": "mine",
    "actor-id": "somebody",
    "actor-role": "admin",
    "actor-signature": "0" * 64,
    "deadline": "99999999999999",
    REPLY_TOPIC: "order.created",
    REPLY_CORRELATION: "mine",
    REPLY_PARTITION: "0",
    "dlq-resolution": "discarded",
    "dlq-signature": "0" * 64,
    "baggage": "user=mine",
    "x-request-id": "mine",
    "x-forwarded-for": "203.0.113.9",
    "x-forwarded-user": "somebody",
    "x-user-id": "somebody",
    "cookie": "session=mine",
    "b3": "1-1-1",
}


@pytest.fixture
def world() -> World:
    """A gateway that shows a product."""
    world = World()
    world.show(a_product_view(1))
    return world


async def test_no_header_of_a_clients_travels_on(running: World, buyer: httpx.AsyncClient) -> None:
    answer = await buyer.post("/v1/orders", json=ORDER, headers=INJECTED)
    assert 202 == answer.status_code
    command = await running.only_command()
    headers = dict(command.record.headers)
    assert EVERY_HEADER == set(headers)
    assert BUYER == command.envelope.actor
    assert [] == [value for value in headers.values() if value.decode() in INJECTED.values()]


async def test_of_a_trace_that_is_none_nothing_travels_on(
    running: World, buyer: httpx.AsyncClient
) -> None:
    headers = {"traceparent": "00-zz-zz-01\tx", "tracestate": "vendor=1"}
    assert 202 == (await buyer.post("/v1/orders", json=ORDER, headers=headers)).status_code
    assert EVERY_HEADER == set(dict((await running.only_command()).record.headers))
