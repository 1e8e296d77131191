"""Composes a service from its routes, its store and its broker: the same way in every container."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from apps.runtime.service import Service
from tradex_core.events import topics
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.consume import Consumer
from tradex_core.messaging.dispatch import Dispatcher, Means
from tradex_core.messaging.observer import ObservedProducer
from tradex_core.messaging.opening import Opener
from tradex_core.messaging.outbox import Outbox
from tradex_core.messaging.parking import Parking
from tradex_core.messaging.relay import Relay
from tradex_core.messaging.routes import Routes
from tradex_core.messaging.tracing import traced
from tradex_core.messaging.unit_of_work import W


def service(
    name: str,
    routes: Routes[W],
    units: Callable[[], W],
    *,
    parking: Parking,
    outbox: Outbox,
    broker: Broker,
    means: Means,
    signatures: ActorSignatures,
    unsigned_accepted: bool,
    batch: int = 500,
    pace: float = 0.0,
    timers: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
    publishes: Sequence[str] = (),
) -> Service:
    """Compose a service; nothing runs and nothing connects before its loops are started.

    `publishes` names the topics of its events; those of its replies and dead letters are known.
    """
    opener = Opener(name, routes, signatures=signatures, unsigned_accepted=unsigned_accepted)
    dispatcher = Dispatcher(name, opener, units, parking, means, hold=routes.hold)
    consumer = Consumer(
        name,
        routes.topics,
        dispatcher,
        broker,
        means,
        batch=batch,
        apart=routes.apart,
        pace=pace,
    )
    used = (*routes.topics, *written_topics(routes, publishes))
    producer = traced(ObservedProducer(broker, means.observer), means.tracer)
    relay = Relay(outbox, producer, means, name=f"{name} relay")
    return Service(name, consumer, relay, timers, used)


def written_topics(routes: Routes[W], publishes: Iterable[str]) -> tuple[str, ...]:
    """Return the topics that a service writes: its events, its answers, and its dead letters."""
    answers = (topics.COMMAND_REPLIES,) if routes.commands else ()
    letters = (topics.dead_letter_topic(topic) for topic in routes.topics)
    return (*publishes, *answers, *letters)
