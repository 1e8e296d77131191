"""What happens to messages, and to the servers that carry them, counted."""

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

    def handled(self, message: Handled) -> None:
        """Count a handled message and how old it was."""
        consumer, topic = message.consumer, message.record.topic
        self._handled(consumer, topic, message.opened.name, message.outcome).inc()
        age = max(0.0, message.age.total_seconds())
        self._latency(consumer, topic).observe(age, exemplar())

    def parked(self, consumer: str, record: Record, *, attempts: int, error: str) -> None:
        """Count a failed try."""
        self._failures(consumer, record.topic).inc()

    def dead_lettered(self, consumer: str, record: Record, *, reason: str, error: str) -> None:
        """Count a dead letter."""
        self._dead(consumer, record.topic, reason).inc()

    def waiting(self, component: str, error: Exception) -> None:
        """Count a wait."""
        self._waits(component).inc()

    def published(self, topic: str, error: Exception | None) -> None:
        """Count what the broker acknowledged, and what it did not."""
        count = self._published if error is None else self._unpublished
        count(topic if topic in topics.OWN else contract.OTHER).inc()

    def begun(self, breaker: str) -> None:
        """Show a breaker, which is closed."""
        self._breaker_state(breaker).set(0)
        for state in contract.BREAKER_STATES:
            self._breaker_changes(breaker, state)

    def changed(self, breaker: str, to: str, *, error: Exception | None) -> None:
        """Show a breaker's state, one of BREAKER_STATES, and count the change."""
        self._breaker_state(breaker).set(contract.BREAKER_STATES.index(to))
        self._breaker_changes(breaker, to).inc()
