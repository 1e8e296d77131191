"""The API describes itself, on a page that needs no other server, and tells how it is."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from tests.apps.gateway.world import World

from apps.cli.documents import openapi_json
from apps.gateway.app import ROUTES
from apps.gateway.openapi import openapi_document
from apps.gateway.openapi_operations import OPERATIONS, Described
from apps.gateway.policy import POLICY
from apps.gateway.problems import Problem
from tradex_core.events import codec

PAGES = {"openapi", "docs", "docsAsset"}
"""The description's own routes, which it does not describe."""

Json = dict[str, Any]
Operation = tuple[str, Json]

DOCUMENT: Json = json.loads(codec.encode(openapi_document()))
DESCRIBED: dict[str, Operation] = {
    operation["operationId"]: (f"{method.upper()} {path}", operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def by_id() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", DESCRIBED.values(), ids=DESCRIBED)


def answers_of(operation: Operation) -> Iterator[tuple[str, Json]]:
    yield from operation[1]["responses"].items()


def examples_in(content: Json) -> list[Any]:
    if "example" in content:
        return [content["example"]]
    return [example["value"] for example in content.get("examples", {}).values()]


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inside in value.items():
            if name == "$ref":
                yield inside
            else:
                yield from references(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from references(inside)


def resolved(reference: str) -> Json:
    found: Json = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


async def test_it_is_served_as_it_is_printed(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["openapi"].startswith("3.1")
    assert json.loads(openapi_json()) == answer.json()


def test_every_route_of_the_app_is_described(world: World) -> None:
    app: Litestar = world.container.app()
    routes = {
        handler.name: f"{method} {route.path_format}"
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if handler.name in {handler.name for handler in ROUTES} - PAGES
    }
    assert routes == {name: route for name, (route, _) in DESCRIBED.items()}


@by_id()
def test_an_operation_says_what_it_is(operation: Operation) -> None:
    _, described = operation
    assert described["summary"]
    assert not described["summary"].endswith(".")
    assert set(described["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
    assert len(described["tags"]) == 1


def test_operation_ids_are_unique() -> None:
    ids = [described.id for described in OPERATIONS]
    assert len(ids) == len(set(ids)) == len(DESCRIBED)


@by_id()
def test_an_operation_shows_an_example_of_every_answer_that_has_a_body(
    operation: Operation,
) -> None:
    for status, answer in answers_of(operation):
        assert answer["description"], status
        assert ("content" in answer) == (status != "204"), status
        for content in answer.get("content", {}).values():
            assert examples_in(content), status


@by_id()
def test_an_operation_shows_every_problem_as_a_problem_document(operation: Operation) -> None:
    problems = {status: answer for status, answer in answers_of(operation) if int(status) >= 400}
    assert "500" in problems
    for status, answer in problems.items():
        assert ["application/problem+json"] == list(answer["content"])
        for example in examples_in(answer["content"]["application/problem+json"]):
            problem = codec.decode(codec.encode(example), Problem)
            assert int(status) == problem.status
            assert problem.title
            assert problem.detail


@by_id()
def test_an_operation_tells_who_is_refused(operation: Operation) -> None:
    route, described = operation
    method, _, path = route.partition(" ")
    access = POLICY[method, path]
    bearer: list[Json] = [{"bearer": []}]
    security = bearer if access.roles else [{}, *bearer] if access.credentials else None
    assert security == described.get("security")
    if access.credentials:
        assert "401" in described["responses"]
    if access.roles is not None and len(access.roles) < 3:
        assert "403" in described["responses"]


@by_id()
def test_every_parameter_of_a_path_is_described(operation: Operation) -> None:
    route, described = operation
    in_path = [each["name"] for each in described["parameters"] if each.get("in") == "path"]
    assert re.findall(r"\{(\w+)\}", route) == in_path


def test_every_command_can_be_repeated_and_waited_for() -> None:
    header = "#/components/parameters/"
    for route, described in DESCRIBED.values():
        named = {each.get("$ref") for each in described["parameters"]}
        is_command = not route.startswith("GET ")
        assert is_command == ({f"{header}Prefer", f"{header}IdempotencyKey"} <= named), route
        assert is_command == ("202" in described["responses"]), route


@pytest.mark.parametrize(
    "described",
    [pytest.param(each, id=each.id) for each in OPERATIONS if each.body is not None],
)
def test_the_example_of_a_body_is_accepted(described: Described) -> None:
    assert described.body is not None
    shown = DESCRIBED[described.id][1]["requestBody"]["content"]["application/json"]["example"]
    assert codec.decode(codec.encode(shown), described.body) is not None


@pytest.mark.parametrize("described", [pytest.param(each, id=each.id) for each in OPERATIONS])
def test_the_examples_of_answers_have_their_shapes(described: Described) -> None:
    for status, answer in described.answers.items():
        if answer.shape is not None:
            shown = codec.decode(codec.encode(answer.example), answer.shape)
            again = json.loads(codec.encode(shown))
            assert json.loads(codec.encode(answer.example)) == again, status


def test_every_reference_leads_somewhere() -> None:
    assert all(resolved(reference) for reference in references(DOCUMENT))


def test_bodies_refuse_unknown_fields_in_the_description_too() -> None:
    for _, described in DESCRIBED.values():
        if "requestBody" in described:
            schema = described["requestBody"]["content"]["application/json"]["schema"]
            assert resolved(schema["$ref"])["additionalProperties"] is False


def test_money_is_a_number_with_two_places() -> None:
    price = resolved("#/components/schemas/NewProduct")["properties"]["price"]
    assert price == {"type": "number", "minimum": 0, "maximum": 99999999.99, "multipleOf": 0.01}


async def test_the_page_and_all_it_names_come_from_here(anyone: httpx.AsyncClient) -> None:
    page = await anyone.get("/docs")
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "://" not in page.text
    assert len(named) >= 4
    for path in named:
        assert path.startswith("/docs/")
        asset = await anyone.get(path)
        assert asset.status_code == 200, path
        assert len(asset.content) > 100, path
        assert asset.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("swagger-ui.css", "text/css"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("start.js", "text/javascript"),
        ("favicon-32x32.png", "image/png"),
    ],
)
async def test_an_asset_says_what_it_is(
    anyone: httpx.AsyncClient, path: str, media_type: str
) -> None:
    answer = await anyone.get(f"/docs/{path}")
    assert media_type == answer.headers["content-type"].partition(";")[0]


async def test_the_page_shows_this_description(anyone: httpx.AsyncClient) -> None:
    script = (await anyone.get("/docs/start.js")).text
    assert 'url: "/openapi.json"' in script
    assert "://" not in script


@pytest.mark.parametrize(
    "asset", ["index.css", "..%2F__init__.py", "..%2f..%2f..%2fetc%2fpasswd", "swagger-ui.css%00"]
)
async def test_no_other_file_is_served(anyone: httpx.AsyncClient, asset: str) -> None:
    assert (await anyone.get(f"/docs/{asset}")).status_code == 404


class TestHealth:
    async def test_a_process_that_answers_is_live(self, anyone: httpx.AsyncClient) -> None:
        answer = await anyone.get("/health/live")
        assert answer.status_code == 200
        assert answer.json() == {"status": "live"}
        assert answer.headers["cache-control"] == "no-store"

    async def test_a_gateway_that_has_all_it_needs_is_ready(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        running.readiness = {"broker": True, "views": True}
        answer = await anyone.get("/health/ready")
        assert answer.status_code == 200
        assert answer.json() == {"status": "ready"}

    async def test_a_gateway_that_answers_has_begun(self, anyone: httpx.AsyncClient) -> None:
        answer = await anyone.get("/health/startup")
        assert (200, {"status": "started"}) == (answer.status_code, answer.json())

    async def test_what_is_away_is_not_named_to_strangers(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        running.readiness = {"views": False, "database": True, "broker": False}
        answer = await anyone.get("/health/ready")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["type"] == "not_ready"
        assert "views" not in answer.text
        assert "broker" not in answer.text
        assert (await anyone.get("/health/live")).status_code == 200

    async def test_a_gateway_that_hears_no_replies_is_not_ready(self, world: World) -> None:
        async with world.client() as client:
            answer = await client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["type"] == "not_ready"
