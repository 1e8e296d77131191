"""The production containers of every app, on the simulated world instead of the machine."""

from typing import Any, Final

from dependency_injector import providers
from tests.builders.uncounted import Uncounted
from tests.simulation.brokers import SimulatedBroker
from tests.simulation.observing import TracingObserver
from tests.simulation.process import Process
from tests.simulation.stand_ins import QuickHasher, QuickSeal, SeededEntropy, token_keys
from tests.simulation.stores import (
    Queries,
    SimulatedDatabase,
    SimulatedIdempotency,
    SimulatedUnit,
)
from tests.simulation.world import PENDING_TIMEOUT, World

from adapters.memory.orders import OrdersUnitOfWork
from adapters.memory.products import ProductsUnitOfWork
from adapters.memory.users import MemoryUserDirectory, UsersUnitOfWork
from adapters.memory.view_unit import ViewsUnitOfWork
from apps.auth.container import AuthContainer
from apps.catalog.container import CatalogContainer
from apps.gateway.collaborators import Collaborators
from apps.gateway.container import GatewayContainer
from apps.orders.container import OrdersContainer
from apps.projector.container import ProjectorContainer
from apps.runtime.service import Service
from apps.runtime.settings import NO_LIMITS, Settings
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.retry import Backoff

BACKOFF: Final = Backoff(first=0.05, factor=2.0, cap=0.8, tries=6)
"""Shorter than in production, so that a run sees messages given up."""

BATCH: Final = 4
"""So few that batches are full, and handled side by side."""

ACTOR_KEY: Final = b"the key that gateway and services share"
GATEWAY_KEY: Final = b"the key of every gateway's digests"
SIGNATURES: Final = ActorSignatures(ACTOR_KEY)

CONTAINERS: Final[dict[str, tuple[Any, Any]]] = {
    "auth": (AuthContainer, UsersUnitOfWork),
    "catalog": (CatalogContainer, ProductsUnitOfWork),
    "orders": (OrdersContainer, OrdersUnitOfWork),
    "projector": (ProjectorContainer, ViewsUnitOfWork),
}


def service_of(process: Process, world: World) -> Service:
    """Compose a service for a process, as its own image would."""
    container_class, unit_class = CONTAINERS[process.app]
    database, link = world.databases[process.app], world.link(process, process.app)
    given: dict[str, Any] = {
        "broker": providers.Object(broker_of(process, world)),
        "means": providers.Object(means_of(process, world)),
        "signatures": providers.Object(SIGNATURES),
        "settings": providers.Object(settings_of(world)),
    }
    if process.app == "auth":
        given |= {
            "hasher": providers.Object(QuickHasher()),
            "unsealer": providers.Object(QuickSeal()),
        }
    container = container_class(**given)
    container.database.override(providers.Object(SimulatedDatabase(database, link)))
    container.units.override(
        providers.Callable(
            lambda: SimulatedUnit(unit_class(database), link, world.journal, world.loop.time())
        )
    )
    if process.app == "auth":
        container.executor.override(providers.Object(None))
        directory = Queries(MemoryUserDirectory(database), link)
        container.directory.override(providers.Object(directory))
    service: Service = container.service()
    return service


def gateway_of(process: Process, world: World) -> Collaborators:
    """Compose what a gateway's app works with, for a process."""
    link = world.link(process, "gateway")
    container = GatewayContainer(
        settings=providers.Object(settings_of(world)),
        broker=providers.Object(broker_of(process, world)),
        views=providers.Object(Queries(world.views.views, world.link(process, "projector"))),
        idempotency_records=providers.Object(SimulatedIdempotency(world.idempotency, link)),
        clock=providers.Object(process.clock),
        entropy=providers.Object(SeededEntropy(world.stream_of(process))),
        signatures=providers.Object(SIGNATURES),
        sealer=providers.Object(QuickSeal()),
        token_keys=providers.Object(token_keys()),
        gateway_key=providers.Object(GATEWAY_KEY),
        failed=providers.Object(lambda error: process.die(f"the follower ended: {error}")),
    )
    # What counts requests looks at a real clock.
    container.metrics.override(providers.Object(Uncounted()))
    collaborators: Collaborators = container.collaborators()
    return collaborators


def broker_of(process: Process, world: World) -> SimulatedBroker:
    """Return the broker as a process reaches it."""
    return SimulatedBroker(world.wire, world.link(process, "broker"))


def means_of(process: Process, world: World) -> Means:
    """Return a process's clock, chance and ears."""
    return Means(
        clock=process.clock,
        entropy=SeededEntropy(world.stream_of(process)),
        observer=TracingObserver(process.name, world.trace),
        backoff=BACKOFF,
    )


def settings_of(world: World) -> Settings:
    """Return what every process of a world is set to."""
    room = 2 if world.plan.is_crowded else 1000
    return Settings.embedded(
        pending_timeout=PENDING_TIMEOUT,
        actor_signing_key=ACTOR_KEY,
        gateway_key=GATEWAY_KEY,
        max_pending=room,
        max_in_flight=room,
        max_sign_ins=room,
        max_streams=room,
        consumer_batch=BATCH,
        unsigned_commands="refuse" if world.plan.refuses_unsigned else "accept",
        **NO_LIMITS,
    )
