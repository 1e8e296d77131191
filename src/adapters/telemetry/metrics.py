"""What happens to messages, and to the servers that carry them, counted."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from adapters.telemetry.declared import Declared
from adapters.telemetry.exemplars import exemplar
from tradex_core.events import topics
from tradex_core.messaging.broker import Record
from tradex_core.messaging.observer import Handled
from tradex_core.telemetry import contract


class MessagingMetrics:
    """An observer of the messaging, and of circuit breakers, that counts.

    Labels are names of the platform's own.
    """

    def __init__(self, declared: Declared) -> None:
        # Looking a labelled child up costs more than counting does.
        self._handled = cache(declared.counter(contract.MESSAGES_HANDLED).labels)
        self._latency = cache(declared.histogram(contract.MESSAGE_LATENCY).labels)
        self._published = cache(declared.counter(contract.MESSAGES_PUBLISHED).labels)
        self._unpublished = cache(declared.counter(contract.PUBLISH_FAILURES).labels)
        self._failures = declared.counter(contract.MESSAGE_FAILURES).labels
        self._dead = declared.counter(contract.DEAD_LETTERS).labels
        self._waits = declared.counter(contract.WAITS).labels
        self._breaker_state = declared.gauge(contract.BREAKER_STATE).labels
        self._breaker_changes = declared.counter(contract.BREAKER_CHANGES).labels

    def handled(self, messages: Sequence[Handled]) -> None:
        """Count handled messages, and how old each was."""
        counts = Counter((m.consumer, m.record.topic, m.opened.name, m.outcome) for m in messages)
        for labels, count in counts.items():
            self._handled(*labels).inc(count)
        for message in messages:
            age = max(0.0, message.age.total_seconds())
            latency = self._latency(message.consumer, message.record.topic)
            latency.observe(age, exemplar(message.trace))

    def parked(self, consumer: str, record: Record, *, attempts: int, error: str) -> None:
        """Count a failed try."""
        self._failures(consumer, record.topic).inc()

    def dead_lettered(self, consumer: str, record: Record, *, reason: str, error: str) -> None:
        """Count a dead letter."""
        self._dead(consumer, record.topic, reason).inc()

    def waiting(self, component: str, error: Exception) -> None:
        """Count a wait."""
        self._waits(component).inc()

    def published(self, topic: str, count: int, *, failed: bool) -> None:
        """Count what the broker acknowledged, and what it did not."""
        counter = self._unpublished if failed else self._published
        counter(topic if topic in topics.OWN else contract.OTHER).inc(count)

    def begun(self, breaker: str) -> None:
        """Show a breaker, which is closed."""
        self._breaker_state(breaker).set(0)
        for state in contract.BREAKER_STATES:
            self._breaker_changes(breaker, state)

    def changed(self, breaker: str, to: str, *, error: Exception | None) -> None:
        """Show a breaker's state, one of BREAKER_STATES, and count the change."""
        self._breaker_state(breaker).set(contract.BREAKER_STATES.index(to))
        self._breaker_changes(breaker, to).inc()
