"""Who may do what, and on whose things: every case of the table, at the gateway and behind it."""

from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Final

import httpx
import pytest
from litestar.routes import HTTPRoute
from tests.journeys.conftest import embedded_settings
from tests.journeys.holdings import Caller, Holdings, Relation, is_covered
from tests.journeys.people import PASSWORD, WAIT, People, a_product, an_account, an_order

from apps.gateway.policy import ANYBODY, POLICY, Access, command_rights
from apps.platform.platform import Platform
from apps.runtime.settings import Settings
from tradex_core.events.fields import Command
from tradex_core.events.order import AdvanceOrder, CancelOrder, CreateOrder
from tradex_core.events.product import AdjustStock, CreateProduct, UpdateProduct
from tradex_core.events.user import DeactivateUser

RELATIONS: Final[Mapping[str, tuple[Relation, ...]]] = {
    "product_id": (Relation.OWN, Relation.OTHERS, Relation.MISSING),
    "order_id": (Relation.OWN, Relation.SOLD, Relation.OTHERS, Relation.MISSING),
    "operation_id": (Relation.OWN, Relation.OTHERS, Relation.NOBODYS, Relation.MISSING),
}
"""Whose the thing in a path can be."""

ASKED_OF_SERVICES: Final[Mapping[type[Command], tuple[Relation, ...]]] = {
    CreateProduct: (Relation.OWN, Relation.OTHERS),
    UpdateProduct: RELATIONS["product_id"],
    AdjustStock: RELATIONS["product_id"],
    CreateOrder: (Relation.OWN, Relation.OTHERS),
    CancelOrder: RELATIONS["order_id"],
    AdvanceOrder: RELATIONS["order_id"],
    DeactivateUser: (Relation.OTHERS, Relation.MISSING),
}
"""Every command that not everybody may ask for, and in whose name or on whose thing."""

numbers = count(1)


def routes_of(platform: Platform) -> set[tuple[str, str]]:
    """Return every route that the gateway has, by method and path."""
    found: set[tuple[str, str]] = set()
    for route in platform.container.gateway.app().routes:
        if isinstance(route, HTTPRoute):
            path = route.path_format
            found |= {(str(method), path) for method in route.methods - {"OPTIONS", "HEAD"}}
    return found


def test_the_table_names_every_route_and_no_other(platform: Platform) -> None:
    assert routes_of(platform) == set(POLICY)


def test_the_table_names_every_command_of_every_service_and_no_other(platform: Platform) -> None:
    services = (platform.container.auth, platform.container.catalog, platform.container.orders)
    handled = {command for part in services for command in part.handlers().routes().commands}
    assert handled == set(command_rights())


def test_the_services_are_asked_for_everything_that_is_reserved() -> None:
    reserved = {kind for kind, rights in command_rights().items() if rights is not ANYBODY}
    assert reserved == set(ASKED_OF_SERVICES)


def expected(access: Access, caller: Caller, relation: Relation | None) -> int | None:
    """Return the status that keeps somebody out; None where they get in."""
    if caller.closed and access.credentials:
        return 401
    if caller.role not in access.rights:
        return 401 if caller.role is None else 403
    if relation is None or is_covered(access.rights, caller.role, relation):
        return None
    return 404


def expected_of_service(kind: type[Command], caller: Caller, relation: Relation) -> str:
    """Return what a service makes of a command that the gateway signed and should not have."""
    rights = command_rights()[kind]
    if caller.role not in rights:
        return "forbidden"
    if is_covered(rights, caller.role, relation):
        return "done"
    return "forbidden" if kind in {CreateProduct, CreateOrder} else "not_found"


class Using:
    """Uses a route as somebody, on things of their own or of others."""

    def __init__(self, platform: Platform, api: httpx.AsyncClient, holdings: Holdings) -> None:
        self._url = platform.url
        self._api = api
        self._holdings = holdings
        self._makers: dict[str, Callable[[Relation, str], Awaitable[str]]] = {
            "product_id": holdings.product,
            "order_id": holdings.order,
            "operation_id": holdings.operation_of,
        }

    async def status(
        self, route: tuple[str, str], caller: Caller, relation: Relation | None
    ) -> tuple[int, bool]:
        """Return what is answered, and whether a command was published; leave a stream at once."""
        method, template = route
        user_id = "nobody" if caller.person is None else caller.person.user_id
        path = template.replace("{asset}", "start.js")
        for name, make in self._makers.items():
            if relation is not None and f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", await make(relation, user_id))
        headers = {**WAIT, **({} if caller.person is None else caller.person.headers)}
        body = await self._body(route)
        before = await self._holdings.commands()
        async with self._api.stream(
            method, f"{self._url}{path}", json=body, headers=headers
        ) as answer:
            return answer.status_code, before != await self._holdings.commands()

    async def _body(self, route: tuple[str, str]) -> object:
        stranger = {"email": "stranger@example.com", "password": PASSWORD}
        _, path = route
        if path in {"/v1/auth/refresh", "/v1/auth/logout"}:
            session = (await self._api.post("/auth/login", json=stranger)).json()
            return {"refreshToken": session["refreshToken"]}
        number = next(numbers)
        bodies: dict[tuple[str, str], object] = {
            ("POST", "/v1/auth/register"): an_account(f"new{number}@example.com"),
            ("POST", "/v1/auth/login"): stranger,
            ("POST", "/v1/products"): a_product(sku=f"NEW-{number}"),
            ("PATCH", "/v1/products/{product_id}"): {"price": 1.00},
            ("POST", "/v1/products/{product_id}/stock"): {"operation": "increase", "quantity": 1},
            ("POST", "/v1/orders"): an_order({"productId": "0" * 24, "price": 1.00}),
            ("POST", "/v1/orders/{order_id}/status"): {"status": "processing"},
        }
        return bodies.get(route)


def relations_of(path: str) -> tuple[Relation | None, ...]:
    """Return whose a path's thing can be; None where it names none."""
    return next((each for name, each in RELATIONS.items() if f"{{{name}}}" in path), (None,))


async def test_every_case_of_the_table_at_the_gateway(
    platform: Platform, api: httpx.AsyncClient, people: People
) -> None:
    holdings = Holdings(platform, people)
    callers, using, wrong = await holdings.callers(), Using(platform, api, holdings), []
    for route, access in POLICY.items():
        for relation in relations_of(route[1]):
            for caller in callers:
                kept_out = expected(access, caller, relation)
                status, published = await using.status(route, caller, relation)
                is_right = status < 400 if kept_out is None else status == kept_out
                # Of what is not there the gateway asks the service.
                if not is_right or (kept_out and published and relation is not Relation.MISSING):
                    wrong.append(f"{caller.name}: {' '.join(route)} on {relation}: {status}")
    assert [] == wrong


async def test_every_case_of_the_table_in_each_service(platform: Platform, people: People) -> None:
    holdings = Holdings(platform, people)
    callers = [each for each in await holdings.callers() if each.role and not each.closed]
    wrong = []
    for kind, relations in ASKED_OF_SERVICES.items():
        for relation in relations:
            for caller in callers:
                command = await holdings.command(kind, relation, caller.actor.user_id)
                reply = await holdings.ask(command, caller.actor)
                told = "done" if reply.error is None else reply.error.kind.value
                if told != expected_of_service(kind, caller, relation):
                    wrong.append(f"{caller.name}: {kind.command} on {relation}: {told}")
    assert [] == wrong


@pytest.mark.parametrize(
    "header", ["Bearer nonsense", "Bearer a.b.c", "Basic YTpi", "Bearer", "Bearer \xff"]
)
async def test_what_is_no_token_signs_nobody_in(api: httpx.AsyncClient, header: str) -> None:
    answer = await api.get("/me", headers={b"authorization": header.encode("latin-1")})
    assert 401 == answer.status_code
    assert "application/problem+json" == answer.headers["content-type"]


async def test_somebody_elses_product_is_not_found_by_who_would_change_it(people: People) -> None:
    product = await (await people.seller()).sells()
    path = f"/products/{product['productId']}"
    other, admin = await people.seller("olga@example.com"), await people.admin()
    assert 404 == (await other.patch(path, {"price": 1.00})).status_code
    taken = {"operation": "decrease", "quantity": 1}
    assert 404 == (await other.post(f"{path}/stock", taken)).status_code
    assert 200 == (await admin.patch(path, {"price": 1.00})).status_code


async def test_a_taken_sku_is_a_conflict(people: People) -> None:
    await (await people.seller()).sells("MATE-1KG")
    other = await people.seller("olga@example.com")
    body = {"name": "Mate", "description": "", "sku": "MATE-1KG", "price": 1, "stock": 1}
    answer = await other.post("/products", body | {"category": "Beverages"})
    assert (409, "sku_taken") == (answer.status_code, answer.json()["type"])


class TestWithALimit:
    """Registering from one address again and again."""

    @pytest.fixture
    def settings(self) -> Settings:
        return embedded_settings(register_rate_limit=2)

    async def test_who_registers_too_often_has_to_wait(self, api: httpx.AsyncClient) -> None:
        answers = [
            await api.post("/auth/register", json=an_account(f"ana{number}@example.com"))
            for number in range(4)
        ]
        assert [202, 202, 429, 429] == [answer.status_code for answer in answers]
        assert 0 < int(answers[-1].headers["retry-after"]) <= 60
        assert "application/problem+json" == answers[-1].headers["content-type"]


class TestWithAStorefront:
    """A page of another origin."""

    @pytest.fixture
    def settings(self) -> Settings:
        return embedded_settings(cors_origins=("https://shop.example.com",))

    async def test_only_a_configured_origin_may_read(self, api: httpx.AsyncClient) -> None:
        ours = await api.get("/products", headers={"Origin": "https://shop.example.com"})
        theirs = await api.get("/products", headers={"Origin": "https://evil.example.com"})
        assert "https://shop.example.com" == ours.headers["access-control-allow-origin"]
        assert "location" in ours.headers["access-control-expose-headers"].lower()
        assert "access-control-allow-origin" not in theirs.headers

    async def test_a_preflight_names_the_headers_of_the_api(self, api: httpx.AsyncClient) -> None:
        asked = {
            "Origin": "https://shop.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "idempotency-key",
        }
        answer = await api.options("/orders", headers=asked)
        assert answer.is_success
        allowed = answer.headers["access-control-allow-headers"].lower()
        assert "idempotency-key" in allowed


async def test_no_other_origin_may_read_by_default(api: httpx.AsyncClient) -> None:
    answer = await api.get("/products", headers={"Origin": "https://shop.example.com"})
    assert "access-control-allow-origin" not in answer.headers
