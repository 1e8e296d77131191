"""What a process shows to operators, held against the telemetry contract."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from prometheus_client.core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

from apps.cli.asyncapi import asyncapi_document
from apps.gateway.openapi_operations import OPERATIONS
from tradex_core.errors import Refusal
from tradex_core.events import topics
from tradex_core.telemetry import contract
from tradex_core.telemetry.declaring import APPS, Metric

_DECLARED: Final = {metric.name: metric for metric in contract.METRICS}
_FIELDS: Final = {field.name for field in contract.LOG_FIELDS}
_COMMANDS: Final = {
    name for name in asyncapi_document()["components"]["messages"] if name.isupper()
}


def _slugs(kind: type[Refusal]) -> set[str]:
    kinds = kind.__subclasses__()
    return {each.slug for each in kinds}.union(*map(_slugs, kinds))


_BOUNDS: Final[Mapping[str, set[str]]] = {
    "topic": {*topics.OWN, contract.OTHER},
    "type": {*_COMMANDS, *topics.EVENTS, topics.COMMAND_REPLIES},
    "command": _COMMANDS,
    "outcome": {"done", *_slugs(Refusal)},
    "route": {*(each.path for each in OPERATIONS), "unmatched"},
    "service": set(APPS),
}
"""Of labels whose values the contract does not list: all that there are."""


def told_wrongly(scrape: str) -> list[str]:
    """Return what in a scrape is not as declared: name, kind, help, labels and their values."""
    return [each for family in _families(scrape) for each in _wrong(family)]


def shown(scrape: str) -> set[str]:
    """Return the names of our metrics in a scrape."""
    return {_name(family) for family in _families(scrape)} & _DECLARED.keys()


def declared(app: str | None = None) -> set[str]:
    """Return the names of the metrics that an app should show; None: all of them in one process."""
    return {metric.name for metric in contract.METRICS if app is None or app in metric.apps}


def on_servers() -> set[str]:
    """Return the names of the metrics that have values only where a database is a server."""
    return {metric.name for metric in contract.METRICS if metric.on_servers}


def sampled(scrape: str) -> set[str]:
    """Return the names of our metrics that have at least one value in a scrape."""
    return {_name(family) for family in _families(scrape) if family.samples}


def unknown_fields(lines: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the fields of lines of the log that are not declared."""
    return {name for line in lines for name in line if not name.startswith("labels.")} - _FIELDS


def _families(scrape: str) -> Iterable[Family]:
    return text_string_to_metric_families(scrape)


def _name(family: Family) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _wrong(family: Family) -> Iterator[str]:
    name = _name(family)
    metric = _DECLARED.get(name)
    if metric is None:
        if name not in contract.PROCESS_METRICS:
            yield f"{name} is not declared"
        return
    if (metric.kind.value, metric.help) != (family.type, family.documentation):
        yield f"{name} is a {family.type}: {family.documentation}"
    for sample in family.samples:
        labels = {label: value for label, value in sample.labels.items() if label != "le"}
        if labels.keys() != set(metric.label_names):
            yield f"{name} has the labels {sorted(labels)}"
        yield from _out_of_bounds(metric, labels)


def _out_of_bounds(metric: Metric, labels: Mapping[str, str]) -> Iterator[str]:
    for label in metric.labels:
        value, bounds = labels.get(label.name, ""), label.values or _BOUNDS.get(label.name)
        if bounds is not None and value not in bounds:
            yield f"{metric.name} has {label.name}={value}"
