"""Scripts of other origins may use the API where the operator says so."""

import httpx
import pytest
from tests.apps.gateway.world import World
from tests.builders.views import PRODUCT_ID

SHOP, OFFICE = "https://shop.example.com", "https://office.example.com"
STRANGERS = [
    "https://evil.example.com",
    "http://shop.example.com",
    "https://shop.example.com:8443",
    "https://shop.example.com.evil.example",
    "null",
]
ASKING = {"access-control-request-method": "POST", "access-control-request-headers": "prefer"}


def names(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")}


def shared(answer: httpx.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("access-control-")}


class TestByDefault:
    @pytest.mark.parametrize("origin", [SHOP, *STRANGERS])
    async def test_no_origin_may_read_an_answer(
        self, anyone: httpx.AsyncClient, origin: str
    ) -> None:
        answer = await anyone.get("/v1/products", headers={"origin": origin})
        assert answer.status_code == 200
        assert set() == shared(answer)

    async def test_no_preflight_is_granted(self, anyone: httpx.AsyncClient) -> None:
        headers = {"origin": SHOP, **ASKING}
        assert set() == shared(await anyone.options("/v1/orders", headers=headers))


class TestWithOrigins:
    @pytest.fixture
    def world(self) -> World:
        return World(cors_origins=(SHOP, OFFICE))

    @pytest.mark.parametrize("origin", [SHOP, OFFICE])
    async def test_they_may_read_answers_and_their_headers(
        self, anyone: httpx.AsyncClient, origin: str
    ) -> None:
        answer = await anyone.get("/v1/products", headers={"origin": origin})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == origin
        assert "access-control-allow-credentials" not in answer.headers
        assert "origin" in names(answer.headers["vary"])
        assert names(answer.headers["access-control-expose-headers"]) == {
            "location",
            "retry-after",
            "link",
            "preference-applied",
            "idempotent-replayed",
            "ratelimit",
            "ratelimit-policy",
        }

    @pytest.mark.parametrize("path", ["/v1/nowhere", "/v1/me", f"/v1/products/{PRODUCT_ID}"])
    async def test_they_may_read_problems_too(self, anyone: httpx.AsyncClient, path: str) -> None:
        answer = await anyone.get(path, headers={"origin": SHOP})
        assert answer.status_code >= 400
        assert answer.headers["access-control-allow-origin"] == SHOP

    @pytest.mark.parametrize("origin", STRANGERS)
    async def test_others_may_not(self, anyone: httpx.AsyncClient, origin: str) -> None:
        reading = await anyone.get("/v1/products", headers={"origin": origin})
        asking = await anyone.options("/v1/orders", headers={"origin": origin, **ASKING})
        assert set() == shared(reading)
        assert set() == shared(asking)
        assert "origin" in names(reading.headers["vary"])
        assert "origin" in names(asking.headers["vary"])

    async def test_who_has_no_origin_is_told_nothing_of_them(
        self, anyone: httpx.AsyncClient
    ) -> None:
        answer = await anyone.get("/v1/products")
        assert set() == shared(answer)
        assert "origin" in names(answer.headers["vary"])

    @pytest.mark.parametrize("path", ["/v1/orders", "/v1/me", "/v1/auth/login"])
    async def test_a_preflight_needs_no_token(self, anyone: httpx.AsyncClient, path: str) -> None:
        answer = await anyone.options(path, headers={"origin": SHOP, **ASKING})
        assert answer.status_code == 204
        assert answer.content == b""
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert names(answer.headers["access-control-allow-methods"]) == {"get", "post", "patch"}
        assert names(answer.headers["access-control-allow-headers"]) == {
            "authorization",
            "content-type",
            "idempotency-key",
            "prefer",
            "last-event-id",
        }
        assert int(answer.headers["access-control-max-age"]) > 0

    async def test_options_without_a_preflight_is_a_plain_request(
        self, anyone: httpx.AsyncClient
    ) -> None:
        answer = await anyone.options("/v1/products", headers={"origin": SHOP})
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == SHOP
