"""What operators want to see of the messaging, as a port for logs and metrics."""

from datetime import timedelta
from typing import Protocol


class Observer(Protocol):
    """Hears what happens to messages; must not raise and must not block."""

    def handled(self, consumer: str, type: str, outcome: str, *, age: timedelta) -> None:  # noqa: A002
        """Hear that a message was handled: `outcome` is done, a refusal's slug, or repeated."""
        ...

    def parked(self, consumer: str, position: str, *, attempts: int, error: str) -> None:
        """Hear that a message failed and was set aside."""
        ...

    def dead_lettered(self, consumer: str, position: str, *, reason: str, error: str) -> None:
        """Hear that a message was given up."""
        ...

    def waiting(self, component: str, error: Exception) -> None:
        """Hear that a component waits for a server, or for something the broker refuses."""
        ...


class Observers:
    """Several observers as one; with none it is silent."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def handled(self, consumer: str, type: str, outcome: str, *, age: timedelta) -> None:  # noqa: A002
        """Tell each."""
        for observer in self._observers:
            observer.handled(consumer, type, outcome, age=age)

    def parked(self, consumer: str, position: str, *, attempts: int, error: str) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.parked(consumer, position, attempts=attempts, error=error)

    def dead_lettered(self, consumer: str, position: str, *, reason: str, error: str) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.dead_lettered(consumer, position, reason=reason, error=error)

    def waiting(self, component: str, error: Exception) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.waiting(component, error)
