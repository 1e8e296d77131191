"""What clients see while the broker or the database is away: a 503 at once."""

from datetime import timedelta

import httpx
import pytest
from tests.apps.gateway.world import BUYER, OTHER_BUYER, World
from tests.builders.views import PRODUCT_ID, a_product_view

from tradex_core.errors import Outage, OutcomeUnknown

NEW_ORDER = {"items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.00}]}
PRODUCT = f"/v1/products/{a_product_view().product_id}"
A_WHILE = timedelta(seconds=1)


@pytest.fixture
def world() -> World:
    """A gateway whose breakers open at the second failure, for a second."""
    return World(breaker_failures=2)


@pytest.fixture
async def no_broker(running: World, buyer: httpx.AsyncClient) -> World:
    """A gateway that has just found its broker away."""
    for _ in range(2):
        running.broker.fail_next(OutcomeUnknown("no acknowledgement came"))
        assert 503 == (await buyer.post("/v1/orders", json=NEW_ORDER)).status_code
    return running


@pytest.fixture
async def no_database(running: World, anyone: httpx.AsyncClient) -> World:
    """A gateway that has just found its database away; it is back since."""
    running.views.away = True
    for _ in range(2):
        assert 503 == (await anyone.get(PRODUCT)).status_code
    running.views.away = False
    return running


async def test_a_command_is_refused_for_sure_without_a_question_to_the_broker(
    no_broker: World, buyer: httpx.AsyncClient
) -> None:
    answer = await buyer.post("/v1/orders", json=NEW_ORDER)
    assert (503, "unavailable") == (answer.status_code, answer.json()["type"])
    assert "did not take the command" in answer.json()["detail"]
    assert 1 <= int(answer.headers["retry-after"]) <= 2
    assert [] == await no_broker.commands()


async def test_the_first_command_after_a_while_finds_the_broker_back(
    no_broker: World, buyer: httpx.AsyncClient
) -> None:
    no_broker.clock.advance(A_WHILE)
    for _ in range(2):
        assert 202 == (await buyer.post("/v1/orders", json=NEW_ORDER)).status_code


async def test_the_catalogue_is_shown_while_the_broker_is_away(
    no_broker: World, anyone: httpx.AsyncClient
) -> None:
    no_broker.show(a_product_view())
    assert 200 == (await anyone.get(PRODUCT)).status_code


async def test_reads_are_refused_without_a_question_to_the_database(
    no_database: World, anyone: httpx.AsyncClient
) -> None:
    no_database.show(a_product_view())
    answer = await anyone.get(PRODUCT)
    assert (503, "unavailable") == (answer.status_code, answer.json()["type"])
    assert 1 <= int(answer.headers["retry-after"]) <= 2
    no_database.clock.advance(A_WHILE)
    assert 200 == (await anyone.get(PRODUCT)).status_code


async def test_a_command_with_a_key_is_refused_while_the_database_is_away(
    no_database: World, buyer: httpx.AsyncClient
) -> None:
    headers = {"idempotency-key": "one"}
    cancel = f"/v1/orders/{BUYER.user_id}/cancel"
    answer = await buyer.post(cancel, headers=headers)
    assert (503, "unavailable") == (answer.status_code, answer.json()["type"])
    assert [] == await no_database.commands()


async def test_a_gateway_is_not_ready_until_a_command_may_try_again(
    no_broker: World, anyone: httpx.AsyncClient
) -> None:
    no_broker.readiness = {"broker": True, "database": True}
    checks = await no_broker.container.readiness().checks()
    refused = await anyone.get("/health/ready")
    no_broker.clock.advance(A_WHILE)
    again = await anyone.get("/health/ready")
    assert {"replies": True, "broker": False, "database": True} == checks
    assert (503, 200) == (refused.status_code, again.status_code)


async def test_a_gateway_is_not_ready_until_a_read_may_try_again(
    no_database: World, anyone: httpx.AsyncClient
) -> None:
    checks = await no_database.container.readiness().checks()
    refused = await anyone.get("/health/ready")
    no_database.clock.advance(A_WHILE)
    again = await anyone.get("/health/ready")
    assert {"replies": True, "database": False} == checks
    assert (503, 200) == (refused.status_code, again.status_code)


async def test_what_the_broker_refuses_of_one_client_costs_no_other(
    running: World, buyer: httpx.AsyncClient
) -> None:
    running.broker.fail_next(Outage("away"))
    assert 503 == (await buyer.post("/v1/orders", json=NEW_ORDER)).status_code
    async with running.client(OTHER_BUYER) as other:
        assert 202 == (await other.post("/v1/orders", json=NEW_ORDER)).status_code
