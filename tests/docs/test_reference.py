"""The reference says what the code does, and the explanations leave nothing of it out."""

import re
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, blocks_of, links_of, name_of
from tests.docs.reference import COMMAND, FOLDER, pages

from apps.gateway.openapi import openapi_document
from apps.gateway.openapi_operations import OPERATIONS
from tradex_core.events.topics import COMMANDS, EVENTS
from tradex_core.orders.order import Reason

EXPLANATIONS = sorted((ROOT / "docs" / "explanation").glob("*.md"))
WHAT_A_CLIENT_SEES = ROOT / "docs" / "explanation" / "what-a-client-sees.md"
LINES_OF_A_PAGE = 80


@pytest.mark.parametrize("name", ["http.md", "topics.md"])
def test_the_reference_is_what_the_code_says(name: str) -> None:
    committed = (FOLDER / name).read_text(encoding="utf-8")
    assert pages()[name] == committed, f"it is out of date; write it with: {COMMAND}"


def test_no_other_page_stands_in_the_reference() -> None:
    assert sorted(pages()) == sorted(path.name for path in FOLDER.iterdir())


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
    operations = [
        each for methods in openapi_document()["paths"].values() for each in methods.values()
    ]
    problems = {
        slug
        for operation in operations
        for answer in operation["responses"].values()
        for slug in answer.get("content", {})
        .get("application/problem+json", {})
        .get("examples", ())
    }
    assert len(problems) > 20
    assert [] == sorted(slug for slug in {*problems, *Reason} if f"`{slug}`" not in explained)


@pytest.mark.parametrize("page", EXPLANATIONS, ids=name_of)
def test_an_explanation_is_one_page_with_one_diagram_and_the_tests_that_show_it(page: Path) -> None:
    assert 1 == len(blocks_of(page, "mermaid"))
    assert [link for link in links_of(page) if "/tests/" in link]
    assert len(page.read_text(encoding="utf-8").splitlines()) <= LINES_OF_A_PAGE
