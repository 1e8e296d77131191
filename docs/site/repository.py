"""Gives the site a page for each file and folder of the repository that its pages lead to."""

import ast
import html
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from posixpath import dirname, join, normpath, relpath
from typing import Any, Final

from docutils import nodes
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment.adapters.toctree import global_toctree_for_doc

_NOT_SHOWN: Final = ("__pycache__", "py.typed", "secrets")
_BEFORE_DOWNLOADS: Final = 400
"""Sphinx copies the files that are still links to downloads at 500."""

Page = tuple[str, dict[str, Any], str]


def lead_to_files(app: Sphinx, doctree: nodes.document) -> None:
    """Turn a page's links to files and folders into links to their pages on the site."""
    page = app.env.docname
    for link in [*doctree.findall(addnodes.download_reference), *doctree.findall(_is_open)]:
        target = normpath(f"{dirname(page)}/{link['reftarget'].partition('#')[0]}".lstrip("/"))
        if (app.srcdir / target).exists() and not target.startswith(".."):
            _linked(app).add(target)
            uri = relpath(f"{target}.html", dirname(page) or ".")
            link.replace_self(nodes.reference("", "", *link.children, refuri=uri, internal=True))


def _is_open(node: nodes.Node) -> bool:
    return isinstance(node, addnodes.pending_xref) and node.get("refdomain") is None


def _linked(app: Sphinx) -> set[str]:
    linked: set[str] = app.env.__dict__.setdefault("repository_linked", set())
    return linked


def pages_of_files(app: Sphinx) -> Iterator[Page]:
    """Yield the page of each linked file and folder, and of all that the folders hold."""
    made: dict[str, str] = {}
    for target in sorted(_with_contents(app.srcdir, _linked(app))):
        path = app.srcdir / target
        body = _listing(path) if path.is_dir() else _code(app, path)
        title = html.escape(target)
        content = f"<h1><code>{title}</code></h1>\n{body}"
        navigation = partial(_navigation, app, dirname(target), made)
        yield target, {"title": title, "body": content, "toctree": navigation}, "page.html"


def _navigation(app: Sphinx, folder: str, made: dict[str, str], **wanted: Any) -> str:  # noqa: ANN401 - as the theme asks
    """Return the navigation of a folder's pages, which is made once: its links are the same."""
    if folder not in made:
        page = join(folder, "page")
        tree = global_toctree_for_doc(app.env, page, app.builder, tags=app.tags, **wanted)
        made[folder] = app.builder.render_partial(tree)["fragment"]
    return made[folder]


def _with_contents(root: Path, targets: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for target in targets:
        found.add(target)
        if (root / target).is_dir():
            inner = [f"{target}/{each.name}" for each in _entries(root / target)]
            found |= _with_contents(root, inner)
    return found


def _entries(folder: Path) -> list[Path]:
    shown = [
        each
        for each in folder.iterdir()
        if not each.name.startswith(".") and each.name not in _NOT_SHOWN
    ]
    return sorted(shown, key=lambda each: (each.is_file(), each.name))


def _listing(folder: Path) -> str:
    rows = "".join(
        f'<tr><td><a href="{folder.name}/{each.name}.html"><code>{each.name}'
        f"{'/' if each.is_dir() else ''}</code></a></td><td>{html.escape(_about(each))}</td></tr>"
        for each in _entries(folder)
    )
    table = f'<table class="docutils align-default"><tbody>{rows}</tbody></table>'
    return f'<div class="table-wrapper">{table}</div>'


def _about(path: Path) -> str:
    """Return the first sentence that a Python file or package says of itself."""
    module = path / "__init__.py" if path.is_dir() else path
    if module.suffix != ".py" or not module.exists():
        return ""
    said = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return said.partition("\n")[0]


def _code(app: Sphinx, path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        lexer = get_lexer_for_filename(path.name)
    except ClassNotFound:
        lexer = TextLexer()
    return str(app.builder.highlighter.highlight_block(text, lexer.aliases[0], linenos=False))


def setup(app: Sphinx) -> dict[str, Any]:
    """Take part in reading every page, and add pages to the site."""
    app.connect("doctree-read", lead_to_files, priority=_BEFORE_DOWNLOADS)
    app.connect("html-collect-pages", pages_of_files)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
