"""Each kind of work has places of its own: who finds none gets a 503, and nobody else does."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from tests.apps.gateway.world import Service, World, until
from tests.builders.views import ORDER_ID, PRODUCT_ID, a_product_view

from tradex_core.operations.bulkhead import Bulkhead
from tradex_core.users.errors import InvalidCredentials

LOGIN = {"email": "ana@example.com", "password": "plum tram 42 quiet"}
REGISTRATION = LOGIN | {"name": "Ana", "role": "buyer"}
NEW_ORDER = {"items": [{"productId": PRODUCT_ID, "quantity": 1, "price": 18.00}]}
PRODUCT = f"/v1/products/{a_product_view().product_id}"
SOME_PLACES = {
    "max_sign_ins": 2,
    "max_reads": 2,
    "max_streams": 2,
    "max_in_flight": 2,
    "max_pending": 2,
}


@pytest.fixture
def world() -> World:
    """A gateway with a few places for each kind of work."""
    return World(**SOME_PLACES)


@contextmanager
def full(room: Bulkhead) -> Iterator[None]:
    """Take every place there is."""
    with ExitStack() as places:
        while not room.is_full:
            places.enter_context(room.place())
        yield


def refused(answer: httpx.Response) -> bool:
    """Return whether it was refused for want of a place, with when to come back."""
    is_full = answer.status_code == 503 and answer.json()["type"] == "unavailable"
    return is_full and answer.headers["retry-after"] == "1"


async def test_a_flood_of_logins_leaves_room_for_everything_else(
    running: World, anyone: httpx.AsyncClient, buyer: httpx.AsyncClient
) -> None:
    running.show(a_product_view())
    waiting = [asyncio.create_task(anyone.post("/v1/auth/login", json=LOGIN)) for _ in range(2)]
    room = running.container.room_for_passwords()
    await until(lambda: room.is_full)
    assert refused(await anyone.post("/v1/auth/login", json=LOGIN))
    assert refused(await anyone.post("/v1/auth/register", json=REGISTRATION))
    assert 200 == (await anyone.get(PRODUCT)).status_code
    assert 202 == (await buyer.post("/v1/orders", json=NEW_ORDER)).status_code
    assert {"LOGIN_USER", "CREATE_ORDER"} == {each.name for each in await running.commands()}
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    assert not room.is_full


async def test_a_login_that_is_answered_leaves_its_place(
    running: World, service: Service, anyone: httpx.AsyncClient
) -> None:
    service.answers("LOGIN_USER", InvalidCredentials())
    for _ in range(5):
        assert 401 == (await anyone.post("/v1/auth/login", json=LOGIN)).status_code


class TestWhereAnAccountMayBeTriedForOnce:
    """Whoever finds no place has not tried."""

    @pytest.fixture
    def world(self) -> World:
        return World(**SOME_PLACES, login_account_limit=1, register_account_limit=1)

    @pytest.mark.parametrize(
        ("path", "body"), [("/v1/auth/login", LOGIN), ("/v1/auth/register", REGISTRATION)]
    )
    async def test_who_finds_no_place_has_not_used_up_their_turn(
        self, running: World, anyone: httpx.AsyncClient, path: str, body: Mapping[str, str]
    ) -> None:
        async def ask() -> httpx.Response:
            return await anyone.post(path, json=body, headers={"prefer": "wait=0"})

        with full(running.container.room_for_passwords()):
            assert refused(await ask())
        assert [202, 429] == [(await ask()).status_code for _ in range(2)]


async def test_too_many_reads_leave_room_for_commands(
    running: World, anyone: httpx.AsyncClient, buyer: httpx.AsyncClient
) -> None:
    running.show(a_product_view())
    with full(running.container.room_to_read()):
        for path in (PRODUCT, "/v1/products"):
            assert refused(await anyone.get(path))
        for path in ("/v1/orders", f"/v1/orders/{ORDER_ID}", "/v1/me"):
            assert refused(await buyer.get(path))
        assert 202 == (await buyer.post("/v1/orders", json=NEW_ORDER)).status_code
    assert 200 == (await anyone.get(PRODUCT)).status_code


async def test_too_many_commands_leave_room_for_reads(
    running: World, anyone: httpx.AsyncClient, buyer: httpx.AsyncClient
) -> None:
    running.show(a_product_view())
    with full(running.container.room_for_commands().asking):
        assert refused(await buyer.post("/v1/orders", json=NEW_ORDER))
        assert 200 == (await anyone.get(PRODUCT)).status_code
    assert 202 == (await buyer.post("/v1/orders", json=NEW_ORDER)).status_code


async def test_too_many_streams_leave_room_for_those_who_wait(
    running: World, service: Service, anyone: httpx.AsyncClient
) -> None:
    service.answers("LOGIN_USER", InvalidCredentials())
    with full(running.container.room_for_streams()):
        assert 401 == (await anyone.post("/v1/auth/login", json=LOGIN)).status_code
