"""Draws Mermaid diagrams while the site is built: looking at it takes no script and no host."""

from typing import Any, ClassVar, Final

import mermaidx
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_CONFIG: Final = {"sequence": {"width": 110, "actorMargin": 24}}


class Mermaid(SphinxDirective):
    """A fenced block in Mermaid's language; one that cannot be drawn is an error."""

    has_content: ClassVar[bool] = True

    def run(self) -> list[nodes.Node]:
        """Return the drawing."""
        source = "\n".join(self.content)
        try:
            drawn = mermaidx.render(source, theme="neutral", config=_CONFIG).svg()
        except RuntimeError as error:
            raise self.error(str(error)) from error
        return [nodes.raw("", f'<figure class="diagram">{drawn}</figure>', format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Let the fenced blocks be drawn."""
    app.add_directive("mermaid", Mermaid)
    app.config.myst_fence_as_directive = {"mermaid"}
    return {"parallel_read_safe": True, "parallel_write_safe": True}
