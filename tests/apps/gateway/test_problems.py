"""Every error is a problem document (RFC 9457), and one table says which status it has."""

import logging
from typing import Any

import httpx
import pytest
from tests.apps.gateway.world import Service, World
from tests.builders.views import PRODUCT_ID, a_product_id, an_order_id

from apps.gateway.problems import STATUSES
from tradex_core.errors import Kind, Refusal

NEW_ADMIN = {
    "email": "eve@example.com",
    "password": "plum tram 42 quiet",
    "name": "Eve",
    "role": "admin",
}
ORDER = {"items": [{"productId": PRODUCT_ID, "quantity": 1, "price": 18.00}]}
BY_KIND = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.EXPIRED: 503,
    Kind.FAILED: 500,
}


class Refused(Refusal):
    """A refusal of any kind."""

    slug = "out_of_luck"
    title = "You are out of luck"

    def __init__(self, kind: Kind) -> None:
        super().__init__("try your luck tomorrow")
        self.kind = kind  # type: ignore[misc]  # one class for all kinds


def require_problem(answer: httpx.Response) -> dict[str, Any]:
    """Return a problem that is complete, and may not be stored."""
    problem: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert {"type", "title", "status", "detail", "instance"} == problem.keys() - {"errors"}
    assert problem["status"] == answer.status_code
    assert problem["instance"] == answer.request.url.path
    assert all(isinstance(problem[name], str) and problem[name] for name in ("title", "detail"))
    assert problem["type"].replace("_", "").isalnum()
    return problem


@pytest.mark.parametrize(
    ("method", "path", "extra", "expected"),
    [
        ("GET", "/", {}, (404, "not_found")),
        ("GET", "/v1/nowhere", {}, (404, "not_found")),
        ("GET", "/v2/products", {}, (404, "not_found")),
        ("GET", "/docs/nothing.js", {}, (404, "not_found")),
        ("GET", f"/v1/products/{a_product_id(9)}", {}, (404, "product_not_found")),
        ("GET", f"/v1/orders/{an_order_id(9)}", {}, (404, "order_not_found")),
        ("GET", f"/v1/operations/{an_order_id(9)}", {}, (404, "operation_not_found")),
        ("GET", "/v1/products?limit=0", {}, (400, "invalid_query")),
        ("DELETE", "/v1/products", {}, (405, "method_not_allowed")),
        ("POST", "/v1/orders", {"json": {}}, (400, "invalid_body")),
        ("POST", "/v1/auth/register", {"json": NEW_ADMIN}, (403, "role_not_allowed")),
        ("POST", "/v1/orders", {"content": b"{}"}, (415, "unsupported_media_type")),
        ("POST", "/v1/orders", {"content": b" " * 65_537}, (413, "body_too_large")),
        ("GET", "/v1/orders", {"headers": {"authorization": "Bearer x"}}, (401, "invalid_token")),
        ("GET", "/v1/orders", {"headers": {"authorization": "Basic x"}}, (401, "unauthenticated")),
    ],
)
async def test_every_error_is_a_problem_document(
    admin: httpx.AsyncClient,
    method: str,
    path: str,
    extra: dict[str, Any],
    expected: tuple[int, str],
) -> None:
    answer = await admin.request(method, path, **extra)
    assert expected == (answer.status_code, require_problem(answer)["type"])


PATHS = [
    ("/v1/products", "GET, OPTIONS, POST"),
    (f"/v1/products/{PRODUCT_ID}", "GET, OPTIONS, PATCH"),
    ("/v1/auth/login", "OPTIONS, POST"),
    ("/v1/me", "GET, OPTIONS"),
]


@pytest.mark.parametrize(("path", "allowed"), PATHS)
async def test_whoever_asks_for_its_options_is_told_a_paths_methods(
    anyone: httpx.AsyncClient, path: str, allowed: str
) -> None:
    answer = await anyone.options(path)
    assert answer.status_code == 204
    assert allowed == answer.headers["allow"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/products", {"GET", "POST"}),
        ("PUT", f"/v1/products/{PRODUCT_ID}", {"GET", "PATCH"}),
        ("GET", "/v1/auth/login", {"POST"}),
        ("POST", "/v1/me", {"GET"}),
        ("DELETE", f"/v1/orders/{an_order_id(1)}", {"GET"}),
    ],
)
async def test_a_method_that_is_not_allowed_is_told_which_are(
    anyone: httpx.AsyncClient, method: str, path: str, allowed: set[str]
) -> None:
    answer = await anyone.request(method, path)
    named = {name.strip() for name in answer.headers["allow"].split(",")}
    assert require_problem(answer)["status"] == 405
    assert allowed == named - {"OPTIONS", "HEAD"}


def test_every_kind_of_refusal_has_a_status() -> None:
    assert set(Kind) == STATUSES.keys() == BY_KIND.keys()


@pytest.mark.parametrize(("kind", "status"), BY_KIND.items())
async def test_a_refused_operation_has_the_status_of_its_kind(
    service: Service, buyer: httpx.AsyncClient, kind: Kind, status: int
) -> None:
    service.answers("CREATE_ORDER", Refused(kind))

    answer = await buyer.post("/v1/orders", json=ORDER, headers={"prefer": "wait=5"})

    assert require_problem(answer) == {
        "type": "out_of_luck",
        "title": "You are out of luck",
        "status": status,
        "detail": "try your luck tomorrow",
        "instance": "/v1/orders",
    }
    assert ("Bearer" if status == 401 else None) == answer.headers.get("www-authenticate")
    assert ("1" if status == 503 else None) == answer.headers.get("retry-after")


@pytest.mark.parametrize(("kind", "status"), BY_KIND.items())
async def test_a_failed_operation_shows_its_problem(
    service: Service, buyer: httpx.AsyncClient, kind: Kind, status: int
) -> None:
    service.answers("CREATE_ORDER", Refused(kind))
    await buyer.post("/v1/orders", json=ORDER, headers={"prefer": "wait=5", "idempotency-key": "k"})
    again = await buyer.post("/v1/orders", json=ORDER, headers={"idempotency-key": "k"})
    path = again.headers["location"]

    shown = await buyer.get(path)

    assert shown.status_code == 200
    assert shown.json()["status"] == "failed"
    assert shown.json()["error"] == {
        "type": "out_of_luck",
        "title": "You are out of luck",
        "status": status,
        "detail": "try your luck tomorrow",
        "instance": path,
    }


async def test_an_unexpected_error_tells_nothing_of_the_inside(
    running: World,
    anyone: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def break_down(product_id: str) -> None:
        msg = "the secret of db://host"
        raise LookupError(msg)

    monkeypatch.setattr(running.views, "product", break_down)
    with caplog.at_level(logging.ERROR):
        answer = await anyone.get(f"/v1/products/{PRODUCT_ID}")

    assert answer.status_code == 500
    assert require_problem(answer)["type"] == "internal_error"
    assert "secret" not in answer.text
    assert "LookupError" not in answer.text


async def test_views_that_are_away_are_a_matter_of_time(
    running: World, anyone: httpx.AsyncClient
) -> None:
    running.views.away = True
    answer = await anyone.get(f"/v1/products/{PRODUCT_ID}")
    assert answer.status_code == 503
    assert require_problem(answer)["type"] == "unavailable"
    assert "views" not in answer.text
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    "path", ["/health/live", "/v1/products", "/docs", "/openapi.json", "/.well-known/jwks.json"]
)
async def test_no_answer_may_be_taken_for_another_type(
    anyone: httpx.AsyncClient, path: str
) -> None:
    answer = await anyone.get(path)
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
