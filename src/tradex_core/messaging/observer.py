"""What operators want to see of the messaging, as a port for logs and metrics."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

import msgspec

from tradex_core.messaging import tracing
from tradex_core.messaging.broker import Message, Producer, Record
from tradex_core.messaging.routes import Opened


class Handled(msgspec.Struct, frozen=True, gc=False):
    """A message that a consumer handled: `outcome` is done or a refusal's slug."""

    consumer: str
    record: Record
    opened: Opened
    outcome: str
    age: timedelta


class Observer(Protocol):
    """Hears what happens to messages; must not raise and must not block."""

    def handled(self, message: Handled) -> None:
        """Hear that a message was handled."""
        ...

    def parked(self, consumer: str, record: Record, *, attempts: int, error: str) -> None:
        """Hear that a message failed and was set aside."""
        ...

    def dead_lettered(self, consumer: str, record: Record, *, reason: str, error: str) -> None:
        """Hear that a message was given up."""
        ...

    def waiting(self, component: str, error: Exception) -> None:
        """Hear that a component waits for a server, or for something the broker refuses."""
        ...

    def published(self, topic: str, error: Exception | None) -> None:
        """Hear that the broker acknowledged a message, or why it did not."""
        ...


class Observers:
    """Several observers as one; with none it is silent."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def handled(self, message: Handled) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.handled(message)

    def parked(self, consumer: str, record: Record, *, attempts: int, error: str) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.parked(consumer, record, attempts=attempts, error=error)

    def dead_lettered(self, consumer: str, record: Record, *, reason: str, error: str) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.dead_lettered(consumer, record, reason=reason, error=error)

    def waiting(self, component: str, error: Exception) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.waiting(component, error)

    def published(self, topic: str, error: Exception | None) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.published(topic, error)


class Postponed:
    """Keeps what one unit of work has to tell, until it is true."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._untold: list[tuple[tracing.Span, Callable[[], None]]] = []

    def handled(self, message: Handled) -> None:
        """Keep it."""
        self._keep(partial(self._observer.handled, message))

    def parked(self, consumer: str, record: Record, *, attempts: int, error: str) -> None:
        """Keep it."""
        told = partial(self._observer.parked, consumer, record, attempts=attempts, error=error)
        self._keep(told)

    def dead_lettered(self, consumer: str, record: Record, *, reason: str, error: str) -> None:
        """Keep it."""
        told = partial(self._observer.dead_lettered, consumer, record, reason=reason, error=error)
        self._keep(told)

    def _keep(self, told: Callable[[], None]) -> None:
        self._untold.append((tracing.current(), told))

    def tell(self) -> None:
        """Tell it all, in order, each in the span that it was heard in."""
        tracing.made_in(self._untold)


class ObservedProducer:
    """A producer of whose messages an observer hears."""

    def __init__(self, producer: Producer, observer: Observer) -> None:
        self._producer = producer
        self._observer = observer

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Publish as the producer does."""
        answers = await self._producer.publish(messages)
        for message, error in zip(messages, answers, strict=True):
            self._observer.published(message.topic, error)
        return answers
