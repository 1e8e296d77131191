"""What the orders service is made of."""

from dependency_injector import containers, providers

from adapters.memory.orders import OrdersDatabase, OrdersUnitOfWork
from apps.orders.handlers import OrdersHandlers
from apps.orders.timeouts import Timeouts
from apps.runtime.composition import service
from apps.runtime.settings import Settings
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dispatch import Means

CONSUMER = "orders"


class OrdersContainer(containers.DeclarativeContainer):
    """The orders service on the stores and the broker that the settings choose."""

    settings: providers.Dependency[Settings] = providers.Dependency()
    broker: providers.Dependency[Broker] = providers.Dependency()
    means: providers.Dependency[Means] = providers.Dependency()
    signatures: providers.Dependency[ActorSignatures] = providers.Dependency()

    database = providers.Singleton(OrdersDatabase, means.provided.clock)
    units = providers.Factory(OrdersUnitOfWork, database)
    handlers = providers.Singleton(OrdersHandlers, clock=means.provided.clock)
    timeouts = providers.Singleton(
        Timeouts,
        units.provider,
        database,
        means,
        source=CONSUMER,
        pending_timeout=settings.provided.pending_timeout,
    )
    service = providers.Singleton(
        service,
        CONSUMER,
        handlers.provided.routes.call(),
        units.provider,
        parking=database.provided.parking,
        outbox=database.provided.outbox,
        broker=broker,
        means=means,
        signatures=signatures,
        unsigned_accepted=settings.provided.unsigned_accepted,
        timers=providers.List(timeouts.provided.run),
    )
