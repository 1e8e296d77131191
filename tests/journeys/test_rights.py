"""Who may do what: the whole table, and whose it must be."""

import httpx
import pytest
from litestar.routes import HTTPRoute
from tests.journeys.conftest import embedded_settings
from tests.journeys.people import People, Person, an_account

from apps.gateway.policy import POLICY
from apps.platform.platform import Platform
from apps.runtime.settings import Settings

OPEN = {
    ("POST", "/v1/auth/register"),
    ("POST", "/v1/auth/login"),
    ("POST", "/v1/auth/refresh"),
    ("POST", "/v1/auth/logout"),
    ("GET", "/v1/products"),
    ("GET", "/v1/products/{product_id}"),
    ("GET", "/v1/operations/{operation_id}"),
    ("GET", "/v1/operations/{operation_id}/events"),
    ("GET", "/health/live"),
    ("GET", "/health/startup"),
    ("GET", "/health/ready"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/{asset}"),
}
SELLERS_ONLY = {
    ("POST", "/v1/products"),
    ("PATCH", "/v1/products/{product_id}"),
    ("POST", "/v1/products/{product_id}/stock"),
    ("POST", "/v1/orders/{order_id}/status"),
}
BUYERS_ONLY = {("POST", "/v1/orders"), ("POST", "/v1/orders/{order_id}/cancel")}
SIGNED_IN = {
    ("GET", "/v1/me"),
    ("GET", "/v1/orders"),
    ("GET", "/v1/orders/{order_id}"),
    ("GET", "/v1/orders/{order_id}/events"),
}


def routes_of(platform: Platform) -> set[tuple[str, str]]:
    """Return every route that the gateway has, by method and path."""
    found: set[tuple[str, str]] = set()
    for route in platform.container.gateway.app().routes:
        if isinstance(route, HTTPRoute):
            path = route.path_format
            found |= {(str(method), path) for method in route.methods - {"OPTIONS", "HEAD"}}
    return found


async def ask(
    api: httpx.AsyncClient, platform: Platform, route: tuple[str, str], person: Person | None
) -> httpx.Response:
    """Use a route with nothing but who asks."""
    method, path = route
    path = path.replace("{product_id}", "0" * 24).replace("{asset}", "none")
    for name in ("{order_id}", "{operation_id}"):
        path = path.replace(name, "018d0c1e-8a00-7000-8000-00000000000a")
    headers = {} if person is None else person.headers
    return await api.request(method, f"{platform.url}{path}", headers=headers)


async def test_the_table_names_every_route_and_no_other(platform: Platform) -> None:
    assert routes_of(platform) == set(POLICY) == OPEN | SELLERS_ONLY | BUYERS_ONLY | SIGNED_IN


async def test_nobody_in_particular_may_use_the_open_routes_only(
    platform: Platform, api: httpx.AsyncClient
) -> None:
    for route in routes_of(platform):
        answer = await ask(api, platform, route, None)
        assert (route in OPEN) == (answer.status_code != 401), route
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_each_role_may_use_its_own_routes_only(
    platform: Platform, api: httpx.AsyncClient, people: People
) -> None:
    forbidden = {"buyer": SELLERS_ONLY, "seller": BUYERS_ONLY, "admin": set[tuple[str, str]]()}
    everyone = {
        "buyer": await people.buyer(),
        "seller": await people.seller(),
        "admin": await people.admin(),
    }
    for role, person in everyone.items():
        for route in routes_of(platform):
            answer = await ask(api, platform, route, person)
            assert (route in forbidden[role]) == (answer.status_code == 403), (role, route)


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
