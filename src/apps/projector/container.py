"""What the projector is made of."""

from dependency_injector import containers, providers

from adapters.memory.view_unit import ViewsDatabase, ViewsUnitOfWork
from apps.projector.handlers import projector_routes
from apps.runtime.composition import service
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dispatch import Means

CONSUMER = "projector"


class ProjectorContainer(containers.DeclarativeContainer):
    """The projector on the database of views and the broker that the settings choose."""

    broker: providers.Dependency[Broker] = providers.Dependency()
    means: providers.Dependency[Means] = providers.Dependency()
    signatures: providers.Dependency[ActorSignatures] = providers.Dependency()

    database = providers.Singleton(ViewsDatabase, means.provided.clock)
    units = providers.Factory(ViewsUnitOfWork, database)
    service = providers.Singleton(
        service,
        CONSUMER,
        providers.Callable(projector_routes),
        units.provider,
        parking=database.provided.parking,
        outbox=database.provided.outbox,
        broker=broker,
        means=means,
        signatures=signatures,
        unsigned_accepted=False,
    )
