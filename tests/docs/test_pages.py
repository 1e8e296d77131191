"""Whatever the pages tell people to type is run, from top to bottom, and their links lead on."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.docs.edits import change_file, is_file, write_file
from tests.docs.elsewhere import DRILLS, ELSEWHERE
from tests.docs.pages import (
    ROOT,
    Block,
    Typed,
    blocks_of,
    commands_of,
    links_of,
    name_of,
    pages,
    typed_in,
)
from tests.docs.shown import is_as_shown
from tests.docs.terminal import Terminal, open_terminal

RUN = ("console", "python", "diff")
DRAWN = ("mermaid",)
DATA = ("json", "yaml", "text")
SERVERS = ("tradex up", "nox -s up")

DRILLED = {ROOT / "docs" / "runbooks" / f"{name}.md" for name in DRILLS}
RUNNING = [
    pytest.param(page, id=name_of(page))
    for page in pages()
    if blocks_of(page, *RUN) and page not in DRILLED
]


@pytest.fixture
def terminal(page: Path, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal for one page; at the end all that still runs in it must obey Ctrl-C."""
    installs = any(command.startswith("pip install") for command in commands_of(page))
    terminal = open_terminal(tmp_path, empty=installs, is_changed=bool(blocks_of(page, "diff")))
    yield terminal
    terminal.close()


@pytest.mark.parametrize("page", RUNNING)
def test_a_page_runs_from_top_to_bottom(page: Path, terminal: Terminal) -> None:
    namespace: dict[str, object] = {}
    for block in blocks_of(page, *RUN):
        if block.language == "console":
            for typed in typed_in(block):
                type_in(terminal, typed)
        elif block.language == "diff":
            change_file(terminal.folder, block.text)
        elif is_file(block.text):
            write_file(terminal.folder, block.text)
        else:
            execute(block, page, terminal, namespace)
    for client in namespace.values():
        if isinstance(client, httpx.Client):
            client.close()


def type_in(terminal: Terminal, typed: Typed) -> None:
    other = ELSEWHERE.get(typed.command)
    if typed.command.startswith(SERVERS):
        printed = terminal.serve(typed.command)
    else:
        printed = terminal.run(other.command if other else typed.command)
    if typed.shown and not other:
        assert is_as_shown(printed, typed.shown), f"{typed.command} printed:\n{printed}"


def execute(block: Block, page: Path, terminal: Terminal, namespace: dict[str, object]) -> None:
    shown = "\n" * (block.line - 1) + terminal.as_here(block.text)
    exec(compile(shown, str(page), "exec"), namespace)  # noqa: S102 - the project's own page


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_fenced_block_is_one_that_is_run_or_drawn_or_only_shows_data(page: Path) -> None:
    fences = re.findall(r"^\s*(?:```|~~~)(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert fences == [block.language for block in blocks_of(page)]
    assert set(fences) <= {*RUN, *DRAWN, *DATA}


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_leads_to_a_file(page: Path) -> None:
    missing = [link for link in links_of(page) if not (page.parent / link).exists()]
    assert [] == missing


@pytest.mark.parametrize("folder", ["docs/how-to", "docs/decisions", "docs/runbooks"])
def test_a_list_of_pages_names_each_of_them(folder: str) -> None:
    others = sorted(page.name for page in (ROOT / folder).glob("*.md") if page.name != "README.md")
    listed = links_of(ROOT / folder / "README.md")
    assert others == sorted(link for link in listed if "/" not in link)


def test_what_is_run_instead_of_a_command_is_run_instead_of_one_that_a_page_shows() -> None:
    shown = {command for page in pages() for command in commands_of(page)}
    assert set() == ELSEWHERE.keys() - shown
    assert [] == [command for command, other in ELSEWHERE.items() if not other.because]


def test_the_commands_for_everything_are_those_that_ci_runs() -> None:
    shown = [command for command in commands_of(ROOT / "README.md") if "nox" in command]
    assert ["pip install nox && nox -s demo", "pip install nox && nox"] == shown
    assert '"$environment/bin/nox"\n' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
