"""Gives the site its navigation, so that the Markdown of the pages need not have it."""

from typing import Any

from sphinx.application import Sphinx

_TOCTREE = """
```{{toctree}}
:hidden:
:caption: {caption}
:glob:

{pages}
```
"""


def add_navigation(app: Sphinx, page: str, source: list[str]) -> None:
    """Append to a page the list of those that lie below it."""
    for caption, below in app.config.NAVIGATION.get(page, {}).items():
        pages = "\n".join(f"/{each}" for each in below)
        source[0] += _TOCTREE.format(caption=caption, pages=pages)


def lead_to_start(app: Sphinx, failure: Exception | None) -> None:
    """Let the site's folder open on the start page."""
    if failure is None:
        start = app.builder.get_target_uri(app.config.root_doc)
        page = f'<!doctype html><meta http-equiv="refresh" content="0; url={start}">\n'
        (app.outdir / "index.html").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Take part in reading every page, and in the end of the build."""
    app.add_config_value("NAVIGATION", {}, "env")
    app.connect("source-read", add_navigation)
    app.connect("build-finished", lead_to_start)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
