"""The alert rules: what they are made of, what makes them fire, and where they lead."""

import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.services.observability.dashboards import OBSERVABILITY, queries

from tradex_core.telemetry.contract import METRICS, PROCESS_METRICS

ROOT = Path(__file__).parents[3]
RULES = OBSERVABILITY / "alerts.yaml"
PLAYED = Path(__file__).parent / "alerts.test.yaml"
PAGES = ROOT / "docs" / "runbooks" / "alerts"

ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in msgspec.yaml.decode(RULES.read_bytes())["groups"]
    for rule in group["rules"]
}
OF_PROMETHEUS = {"up", "ALERTS"}
_FUNCTIONS = re.compile(r"\b(?:by|on) \([^)]*\)|\{[^}]*\}|\[[^\]]*\]")
_NAME = re.compile(r"\b[A-Za-z_]*_[a-z_]+\b(?! ?\()|\bup\b|\bALERTS\b")


def ask(promtool: str, *arguments: str | Path) -> tuple[int, str]:
    """Run promtool; return its exit status and what it printed."""
    done = subprocess.run(
        [promtool, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def metrics_of(expression: str) -> set[str]:
    """Return the names of the metrics that an expression reads, a histogram's as it is declared."""
    found = _NAME.findall(_FUNCTIONS.sub("", expression))
    return {name.removesuffix("_bucket") for name in found}


def test_prometheus_takes_its_files(promtool: str) -> None:
    status, said = ask(promtool, "check", "config", OBSERVABILITY / "prometheus.yaml")
    assert 0 == status, said
    assert f"{len(ALERTS)} rules found" in said


def test_each_alert_fires_when_it_must_and_at_no_other_time(promtool: str) -> None:
    status, said = ask(promtool, "test", "rules", PLAYED)
    assert 0 == status, said


def test_each_alert_is_played_firing_and_quiet() -> None:
    played = [
        (each["alertname"], bool(each.get("exp_alerts")))
        for test in msgspec.yaml.decode(PLAYED.read_bytes())["tests"]
        for each in test["alert_rule_test"]
    ]
    assert {(alert, fires) for alert in ALERTS for fires in (True, False)} == set(played)


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_how_urgent_it_is_and_leads_to_its_page(alert: str) -> None:
    rule = ALERTS[alert]
    slug = re.sub(r"(?<!^)(?=[A-Z])", "-", alert).lower()
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"]
    assert f"docs/runbooks/alerts/{slug}.md" == rule["annotations"]["runbook"]
    page = (ROOT / rule["annotations"]["runbook"]).read_text(encoding="utf-8")
    assert page.startswith(f"# {alert}\n")
    for part in ("**It means**", "**Look at**", "**Do**"):
        assert part in page


def test_every_page_is_one_of_an_alert() -> None:
    pages = {page.relative_to(ROOT).as_posix() for page in PAGES.glob("*.md")}
    assert {rule["annotations"]["runbook"] for rule in ALERTS.values()} == pages


def test_the_documentation_lists_each_alert_and_how_urgent_it_is() -> None:
    page = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\w+)\]\((.+)\) \| (\w+) \|", page, re.MULTILINE)
    assert [
        (alert, rule["annotations"]["runbook"].removeprefix("docs/"), rule["labels"]["severity"])
        for alert, rule in ALERTS.items()
    ] == listed


def test_alerts_and_dashboards_read_metrics_of_the_contract() -> None:
    declared = {metric.name for metric in METRICS} | set(PROCESS_METRICS) | OF_PROMETHEUS
    expressions = [rule["expr"] for rule in ALERTS.values()]
    expressions += [query.expression for query in queries()]
    assert set() == set().union(*map(metrics_of, expressions)) - declared
