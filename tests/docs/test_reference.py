"""The reference says what the code does, and the explanations leave nothing of it out."""

import re
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, blocks_of, links_of, name_of
from tests.docs.reference import COMMAND, FOLDER, pages

from apps.gateway.openapi import openapi_document
from apps.gateway.openapi_operations import OPERATIONS
from apps.gateway.problems import BadRequest
from tradex_core.errors import Refusal
from tradex_core.events.topics import COMMANDS, EVENTS
from tradex_core.orders.order import Reason

EXPLANATIONS = sorted((ROOT / "docs" / "explanation").glob("*.md"))
WHAT_A_CLIENT_SEES = ROOT / "docs" / "explanation" / "what-a-client-sees.md"
LINES_OF_A_PAGE = 80
NOT_OVER_HTTP = {
    "user_id_taken": "the gateway makes the ids, of which no two are the same",
    "session_id_taken": "likewise",
    "product_exists": "likewise",
    "order_exists": "likewise",
    "user_not_found": "accounts are closed by operators, on the log",
    "plaintext_password": "the gateway seals what it publishes",
    "invalid_input": "the gateway's bodies have no room for it",
    "invalid_cursor": "it is told as a field of an invalid_query",
}


@pytest.mark.parametrize("name", ["http.md", "rights.md", "telemetry.md", "topics.md"])
def test_the_reference_is_what_the_code_says(name: str) -> None:
    committed = (FOLDER / name).read_text(encoding="utf-8")
    assert pages()[name] == committed, f"it is out of date; write it with: {COMMAND}"


def test_no_other_page_stands_in_the_reference() -> None:
    of_what_is_installed = "licences.md"  # `nox -s supply` holds it against the locks
    assert {*pages(), of_what_is_installed} == {path.name for path in FOLDER.iterdir()}


def test_every_route_is_in_the_reference() -> None:
    text = pages()["http.md"]
    missing = [each for each in OPERATIONS if f"| `{each.method} {each.path}`" not in text]
    assert [] == missing


def test_every_topic_is_written_and_read_by_somebody() -> None:
    row = re.compile(r"^\| `(\S+)` \| ([^|]*) \| ([^|]*) \| 6 \|", re.MULTILINE)
    rows = row.findall(pages()["topics.md"])
    assert {*COMMANDS, *EVENTS, "command.replies"} == {topic for topic, _, _ in rows}
    assert [] == [topic for topic, writers, readers in rows if not writers or not readers]


def test_every_problem_and_every_reason_is_explained_to_clients() -> None:
    explained = WHAT_A_CLIENT_SEES.read_text(encoding="utf-8")
    assert [] == sorted(slug for slug in {*problems(), *Reason} if f"`{slug}`" not in explained)


def test_every_error_has_an_example_at_an_operation_that_can_answer_it() -> None:
    raised = slugs_of(Refusal) | slugs_of(BadRequest)
    assert raised - problems() == NOT_OVER_HTTP.keys()


def problems() -> set[str]:
    """The types of all problems of which the API's description shows an example."""
    operations = [
        each for methods in openapi_document()["paths"].values() for each in methods.values()
    ]
    return {
        slug
        for operation in operations
        for answer in operation["responses"].values()
        for slug in answer.get("content", {})
        .get("application/problem+json", {})
        .get("examples", ())
    }


def slugs_of(error: type[Refusal | BadRequest]) -> set[str]:
    """The slugs of all kinds of an error that are the product's, not a test's."""
    kinds = error.__subclasses__()
    own = {kind.slug for kind in kinds if kind.__module__.startswith(("apps.", "tradex_core."))}
    return own.union(*map(slugs_of, kinds))


@pytest.mark.parametrize("page", EXPLANATIONS, ids=name_of)
def test_an_explanation_is_one_page_with_one_diagram_and_the_tests_that_show_it(page: Path) -> None:
    assert 1 == len(blocks_of(page, "mermaid"))
    assert [link for link in links_of(page) if "/tests/" in link]
    assert len(page.read_text(encoding="utf-8").splitlines()) <= LINES_OF_A_PAGE
