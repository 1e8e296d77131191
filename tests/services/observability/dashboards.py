"""Grafana's dashboards as the files have them: their panels, and what each query asks."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

OBSERVABILITY: Final = Path(__file__).parents[3] / "compose" / "observability"
_VARIABLES: Final = {"$__rate_interval": "1m", "$app": ".+"}
"""What Grafana puts in the place of its variables, all apps being chosen."""


class Query(NamedTuple):
    """A query of a panel, as Prometheus is asked it."""

    dashboard: str
    panel: str
    unit: str
    legend: str
    expression: str


def dashboards() -> list[Mapping[str, Any]]:
    """Return every dashboard."""
    files = sorted((OBSERVABILITY / "grafana" / "dashboards").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def queries() -> Iterator[Query]:
    """Yield every query of every dashboard."""
    for dashboard in dashboards():
        for panel in dashboard["panels"]:
            unit = panel["fieldConfig"]["defaults"]["unit"]
            for target in panel["targets"]:
                asked = _filled_in(target["expr"])
                yield Query(dashboard["title"], panel["title"], unit, target["legendFormat"], asked)


def _filled_in(expression: str) -> str:
    for variable, value in _VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression
