"""Metrics of Prometheus's client library, made from what the telemetry contract declares."""

from collections.abc import Callable, Iterable
from itertools import product
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client import core as prometheus
from prometheus_client.registry import Collector

from tradex_core.telemetry import contract
from tradex_core.telemetry.declaring import APPS, Kind, Metric

Values = Iterable[tuple[tuple[str, ...], float]]
"""Values, each with those of its labels in the order that the contract declares them in."""

_FAMILIES: Final = {
    Kind.COUNTER: prometheus.CounterMetricFamily,
    Kind.GAUGE: prometheus.GaugeMetricFamily,
}


# When a counter began says nothing that its process's start does not.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Declared:
    """Makes the metrics of an app, or of the platform, which is all of them.

    One that the contract does not give the app can be counted all the same, and is not shown.
    """

    def __init__(self, registry: CollectorRegistry, app: str) -> None:
        self._registry = registry
        self._app = app

    def counter(self, metric: Metric) -> Counter:
        """Make what counts: from 0 on, where the contract lists the values of every label."""
        counter = Counter(
            metric.name, metric.help, metric.label_names, registry=self._registry_of(metric)
        )
        if metric.labels:
            for values in product(*(label.values for label in metric.labels)):
                counter.labels(*values)
        return counter

    def gauge(self, metric: Metric) -> Gauge:
        """Make what is set."""
        return Gauge(
            metric.name, metric.help, metric.label_names, registry=self._registry_of(metric)
        )

    def histogram(self, metric: Metric) -> Histogram:
        """Make what observes."""
        return Histogram(
            metric.name,
            metric.help,
            metric.label_names,
            buckets=metric.buckets,
            registry=self._registry_of(metric),
        )

    def reading(self, metric: Metric, read: Callable[[], Values]) -> None:
        """Show what `read` returns, which is called at each scrape."""
        registry = self._registry_of(metric)
        if registry is not None:
            registry.register(_Reading(metric, read))

    def process(self, version: str) -> None:
        """Show what runs, and what the process uses of the machine."""
        ProcessCollector(registry=self._registry)
        self.gauge(contract.BUILD_INFO).labels(self._app, version).set(1)

    def _registry_of(self, metric: Metric) -> CollectorRegistry | None:
        is_ours = self._app in metric.apps or self._app not in APPS
        return self._registry if is_ours else None


class _Reading(Collector):
    def __init__(self, metric: Metric, read: Callable[[], Values]) -> None:
        self._metric = metric
        self._read = read

    def collect(self) -> Iterable[prometheus.Metric]:
        metric = self._metric
        family = _FAMILIES[metric.kind](metric.name, metric.help, labels=metric.label_names)
        for labels, value in self._read():
            family.add_metric(labels, value)
        yield family
