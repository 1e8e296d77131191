"""Makes Grafana's dashboards: `python compose/observability/dashboards.py` writes their files.

What they show is declared here; Grafana reads what is written, and lets nobody change it there.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "grafana" / "dashboards"
_DATASOURCE = {"type": "prometheus", "uid": "prometheus"}
_WIDTH, _HEIGHT, _A_ROW = 8, 8, 3


class Panel(NamedTuple):
    """One graph: what it tells, its unit by Grafana's name, and what each of its queries shows."""

    title: str
    unit: str
    description: str
    queries: Mapping[str, str]
    exemplars: bool = False


class Dashboard(NamedTuple):
    """A page of panels; `by_app` lets a person choose the app, `$app` in its queries."""

    title: str
    description: str
    panels: tuple[Panel, ...]
    by_app: bool = False


def _rate(metric: str, by: str = "", where: str = "") -> str:
    """Return how often a counter counts each second, summed up by these labels."""
    grouped = f"sum by ({by}) " if by else "sum"
    return f"{grouped}(rate({metric}{{{where}}}[$__rate_interval]))".replace("{}", "")


def _sum(metric: str, by: str, where: str) -> str:
    return f"sum by ({by}) ({metric}{{{where}}})"


def _or_nothing(expression: str) -> str:
    """Return what shows 0 where nothing has been counted yet."""
    return f"{expression} or on() vector(0)"


def _quantile(part: float, metric: str, by: str = "", where: str = "") -> str:
    grouped = f"le, {by}" if by else "le"
    return f"histogram_quantile({part}, {_rate(f'{metric}_bucket', grouped, where)})"


def _quantiles(metric: str, by: str = "", where: str = "") -> dict[str, str]:
    """Return the median and the slowest hundredth of a histogram, by these labels."""
    legend = "".join(f"{{{{{label}}}}} " for label in by.split(", ") if label)
    return {f"{legend}p{part:g}": _quantile(part / 100, metric, by, where) for part in (50, 99)}


_REQUESTS, _DURATION = "tradex_http_requests_total", "tradex_http_request_duration_seconds"
_HANDLED, _LATENCY = "tradex_messages_handled_total", "tradex_message_latency_seconds"
_APP = 'job=~"$app"'
_FAILED = _rate(_REQUESTS, where='status_class="5xx"')

PLATFORM = Dashboard(
    "Platform",
    "Does it work, and if not, where to look next.",
    (
        Panel("Apps", "short", "Replicas that answer, by app.", {"{{job}}": "sum by (job) (up)"}),
        Panel(
            "Alerts",
            "short",
            "Alerts that fire; /alerts of Prometheus tells which.",
            {"firing": _or_nothing('count(ALERTS{alertstate="firing"})')},
        ),
        Panel(
            "Versions",
            "short",
            "Processes of each version.",
            {"{{app}} {{version}}": "count by (app, version) (tradex_build_info)"},
        ),
        Panel(
            "Requests",
            "reqps",
            "Requests by what came of them.",
            {"{{status_class}}": _rate(_REQUESTS, "status_class")},
        ),
        Panel(
            "Requests that fail",
            "percentunit",
            "The part of all requests that ended in an error of ours.",
            {"failed": f"({_or_nothing(_FAILED)}) / {_rate(_REQUESTS)}"},
        ),
        Panel(
            "Time to an answer",
            "s",
            "Until a request's answer began; those that wait for an outcome are among them.",
            _quantiles(_DURATION),
            exemplars=True,
        ),
        Panel(
            "Operations without an outcome",
            "short",
            "Commands that were accepted and not answered yet, and who waits for them.",
            {
                "pending": "sum(tradex_operations_pending)",
                "waited for": "sum(tradex_operations_waited_for)",
            },
        ),
        Panel(
            "Time to an outcome",
            "s",
            "From when a command was accepted until its outcome was known.",
            _quantiles("tradex_operation_duration_seconds", "command"),
        ),
        Panel(
            "Lag",
            "short",
            "Messages that each consumer has yet to commit.",
            {
                "{{consumer}}": "sum by (consumer) "
                "(max by (consumer, topic) (tradex_consumer_lag_messages))"
            },
        ),
        Panel(
            "Outbox",
            "s",
            "How long the oldest committed message has waited to be published.",
            {"{{service}}": "max by (service) (tradex_outbox_oldest_seconds)"},
        ),
        Panel(
            "Set aside and given up",
            "short",
            "Messages that are tried again later, and dead letters since each process began.",
            {
                "{{service}} parked": "max by (service) (tradex_parked_messages)",
                "dead letters": _or_nothing("sum(tradex_dead_letters_total)"),
            },
        ),
        Panel(
            "Breakers",
            "short",
            "0 closed, 1 half-open, 2 open: who has given up on what for now.",
            {"{{job}} {{breaker}}": "max by (job, breaker) (tradex_breaker_state)"},
        ),
    ),
)

SERVICES = Dashboard(
    "Services",
    "What one app does, or all of them.",
    (
        Panel(
            "Requests by route",
            "reqps",
            "How often each route is asked for.",
            {"{{method}} {{route}}": _rate(_REQUESTS, "method, route", _APP)},
        ),
        Panel(
            "Failures by route",
            "reqps",
            "Requests that were refused (4xx) or failed (5xx).",
            {
                "{{method}} {{route}} {{status_class}}": _or_nothing(
                    _rate(
                        _REQUESTS, "method, route, status_class", f'{_APP}, status_class=~"4xx|5xx"'
                    )
                )
            },
        ),
        Panel(
            "Time to an answer by route",
            "s",
            "Until a request's answer began.",
            _quantiles(_DURATION, "method, route", _APP),
            exemplars=True,
        ),
        Panel(
            "Messages",
            "ops",
            "Messages handled, by type and outcome.",
            {"{{job}} {{type}} {{outcome}}": _rate(_HANDLED, "job, type, outcome", _APP)},
        ),
        Panel(
            "Messages that failed",
            "ops",
            "Tries that failed and will be made again.",
            {
                "{{job}} {{topic}}": _or_nothing(
                    _rate("tradex_message_failures_total", "job, topic", _APP)
                )
            },
        ),
        Panel(
            "Time to be handled",
            "s",
            "From when a message was made until it was handled.",
            _quantiles(_LATENCY, "job", _APP),
            exemplars=True,
        ),
        Panel(
            "Database connections",
            "short",
            "Connections in use, how many there may be, and the tasks that wait for one.",
            {
                "{{job}} in use": _sum("tradex_database_pool_connections_in_use", "job", _APP),
                "{{job}} at most": _sum("tradex_database_pool_connections", "job", _APP),
                "{{job}} waiting": _sum("tradex_database_pool_waiting", "job", _APP),
            },
        ),
        Panel(
            "Waiting for servers",
            "ops",
            "Times that a loop found its broker or database away.",
            {
                "{{job}} {{component}}": _or_nothing(
                    _rate("tradex_waits_total", "job, component", _APP)
                )
            },
        ),
        Panel(
            "Passwords",
            "s",
            "How long hashing a password takes.",
            _quantiles("tradex_password_hashing_duration_seconds"),
        ),
        Panel(
            "Processor",
            "percentunit",
            "Processor time used, 100 % being one core.",
            {"{{job}}": _rate("process_cpu_seconds_total", "job", _APP)},
        ),
        Panel(
            "Memory",
            "bytes",
            "Memory in use by process.",
            {"{{job}} {{instance}}": f"process_resident_memory_bytes{{{_APP}}}"},
        ),
        Panel(
            "Open files",
            "percentunit",
            "File descriptors in use, as a part of those allowed.",
            {"{{job}} {{instance}}": f"process_open_fds{{{_APP}}} / process_max_fds{{{_APP}}}"},
        ),
    ),
    by_app=True,
)

KAFKA = Dashboard(
    "Kafka",
    "What travels through the topics, how fast, and what does not arrive.",
    (
        Panel(
            "Published",
            "ops",
            "Messages that the broker acknowledged, by topic.",
            {"{{topic}}": _rate("tradex_messages_published_total", "topic")},
        ),
        Panel(
            "Not acknowledged",
            "ops",
            "Messages that the broker did not take; an outbox publishes its own again.",
            {"{{topic}}": _or_nothing(_rate("tradex_publish_failures_total", "topic"))},
        ),
        Panel(
            "Handled",
            "ops",
            "Messages handled, by topic and consumer.",
            {"{{topic}} {{consumer}}": _rate(_HANDLED, "topic, consumer")},
        ),
        Panel(
            "From producer to consumer",
            "s",
            "From when a message was made until its consumer had handled it.",
            _quantiles(_LATENCY, "topic, consumer"),
            exemplars=True,
        ),
        Panel(
            "Lag",
            "short",
            "Messages in a topic that its consumer has yet to commit.",
            {
                "{{consumer}} {{topic}}": "max by (consumer, topic) (tradex_consumer_lag_messages)",
            },
        ),
        Panel(
            "Given up",
            "short",
            "Dead letters of the last hour, by topic and reason.",
            {
                "{{consumer}} {{topic}} {{reason}}": _or_nothing(
                    "sum by (consumer, topic, reason) (increase(tradex_dead_letters_total[1h]))"
                )
            },
        ),
        Panel(
            "Outboxes",
            "short",
            "Messages that are committed and not yet published.",
            {"{{service}}": "max by (service) (tradex_outbox_messages)"},
        ),
        Panel(
            "Commands on their way",
            "short",
            "Commands that the broker has not acknowledged to a gateway yet.",
            {"in flight": "sum(tradex_commands_in_flight)"},
        ),
        Panel(
            "Traces that are lost",
            "ops",
            "Spans that no collector took.",
            {"{{job}}": _rate("tradex_spans_dropped_total", "job")},
        ),
    ),
)

BUSINESS = Dashboard(
    "Business",
    "What people do here, and what comes of it.",
    (
        Panel(
            "Orders",
            "ops",
            "Orders placed, confirmed and cancelled.",
            {
                "placed": _rate("tradex_orders_created_total"),
                "confirmed": _rate("tradex_orders_confirmed_total"),
                "cancelled": _rate("tradex_orders_cancelled_total"),
            },
        ),
        Panel(
            "Orders that are confirmed",
            "percentunit",
            "Orders confirmed in the last hour, as a part of those placed.",
            {
                "confirmed": "sum(increase(tradex_orders_confirmed_total[1h]))"
                " / sum(increase(tradex_orders_created_total[1h]))"
            },
        ),
        Panel(
            "Why orders are cancelled",
            "ops",
            "Cancelled orders by reason.",
            {"{{reason}}": _rate("tradex_orders_cancelled_total", "reason")},
        ),
        Panel(
            "Stock",
            "ops",
            "Orders whose stock was reserved, and those for which there was none.",
            {
                "reserved": _rate("tradex_stock_reserved_total"),
                "{{reason}}": _or_nothing(_rate("tradex_stock_rejected_total", "reason")),
            },
        ),
        Panel(
            "Time to place an order",
            "s",
            "From when an order was accepted until it existed.",
            _quantiles("tradex_operation_duration_seconds", where='command="CREATE_ORDER"'),
        ),
        Panel(
            "Accounts",
            "ops",
            "Accounts opened, by role.",
            {"{{role}}": _rate("tradex_users_registered_total", "role")},
        ),
        Panel(
            "Products",
            "short",
            "Products put up for sale since the projector began.",
            {"created": "sum(tradex_products_created_total)"},
        ),
        Panel(
            "Following live",
            "short",
            "Event streams that are open.",
            {"{{of}}": "sum by (of) (tradex_event_streams_open)"},
        ),
    ),
)

DASHBOARDS = {"platform": PLATFORM, "services": SERVICES, "kafka": KAFKA, "business": BUSINESS}


def texts() -> Iterator[tuple[Path, str]]:
    """Yield each dashboard's file and what it holds, a panel a line."""
    for name, dashboard in DASHBOARDS.items():
        panels = [json.dumps(_panel(n, panel)) for n, panel in enumerate(dashboard.panels)]
        listed = ",\n    ".join(panels)
        head = json.dumps(_head(name, dashboard), indent=2).removesuffix("\n}")
        yield FOLDER / f"{name}.json", f'{head},\n  "panels": [\n    {listed}\n  ]\n}}\n'


def _head(name: str, dashboard: Dashboard) -> Mapping[str, Any]:
    return {
        "uid": f"tradex-{name}",
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": ["tradex"],
        "schemaVersion": 41,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [{"type": "dashboards", "tags": ["tradex"], "title": "Tradex", "keepTime": True}],
        "templating": {"list": [_CHOICE_OF_APP] if dashboard.by_app else []},
    }


_CHOICE_OF_APP = {
    "name": "app",
    "label": "App",
    "type": "query",
    "datasource": _DATASOURCE,
    "query": "label_values(tradex_build_info, job)",
    "includeAll": True,
    "allValue": ".+",
    "current": {"text": "All", "value": "$__all"},
    "refresh": 2,
}


def _panel(number: int, panel: Panel) -> Mapping[str, Any]:
    row, column = divmod(number, _A_ROW)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": _DATASOURCE,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [
            {
                "refId": chr(ord("A") + n),
                "expr": e,
                "legendFormat": legend,
                "exemplar": panel.exemplars,
            }
            for n, (legend, e) in enumerate(panel.queries.items())
        ],
    }


def main() -> None:
    """Write every dashboard."""
    for file, text in texts():
        file.write_text(text, encoding="utf-8")
        print(f"made {file}")  # noqa: T201 - it is a program


if __name__ == "__main__":
    main()
