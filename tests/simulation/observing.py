"""What the messaging tells of itself, written into the trace."""

from collections.abc import Sequence

from tests.simulation.trace import Trace

from tradex_core.messaging.broker import Record
from tradex_core.messaging.observer import Handled


class TracingObserver:
    """Writes down what is worth a line in a history."""

    def __init__(self, name: str, trace: Trace) -> None:
        self._name = name
        self._trace = trace

    def handled(self, messages: Sequence[Handled]) -> None:
        """Nothing: the effects stand in the trace where they are committed."""

    def parked(self, consumer: str, record: Record, *, attempts: int, error: str) -> None:
        """Write it down."""
        self._trace(self._name, "parks {} after try {}: {}", record.position, attempts, error)

    def dead_lettered(self, consumer: str, record: Record, *, reason: str, error: str) -> None:
        """Write it down."""
        self._trace(self._name, "gives {} up as {}: {}", record.position, reason, error)

    def waiting(self, component: str, error: Exception) -> None:
        """Write it down."""
        self._trace(self._name, "waits ({}): {}", component, error)

    def published(self, topic: str, count: int, *, failed: bool) -> None:
        """Nothing: what is published stands in the trace of the broker."""
