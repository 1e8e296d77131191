"""What the messaging tells of itself, written into the trace."""

from datetime import timedelta

from tests.simulation.trace import Trace


class TracingObserver:
    """Writes down what is worth a line in a history."""

    def __init__(self, name: str, trace: Trace) -> None:
        self._name = name
        self._trace = trace

    def handled(self, consumer: str, type: str, outcome: str, *, age: timedelta) -> None:  # noqa: A002
        """Nothing: the effects stand in the trace where they are committed."""

    def parked(self, consumer: str, position: str, *, attempts: int, error: str) -> None:
        """Write it down."""
        self._trace(self._name, "parks {} after try {}: {}", position, attempts, error)

    def dead_lettered(self, consumer: str, position: str, *, reason: str, error: str) -> None:
        """Write it down."""
        self._trace(self._name, "gives {} up as {}: {}", position, reason, error)

    def waiting(self, component: str, error: Exception) -> None:
        """Write it down."""
        self._trace(self._name, "waits ({}): {}", component, error)
