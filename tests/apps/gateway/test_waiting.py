"""Whoever prefers to wait is answered with the outcome, not with a 202."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from tests.apps.gateway.world import BUYER, PATIENCE, Command, Service, World, until
from tests.builders.views import (
    BUYER_ID,
    PRODUCT_ID,
    a_product_view,
    a_user_document,
    a_user_view,
    an_order_id,
    an_order_view,
)

from tradex_core.clock import epoch_ms
from tradex_core.errors import DeadlineExceeded, Discarded, Forbidden, Refusal
from tradex_core.events.order import OrderDocument, OrderStatus
from tradex_core.events.product import ProductDocument
from tradex_core.orders.errors import IllegalTransition, OrderNotFound
from tradex_core.products.errors import SkuTaken
from tradex_core.users.errors import InvalidCredentials
from tradex_core.views.order_view import OrderView

NEW_ORDER = {"items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.00}]}
NEW_PRODUCT = {
    "name": "Chai",
    "description": "A spiced tea.",
    "sku": "CHAI-1",
    "price": 18.00,
    "stock": 39,
    "category": "Beverages",
}
LOGIN = {"email": "ana@example.com", "password": "plum tram 42 quiet"}
WAITING = {"prefer": "wait=5"}


def the_order(command: Command) -> OrderView:
    return replace(an_order_view(), order_id=command.data["orderId"])


def placing(world: World, *, is_shown: bool = True) -> Callable[[Command], OrderDocument]:
    """Make the service place orders; the views show them unless told otherwise."""

    def place(command: Command) -> OrderDocument:
        view = the_order(command)
        if is_shown:
            world.show(view)
        return view.document()

    return place


async def published(world: World) -> Command:
    """Wait for the one command and return it."""
    async with asyncio.timeout(PATIENCE):
        while not await world.commands():  # noqa: ASYNC110 - a broker tells nobody who only looks
            await asyncio.sleep(0.002)
    return await world.only_command()


async def settled() -> None:
    """Give whatever is about to happen the time to happen."""
    await asyncio.sleep(0.03)


async def test_a_placed_order_is_answered_with_itself_and_its_location(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    service.answers("CREATE_ORDER", placing(running))
    answer = await buyer.post("/v1/orders", json=NEW_ORDER, headers=WAITING)
    order_id = (await running.only_command()).data["orderId"]

    assert 201 == answer.status_code
    assert f"/v1/orders/{order_id}" == answer.headers["location"]
    assert "wait=5" == answer.headers["preference-applied"]
    assert "application/json" == answer.headers["content-type"]
    assert "no-store" == answer.headers["cache-control"]
    assert "idempotent-replayed" not in answer.headers
    assert "retry-after" not in answer.headers
    assert {
        "orderId": order_id,
        "userId": BUYER_ID,
        "items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.00}],
        "totalAmount": 36.00,
        "status": "pending",
        "reason": None,
        "createdAt": "2024-01-15T10:00:00Z",
        "updatedAt": answer.json()["updatedAt"],
    } == answer.json()


async def test_a_new_product_is_answered_with_itself_and_its_location(
    running: World, service: Service, seller: httpx.AsyncClient
) -> None:
    def create(command: Command) -> ProductDocument:
        view = replace(a_product_view(), product_id=command.data["productId"])
        running.show(view)
        return view.document()

    service.answers("CREATE_PRODUCT", create)
    answer = await seller.post("/v1/products", json=NEW_PRODUCT, headers=WAITING)

    assert 201 == answer.status_code
    assert f"/v1/products/{answer.json()['productId']}" == answer.headers["location"]


@pytest.mark.parametrize(
    ("method", "route", "name", "body"),
    [
        ("PATCH", "", "UPDATE_PRODUCT", {"price": 19}),
        ("POST", "/stock", "ADJUST_STOCK", {"operation": "increase", "quantity": 1}),
    ],
)
async def test_a_changed_product_is_answered_with_200_and_where_it_is(
    *,
    running: World,
    service: Service,
    seller: httpx.AsyncClient,
    method: str,
    route: str,
    name: str,
    body: dict[str, Any],
) -> None:
    view = a_product_view()
    running.show(view)
    service.answers(name, view.document(), subject=view.product_id)
    path = f"/v1/products/{view.product_id}"
    answer = await seller.request(method, path + route, json=body, headers=WAITING)

    assert 200 == answer.status_code
    assert path == answer.headers["location"]
    assert view.product_id == answer.json()["productId"]


async def test_a_cancelled_order_is_answered_with_200(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    view = an_order_view(1, OrderStatus.CANCELLED)
    running.show(view)
    service.answers("CANCEL_ORDER", view.document(), subject=view.order_id)
    answer = await buyer.post(f"/v1/orders/{view.order_id}/cancel", headers=WAITING)

    assert 200 == answer.status_code
    assert f"/v1/orders/{view.order_id}" == answer.headers["location"]
    assert "cancelled" == answer.json()["status"]


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (SkuTaken("CHAI-1 is taken"), 409),
        (IllegalTransition("it was shipped"), 409),
        (OrderNotFound("no such order"), 404),
        (Forbidden("not yours"), 403),
        (DeadlineExceeded("too late"), 503),
        (Discarded("given up"), 500),
    ],
)
async def test_a_refused_command_is_answered_with_its_own_error(
    service: Service, buyer: httpx.AsyncClient, refusal: Refusal, status: int
) -> None:
    service.answers("CREATE_ORDER", refusal)
    answer = await buyer.post("/v1/orders", json=NEW_ORDER, headers=WAITING)

    assert status == answer.status_code
    assert "application/problem+json" == answer.headers["content-type"]
    assert "wait=5" == answer.headers["preference-applied"]
    assert {
        "type": refusal.slug,
        "title": refusal.title,
        "status": status,
        "detail": refusal.detail,
        "instance": "/v1/orders",
    } == answer.json()


async def test_a_login_waits_though_nobody_asks_for_it(
    running: World, service: Service, anyone: httpx.AsyncClient
) -> None:
    running.show(a_user_view())
    service.answers("LOGIN_USER", a_user_document(), subject=BUYER_ID)
    answer = await anyone.post("/v1/auth/login", json=LOGIN)

    assert 200 == answer.status_code
    assert "preference-applied" not in answer.headers
    assert "location" not in answer.headers
    assert "no-store" == answer.headers["cache-control"]
    assert "Bearer" == answer.json()["tokenType"]


async def test_wrong_credentials_are_a_401(service: Service, anyone: httpx.AsyncClient) -> None:
    service.answers("LOGIN_USER", InvalidCredentials())
    answer = await anyone.post("/v1/auth/login", json=LOGIN)

    assert 401 == answer.status_code
    assert "Bearer" == answer.headers["www-authenticate"]
    assert InvalidCredentials.slug == answer.json()["type"]


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [(None, 5), ("wait=2", 2), ("wait=99", 30)],
)
async def test_a_login_is_not_started_once_nobody_waits_for_it(
    running: World,
    service: Service,
    anyone: httpx.AsyncClient,
    prefer: str | None,
    seconds: int,
) -> None:
    service.answers("LOGIN_USER", InvalidCredentials())
    headers = {} if prefer is None else {"prefer": prefer}
    await anyone.post("/v1/auth/login", json=LOGIN, headers=headers)

    command = await running.only_command()
    assert (
        epoch_ms(running.clock.now() + timedelta(seconds=seconds)) == command.envelope.deadline_ms
    )


async def test_an_order_is_started_however_long_its_buyer_waits(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    service.answers("CREATE_ORDER", placing(running))
    await buyer.post("/v1/orders", json=NEW_ORDER, headers=WAITING)
    assert (await running.only_command()).envelope.deadline_ms is None


async def test_who_waited_in_vain_is_answered_202(
    service: Service, buyer: httpx.AsyncClient
) -> None:
    answer = await buyer.post("/v1/orders", json=NEW_ORDER, headers={"prefer": "wait=1"})
    assert 202 == answer.status_code
    assert "pending" == answer.json()["status"]
    assert "wait=1" == answer.headers["preference-applied"]
    assert f"/v1/operations/{answer.json()['operationId']}" == answer.headers["location"]
    assert "1" == answer.headers["retry-after"]


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("wait=30", "wait=30"),
        ("wait=31", "wait=30"),
        ("wait=86400", "wait=30"),
        ("wait=" + "9" * 400, "wait=30"),
        ("WAIT=5", "wait=5"),
        ('wait="5"', "wait=5"),
        ("wait = 5", "wait=5"),
        ("respond-async, wait=5", "wait=5"),
        ("wait=5; strictly", "wait=5"),
        ("wait=5, wait=7", "wait=5"),
    ],
)
async def test_a_preference_is_echoed_as_it_was_applied(
    running: World, service: Service, buyer: httpx.AsyncClient, prefer: str, applied: str
) -> None:
    service.answers("CREATE_ORDER", placing(running))
    answer = await buyer.post("/v1/orders", json=NEW_ORDER, headers={"prefer": prefer})
    assert 201 == answer.status_code
    assert applied == answer.headers["preference-applied"]


async def test_preferences_may_come_in_several_headers(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    service.answers("CREATE_ORDER", placing(running))
    headers = [("prefer", "wait=5"), ("prefer", "return=representation")]
    answer = await buyer.post("/v1/orders", json=NEW_ORDER, headers=headers)
    assert 201 == answer.status_code
    assert "wait=5" == answer.headers["preference-applied"]


@pytest.mark.parametrize(
    "prefer",
    ["", "wait", "wait=", "wait=-1", "wait=1.5", "wait=soon", "wait=\xb2", "respond-async", "=5"],
)
async def test_a_malformed_preference_is_passed_over(
    service: Service, buyer: httpx.AsyncClient, prefer: str
) -> None:
    headers = {b"prefer": prefer.encode("latin-1")}
    async with asyncio.timeout(PATIENCE):
        answer = await buyer.post("/v1/orders", json=NEW_ORDER, headers=headers)
    assert 202 == answer.status_code
    assert "preference-applied" not in answer.headers


async def test_who_prefers_not_to_wait_does_not(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.post("/v1/auth/login", json=LOGIN, headers={"prefer": "wait=0"})
    assert 202 == answer.status_code
    assert "wait=0" == answer.headers["preference-applied"]


async def test_success_is_told_once_the_views_show_it(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    service.answers("CREATE_ORDER", placing(running, is_shown=False))
    asking = asyncio.create_task(buyer.post("/v1/orders", json=NEW_ORDER, headers=WAITING))
    command = await published(running)
    await settled()
    assert not asking.done()

    running.show(the_order(command))
    assert 201 == (await asking).status_code
    assert 200 == (await buyer.get(f"/v1/orders/{command.data['orderId']}")).status_code


async def test_success_is_told_once_the_operation_shows_it(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    service.projects = False
    service.answers("CREATE_ORDER", placing(running))
    asking = asyncio.create_task(buyer.post("/v1/orders", json=NEW_ORDER, headers=WAITING))
    command = await published(running)
    await settled()
    assert not asking.done()

    service.projects = True
    await service.reply(command.envelope.id, command.name, the_order(command).document())
    assert 201 == (await asking).status_code
    operation = await buyer.get(f"/v1/operations/{command.envelope.id}")
    assert "succeeded" == operation.json()["status"]


async def test_a_change_is_told_once_the_views_show_that_version(
    running: World, service: Service, seller: httpx.AsyncClient
) -> None:
    before = a_product_view()
    after = replace(before, version=2, details_version=2)
    running.show(before)
    service.answers("UPDATE_PRODUCT", after.document())
    path = f"/v1/products/{before.product_id}"
    asking = asyncio.create_task(seller.patch(path, json={"price": 19}, headers=WAITING))
    await published(running)
    await settled()
    assert not asking.done()

    running.show(after)
    assert 2 == (await asking).json()["version"]


async def test_a_step_is_told_once_the_views_show_that_status(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    cancelled = an_order_view(1, OrderStatus.CANCELLED)
    running.show(an_order_view(1))
    service.answers("CANCEL_ORDER", cancelled.document())
    path = f"/v1/orders/{an_order_id(1)}/cancel"
    asking = asyncio.create_task(buyer.post(path, headers=WAITING))
    await published(running)
    await settled()
    assert not asking.done()

    running.show(cancelled)
    assert 200 == (await asking).status_code


async def test_views_that_lag_far_behind_hold_success_up_for_a_moment_only(
    running: World,
    service: Service,
    buyer: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("apps.gateway.lagging.MOMENT", 0.02)
    service.answers("CREATE_ORDER", placing(running, is_shown=False))
    answer = await buyer.post("/v1/orders", json=NEW_ORDER, headers=WAITING)
    assert 201 == answer.status_code


async def test_views_that_are_away_do_not_undo_a_success(
    running: World, service: Service, seller: httpx.AsyncClient
) -> None:
    running.views.away = True
    service.answers("CREATE_PRODUCT", a_product_view().document())
    answer = await seller.post("/v1/products", json=NEW_PRODUCT, headers=WAITING)
    assert 201 == answer.status_code


class TestWhereOneMayWait:
    @pytest.fixture
    def world(self) -> World:
        return World(max_pending=1)

    @pytest.fixture
    async def waiting(
        self, running: World, service: Service, buyer: httpx.AsyncClient
    ) -> asyncio.Task[httpx.Response]:
        """Somebody who waits."""
        asking = asyncio.create_task(buyer.post("/v1/orders", json=NEW_ORDER, headers=WAITING))
        await until(lambda: running.container.room_for_commands().waiting.is_full)
        return asking

    async def finish(
        self, running: World, service: Service, waiting: asyncio.Task[httpx.Response]
    ) -> None:
        [command] = [each for each in await running.commands() if each.actor == BUYER]
        view = the_order(command)
        running.show(view)
        await service.reply(command.envelope.id, command.name, view.document())
        assert 201 == (await waiting).status_code

    async def test_the_next_ones_order_is_accepted_without_waiting(
        self,
        running: World,
        service: Service,
        waiting: asyncio.Task[httpx.Response],
        other_buyer: httpx.AsyncClient,
    ) -> None:
        await published(running)
        answer = await other_buyer.post("/v1/orders", json=NEW_ORDER, headers=WAITING)
        assert 202 == answer.status_code
        assert "preference-applied" not in answer.headers
        await self.finish(running, service, waiting)

    async def test_the_next_login_is_to_be_tried_again(
        self,
        running: World,
        service: Service,
        waiting: asyncio.Task[httpx.Response],
        anyone: httpx.AsyncClient,
    ) -> None:
        await published(running)
        answer = await anyone.post("/v1/auth/login", json=LOGIN)
        assert 503 == answer.status_code
        assert "1" == answer.headers["retry-after"]
        assert "CREATE_ORDER" == (await running.only_command()).name
        await self.finish(running, service, waiting)

    async def test_a_place_is_free_again_once_its_answer_is_given(
        self,
        running: World,
        service: Service,
        waiting: asyncio.Task[httpx.Response],
        anyone: httpx.AsyncClient,
    ) -> None:
        await published(running)
        await self.finish(running, service, waiting)
        service.answers("LOGIN_USER", InvalidCredentials())
        assert 401 == (await anyone.post("/v1/auth/login", json=LOGIN)).status_code

    async def test_a_place_is_free_again_once_who_has_it_is_interrupted(
        self, running: World, waiting: asyncio.Task[httpx.Response]
    ) -> None:
        await published(running)
        waiting.cancel()
        assert 503 == (await waiting).status_code
        assert not running.container.room_for_commands().waiting.is_full


async def test_a_gateway_that_stops_lets_those_who_wait_go(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    asking = asyncio.create_task(buyer.post("/v1/orders", json=NEW_ORDER, headers=WAITING))
    await published(running)
    running.container.stopping().begin()
    async with asyncio.timeout(PATIENCE / 2):
        answer = await asking
    assert 202 == answer.status_code
    assert "pending" == answer.json()["status"]
