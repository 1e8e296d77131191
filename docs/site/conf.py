"""How the documentation becomes a site: `nox -s docs` builds it, and any warning fails it.

The site mirrors the repository: a page lies where its source lies, so that every link works both on
the site and where the code is hosted.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "Tradex"
author = "the Tradex contributors"
html_title = "Tradex"
language = "en"

extensions = ["myst_parser", "diagrams", "navigation", "repository"]
root_doc = "docs/README"
include_patterns = ["*.md", "docs/**.md"]
exclude_patterns = [
    "docs/changes/*.*.md",  # sentences for the changelog, a release joins them
    *("src", "tests", "compose", "requirements", "build", "dist", ".*", "**/.*"),
]

NAVIGATION = {
    "docs/README": {
        "Tutorial": ["docs/tutorial/first-order", "docs/tutorial/your-own-use-case"],
        "How to": [
            "docs/how-to/README",
            "docs/how-to/add-a-message",
            "docs/how-to/add-a-projection",
            "docs/how-to/add-a-service",
            "docs/how-to/add-a-broker",
            "docs/how-to/run-on-servers",
            "docs/how-to/expose",
            "docs/how-to/see-what-runs",
            "docs/how-to/operate",
            "docs/how-to/upgrade",
            "docs/runbooks/README",
            "CONTRIBUTING",
        ],
        "How it keeps its promises": [
            "docs/explanation/nothing-is-lost",
            "docs/explanation/nothing-happens-twice",
            "docs/explanation/nothing-is-oversold",
            "docs/explanation/nothing-goes-under",
            "docs/explanation/what-a-client-sees",
        ],
        "Reference": [
            "docs/reference/http",
            "docs/reference/topics",
            "docs/reference/rights",
            "docs/reference/telemetry",
            "docs/reference/licences",
        ],
        "Background": [
            "docs/decisions/README",
            "docs/benchmarks",
            "docs/faults",
            "docs/observability",
            "docs/glossary",
        ],
        "The project": ["README", "SECURITY", "CHANGELOG", "docs/changes/README"],
    },
    "docs/runbooks/README": {
        "Runbooks": [
            "docs/runbooks/dead-letters",
            "docs/runbooks/stuck-order",
            "docs/runbooks/lag",
            "docs/runbooks/views-in-doubt",
            "docs/runbooks/server-away",
            "docs/runbooks/restore-a-backup",
            "docs/runbooks/rotate-keys",
        ]
    },
    "docs/observability": {"When an alert fires": ["docs/runbooks/alerts/*"]},
    "docs/decisions/README": {"Decisions": ["docs/decisions/[0-9]*"]},
}
"""Which pages lie below which, and under which heading; a page in none of them is an error."""

myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5cad", "color-brand-content": "#0b5cad"},
    "dark_css_variables": {"color-brand-primary": "#6cb6ff", "color-brand-content": "#6cb6ff"},
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
