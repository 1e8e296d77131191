"""What was seen of the platform, as text for the documentation."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

from tests.builders.traces import tree_of
from tests.services.observability.dashboards import Query
from tests.services.observability.observed import Seen, Series
from tests.services.servers.prometheus import Alert

DOCS: Final = Path("docs/observability.md")
_SHOWN: Final = 4
_LABEL: Final = re.compile(r"\{\{(\w+)\}\}")
_FROM: Final = "<!-- written by `nox -s observability -- --write-docs` -->"
_UNTIL: Final = "<!-- until here -->"


def write(seen: Seen) -> None:
    """Write what was seen into the documentation."""
    page = DOCS.read_text(encoding="utf-8")
    before, _, rest = page.partition(_FROM)
    _, _, after = rest.partition(_UNTIL)
    DOCS.write_text(f"{before}{_FROM}\n\n{told(seen)}\n\n{_UNTIL}{after}", encoding="utf-8")


def told(seen: Seen) -> str:
    """Return the trace, each dashboard's queries with their values, and the alerts that fired."""
    parts = [
        "## One order's trace",
        _as_text(tree_of(seen.trace)),
        "## What the dashboards show",
        "Each panel with its unit, its queries as Prometheus was asked them, and their values.",
    ]
    for dashboard, shown in groupby(seen.values.items(), key=lambda item: item[0].dashboard):
        parts += [f"### {dashboard}", _as_text("\n".join(_of_dashboard(dict(shown))))]
    parts += ["## What fired when things broke", "\n".join(_fired(seen.fired))]
    return "\n\n".join(parts)


def _of_dashboard(shown: Mapping[Query, Series]) -> Iterator[str]:
    for (panel, unit), asked in groupby(shown, key=lambda query: (query.panel, query.unit)):
        yield f"{panel} ({unit})"
        for query in asked:
            yield f"  {query.expression}"
            yield from _of_query(query, shown[query])


def _of_query(query: Query, series: Series) -> Iterator[str]:
    largest = sorted(series, key=lambda each: float(each["value"][1]), reverse=True)
    for each in largest[:_SHOWN]:
        yield f"    {float(each['value'][1]):>10.4g}  {_named(query.legend, each['metric'])}"
    if len(series) > _SHOWN:
        yield f"                and {len(series) - _SHOWN} more"


def _named(legend: str, labels: Mapping[str, str]) -> str:
    return _LABEL.sub(lambda found: labels.get(found[1], "-"), legend)


def _fired(alerts: Iterable[Alert]) -> Iterator[str]:
    for alert in sorted(alerts):
        page = alert.runbook.removeprefix("docs/")
        yield f"- [{alert.name}]({page}): {alert.summary}"


def _as_text(lines: str) -> str:
    return f"```text\n{lines}\n```"
