"""What the pages tell people to type is run, and what they link to is there."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, blocks_of, commands_of, links_of, name_of, pages

SHOWN_URL = "http://127.0.0.1:3000"
RUN_BY_CI = ("pip install nox && nox", "pip install nox && nox -s demo")


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A platform of its own for a page, as `tradex up` starts it."""
    arguments = ["up", "--port", "0", *getattr(request, "param", ())]
    process = subprocess.Popen(
        [sys.executable, "-m", "apps.cli", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT / "src",
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if ready := re.match(r"ready (http://\S+)", line):
                yield ready[1]
                break
        else:
            pytest.fail("`tradex up` ended without saying that it is ready")
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert 0 == process.returncode


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_leads_to_a_file(page: Path) -> None:
    missing = [link for link in links_of(page) if not (page.parent / link).exists()]
    assert [] == missing


@pytest.mark.parametrize(
    "page", [page for page in pages() if blocks_of(page, "python")], ids=name_of
)
def test_the_python_of_a_page_runs_from_top_to_bottom(page: Path, url: str) -> None:
    namespace: dict[str, object] = {}
    try:
        for block in blocks_of(page, "python"):
            shown = "\n" * (block.line - 1) + block.text.replace(SHOWN_URL, url)
            exec(compile(shown, str(page), "exec"), namespace)  # noqa: S102 - the project's own page
    finally:
        if (api := namespace.get("api")) is not None:
            api.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", [p for p in pages() if blocks_of(p, "sh")], ids=name_of)
@pytest.mark.parametrize("url", [("--demo",)], indirect=True)
def test_the_shell_commands_of_a_page_succeed(page: Path, url: str) -> None:
    for block in blocks_of(page, "sh"):
        program = block.text.split(maxsplit=1)[0]
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed here")
        script = block.text.replace(SHOWN_URL, url)
        subprocess.run(["/bin/sh", "-euc", script], check=True, capture_output=True, timeout=60)


def test_the_commands_for_everything_are_those_that_ci_runs() -> None:
    shown = [command for command in commands_of(ROOT / "README.md") if "nox" in command]
    assert sorted(RUN_BY_CI) == sorted(shown)
    assert "nox" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_command_of_tradex_that_a_page_shows_exists() -> None:
    shown = {command for page in pages() for command in commands_of(page)}
    for command in sorted(shown):
        words = shlex.split(command)
        if words[0] == "tradex":
            names = [word for word in words[1:] if not word.startswith("-")]
            options = [word for word in words[1:] if word.startswith("--")]
            usage = subprocess.run(
                [sys.executable, "-m", "apps.cli", *names, "--help"],
                check=True,
                capture_output=True,
                text=True,
                cwd=ROOT / "src",
            ).stdout
            assert [] == [option for option in options if option not in usage], command
