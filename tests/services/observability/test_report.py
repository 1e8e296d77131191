"""What was seen, as the documentation shows it."""

from typing import Any

from tests.builders.traces import KeptSpan
from tests.services.observability.dashboards import Query
from tests.services.observability.observed import Seen
from tests.services.observability.report import told
from tests.services.servers.prometheus import Alert

QUERY = Query("Kafka", "Lag", "short", "{{consumer}} lag", "max by (consumer) (lag)")


def a_series(value: str, **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [0, value]}


def seen(*series: dict[str, Any]) -> Seen:
    return Seen(
        trace=[KeptSpan("t", "s", "", "POST /v1/orders", "gateway", {})],
        values={QUERY: list(series)},
        requests=[],
        before=[],
        fired=[Alert("AppDown", "orders does not answer.", "docs/runbooks/alerts/app-down.md")],
    )


def test_a_query_stands_under_its_panel_with_its_values() -> None:
    assert (
        "### Kafka\n\n```text\nLag (short)\n  max by (consumer) (lag)\n"
        "           3.5  orders lag\n```" in told(seen(a_series("3.5", consumer="orders")))
    )


def test_of_many_values_the_largest_are_shown() -> None:
    many = [a_series(str(number), consumer=f"group{number}") for number in range(9)]
    text = told(seen(*many))
    assert "group5 lag\n                and 5 more\n" in text
    assert "group4" not in text


def test_a_label_that_nothing_has_is_a_dash() -> None:
    assert "  - lag\n" in told(seen(a_series("0")))


def test_a_trace_is_shown_as_its_tree() -> None:
    assert "## One order's trace\n\n```text\nPOST /v1/orders\n```" in told(seen())


def test_an_alert_leads_to_its_page() -> None:
    line = "- [AppDown](runbooks/alerts/app-down.md): orders does not answer."
    assert line in told(seen())
