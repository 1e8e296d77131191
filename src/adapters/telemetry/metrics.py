"""Metrics in Prometheus's text format: what happens to messages, and what waits."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_AGES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300)


class MessagingMetrics:
    """An observer of the messaging that counts; labels are names of the platform's own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._handled = Counter(
            "tradex_messages_handled",
            "Messages handled, by consumer, type and outcome (done, or a refusal's slug)",
            ["consumer", "type", "outcome"],
            registry=registry,
        )
        self._age = Histogram(
            "tradex_message_age_seconds",
            "How old a message was when it was handled",
            ["consumer"],
            buckets=_AGES,
            registry=registry,
        )
        # Looking a labelled child up costs more than counting does.
        self._handled_by = cache(self._handled.labels)
        self._age_of = cache(self._age.labels)
        self._failures = Counter(
            "tradex_message_failures",
            "Failed tries of messages that were set aside, by consumer",
            ["consumer"],
            registry=registry,
        )
        self._dead = Counter(
            "tradex_dead_letters",
            "Messages given up, by consumer and reason",
            ["consumer", "reason"],
            registry=registry,
        )
        self._waits = Counter(
            "tradex_waits",
            "Times that a component waited for a server, by component",
            ["component"],
            registry=registry,
        )

    def handled(self, consumer: str, type: str, outcome: str, *, age: timedelta) -> None:  # noqa: A002
        """Count a handled message and how old it was."""
        self._handled_by(consumer, type, outcome).inc()
        self._age_of(consumer).observe(max(0.0, age.total_seconds()))

    def parked(self, consumer: str, position: str, *, attempts: int, error: str) -> None:
        """Count a failed try."""
        self._failures.labels(consumer).inc()

    def dead_lettered(self, consumer: str, position: str, *, reason: str, error: str) -> None:
        """Count a dead letter."""
        self._dead.labels(consumer, reason).inc()

    def waiting(self, component: str, error: Exception) -> None:
        """Count a wait."""
        self._waits.labels(component).inc()


class Backlog(Collector):
    """Reads at each scrape how much waits: `read` gives a number per service."""

    def __init__(
        self, name: str, help_text: str, read: Callable[[], Iterable[tuple[str, int]]]
    ) -> None:
        self._name = name
        self._help = help_text
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """Yield the gauge."""
        gauge = GaugeMetricFamily(self._name, self._help, labels=["service"])
        for service, value in self._read():
            gauge.add_metric([service], value)
        yield gauge
