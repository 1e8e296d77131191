"""What operators want to see of the messaging, as a port for logs and metrics."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Protocol

from tradex_core.messaging import tracing


class Observer(Protocol):
    """Hears what happens to messages; must not raise and must not block."""

    def handled(self, consumer: str, type: str, outcome: str, *, age: timedelta) -> None:  # noqa: A002
        """Hear that a message was handled: `outcome` is done or a refusal's slug."""
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


class Postponed:
    """Keeps what one unit of work has to tell, until it is true."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._untold: list[Callable[[], None]] = []

    def handled(self, consumer: str, type: str, outcome: str, *, age: timedelta) -> None:  # noqa: A002
        """Keep it."""
        self._keep(partial(self._observer.handled, consumer, type, outcome, age=age))

    def parked(self, consumer: str, position: str, *, attempts: int, error: str) -> None:
        """Keep it."""
        told = partial(self._observer.parked, consumer, position, attempts=attempts, error=error)
        self._keep(told)

    def dead_lettered(self, consumer: str, position: str, *, reason: str, error: str) -> None:
        """Keep it."""
        told = partial(self._observer.dead_lettered, consumer, position, reason=reason, error=error)
        self._keep(told)

    def _keep(self, told: Callable[[], None]) -> None:
        self._untold.append(tracing.kept(told))

    def tell(self) -> None:
        """Tell it all, in order, each in the span that it was heard in."""
        for told in self._untold:
            told()
