"""What operators want to see of the messaging, as a port for logs and metrics."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

import msgspec

from tradex_core.messaging import tracing
from tradex_core.messaging.broker import Message, Producer, Record
from tradex_core.messaging.routes import Opened
from tradex_core.messaging.tracing import Trace


class Handled(msgspec.Struct, frozen=True, gc=False):
    """A message that a consumer handled: `outcome` is done or a refusal's slug.

    `trace` is where in its trace that was; None where nothing is traced.
    """

    consumer: str
    record: Record
    opened: Opened
    outcome: str
    age: timedelta
    trace: Trace | None = None


class Observer(Protocol):
    """Hears what happens to messages; must not raise and must not block."""

    def handled(self, messages: Sequence[Handled]) -> None:
        """Hear of messages that were handled together."""
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

    def published(self, topic: str, count: int, *, failed: bool) -> None:
        """Hear that the broker acknowledged so many messages, or did not."""
        ...


class Observers:
    """Several observers as one; with none it is silent."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def handled(self, messages: Sequence[Handled]) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.handled(messages)

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

    def published(self, topic: str, count: int, *, failed: bool) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.published(topic, count, failed=failed)


class Postponed:
    """Keeps what one unit of work has to tell, until it is true."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._handled: list[Handled] = []
        self._untold: list[tuple[tracing.Span, Callable[[], None]]] = []

    def handled(self, message: Handled) -> None:
        """Keep it."""
        self._handled.append(message)

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
        """Tell what was handled, then the rest in order, each in the span that it was heard in."""
        if self._handled:
            self._observer.handled(self._handled)
        tracing.made_in(self._untold)


class ObservedProducer:
    """A producer of whose messages an observer hears."""

    def __init__(self, producer: Producer, observer: Observer) -> None:
        self._producer = producer
        self._observer = observer

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Publish as the producer does."""
        answers = await self._producer.publish(messages)
        counts: dict[tuple[str, bool], int] = {}
        for message, answer in zip(messages, answers, strict=True):
            outcome = (message.topic, answer is not None)
            counts[outcome] = counts.get(outcome, 0) + 1
        for (topic, failed), count in counts.items():
            self._observer.published(topic, count, failed=failed)
        return answers
