"""Who may use which route: every route, and everybody."""

import re

import httpx
import pytest
from litestar import Litestar, get
from litestar.routes import HTTPRoute
from msgspec.structs import replace
from tests.apps.gateway.world import ADMIN, BUYER, SELLER, TOKEN_KEYS, World
from tests.builders.users import HandSetClock
from tests.builders.views import PRODUCT_ID, a_user_view, an_order_id, an_order_view

from adapters.security.tokens import AccessTokenVerifier
from apps.gateway.gatekeeper import Gatekeeper
from apps.gateway.policy import POLICY
from apps.gateway.problems import HANDLERS
from apps.gateway.rate_limit import RateLimit
from tradex_core.events.envelope import Actor
from tradex_core.events.order import OrderStatus
from tradex_core.events.user import Role

BY_ROLE = {Role.BUYER: BUYER, Role.SELLER: SELLER, Role.ADMIN: ADMIN}
BUYERS = {Role.BUYER, Role.ADMIN}
SELLERS = {Role.SELLER, Role.ADMIN}
EVERY_ROLE = set(Role)

RESERVED = {
    ("GET", "/v1/me"): EVERY_ROLE,
    ("POST", "/v1/products"): SELLERS,
    ("PATCH", "/v1/products/{product_id}"): SELLERS,
    ("POST", "/v1/products/{product_id}/stock"): SELLERS,
    ("POST", "/v1/orders"): BUYERS,
    ("POST", "/v1/orders/{order_id}/cancel"): BUYERS,
    ("POST", "/v1/orders/{order_id}/status"): SELLERS,
    ("GET", "/v1/orders"): EVERY_ROLE,
    ("GET", "/v1/orders/{order_id}"): EVERY_ROLE,
    ("GET", "/v1/orders/{order_id}/events"): EVERY_ROLE,
}
"""The routes that not everybody may use, and the roles that may."""

OPEN = sorted(POLICY.keys() - RESERVED.keys())
VALUES = {
    "product_id": PRODUCT_ID,
    "order_id": an_order_id(1),
    "operation_id": an_order_id(1),
    "asset": "start.js",
}


@pytest.fixture
def world() -> World:
    """A gateway that shows everybody, and an order whose story is over."""
    world = World()
    for role, actor in BY_ROLE.items():
        world.show(replace(a_user_view(), user_id=actor.user_id, role=role))
    world.show(an_order_view(1, OrderStatus.CANCELLED))
    return world


def path_of(template: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: VALUES[match[1]], template)


async def ask(client: httpx.AsyncClient, route: tuple[str, str]) -> httpx.Response:
    method, template = route
    return await client.request(method, path_of(template), json=None if method == "GET" else {})


def test_the_policy_names_each_route_of_the_app_and_no_other(world: World) -> None:
    app: Litestar = world.container.app()
    routes = {
        (method, route.path_format)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods
        if method != "OPTIONS"
    }
    assert POLICY.keys() == routes


def test_the_policy_keeps_the_roles_apart() -> None:
    reserved = {route: access.roles for route, access in POLICY.items() if access.roles}
    assert RESERVED == reserved


@pytest.mark.parametrize("route", RESERVED, ids=" ".join)
async def test_nobody_is_asked_to_sign_in(
    running: World, anyone: httpx.AsyncClient, route: tuple[str, str]
) -> None:
    answer = await ask(anyone, route)
    assert answer.status_code == 401
    assert answer.json()["type"] == "unauthenticated"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert [] == await running.commands()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", RESERVED, ids=" ".join)
async def test_a_role_gets_in_where_it_may_and_nowhere_else(
    running: World, route: tuple[str, str], role: Role
) -> None:
    async with running.client(BY_ROLE[role]) as client:
        answer = await ask(client, route)

    assert answer.status_code != 401
    assert (role not in RESERVED[route]) == (answer.status_code == 403)
    if answer.status_code == 403:
        assert answer.json()["type"] == "forbidden"
        assert [] == await running.commands()


@pytest.mark.parametrize("actor", [None, BUYER, SELLER, ADMIN])
@pytest.mark.parametrize("route", OPEN, ids=" ".join)
async def test_an_open_route_is_open_to_everybody(
    running: World, route: tuple[str, str], actor: Actor | None
) -> None:
    async with running.client(actor) as client:
        assert (await ask(client, route)).status_code not in {401, 403}


@pytest.mark.parametrize("route", OPEN, ids=" ".join)
async def test_an_open_route_refuses_a_bad_token_where_it_looks_at_one(
    anyone: httpx.AsyncClient, route: tuple[str, str]
) -> None:
    anyone.headers["authorization"] = "Bearer nonsense"
    answer = await ask(anyone, route)
    assert POLICY[route].credentials == (answer.status_code == 401)


@pytest.mark.parametrize("actor", [None, BUYER, SELLER, ADMIN])
async def test_a_route_that_the_policy_does_not_name_is_nobodys(
    world: World, actor: Actor | None
) -> None:
    @get("/v1/forgotten")
    async def forgotten() -> str:
        return "secret"

    clock = HandSetClock()
    verifier = AccessTokenVerifier(TOKEN_KEYS, issuer="i", audience="a", clock=clock)
    commands = RateLimit("commands", per_minute=None, whose="for one account", clock=clock)
    app = Litestar(
        [forgotten],
        before_request=Gatekeeper(verifier, world.container.open_accounts(), commands).admit,
        exception_handlers=dict(HANDLERS),
        openapi_config=None,
        logging_config=None,
    )
    headers = {} if actor is None else {"authorization": f"Bearer {world.token(actor)}"}
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # an ASGI app by other names
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        answer = await client.get("/v1/forgotten", headers=headers)

    assert answer.status_code == 403
    assert "secret" not in answer.text
