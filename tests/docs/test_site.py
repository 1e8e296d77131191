"""The site: it is whole or it is not built, and looking at it asks no other host for anything."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.docs.pages import ROOT

DIAGRAM = "```mermaid\nflowchart TD\n    A --> B\n```\n"
START = f"# Start\n\n[On](tutorial/first-order.md), [the code](../src/one.py).\n\n{DIAGRAM}"
PAGE = "# Page\n\n## Here\n\n"
FAULTS = {
    "[a page](../no-page.md)": r"no-page\.md",
    "[code](../../src/no_code.py)": r"no_code\.py",
    "[a heading](#no-heading)": "no-heading",
    "[a heading elsewhere](../README.md#nowhere)": "nowhere",
    "![an image](no-image.svg)": r"no-image\.svg",
    "```mermaid\nflowchart TD\n    A -->\n```": "Parse error",
}
FROM_OUTSIDE = re.compile(
    r"""(?:src=|<link[^>]* href=|url\(|@import )["']?(?:https?:)?//[^"')\s]+"""
)


@dataclass(frozen=True)
class Site:
    """A small site, built as the project's is: from the same configuration, with the same theme."""

    folder: Path
    status: int
    warnings: str


def built(root: Path, page: str) -> Site:
    for name, text in {
        "docs/README.md": START,
        "docs/tutorial/first-order.md": page,
        "src/one.py": '"""One."""\n',
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"),
            *("--conf-dir", ROOT / "docs" / "site", root, root / "site"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return Site(root / "site", done.returncode, done.stderr)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return built(tmp_path_factory.mktemp("whole"), PAGE)


def test_it_asks_no_other_host_for_anything(site: Site) -> None:
    loaded = [
        (path.name, found)
        for path in site.folder.rglob("*")
        if path.suffix in {".html", ".css"}
        for found in FROM_OUTSIDE.findall(path.read_text(encoding="utf-8"))
    ]
    assert [] == loaded


def test_a_diagram_is_drawn(site: Site) -> None:
    start = (site.folder / "docs" / "README.html").read_text(encoding="utf-8")
    assert re.search(r'<figure class="diagram"><svg', start)
    assert "flowchart TD" not in start


def test_a_link_to_code_leads_to_a_page_that_shows_it(site: Site) -> None:
    start = (site.folder / "docs" / "README.html").read_text(encoding="utf-8")
    assert 'href="../src/one.py.html"' in start
    assert "One." in (site.folder / "src" / "one.py.html").read_text(encoding="utf-8")


def test_it_opens_on_the_start_page(site: Site) -> None:
    assert "url=docs/README.html" in (site.folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Site:
    root = tmp_path_factory.mktemp("faulty")
    (root / "lost.md").write_text("# Lost\n", encoding="utf-8")
    return built(root, PAGE + "\n\n".join(FAULTS))


@pytest.mark.parametrize("said", [*FAULTS.values(), r"lost\.md.* isn't included in any toctree"])
def test_what_is_wrong_with_a_page_is_named_and_fails_the_build(faulty: Site, said: str) -> None:
    assert 0 != faulty.status
    assert re.search(said, faulty.warnings), faulty.warnings
