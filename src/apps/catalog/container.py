"""What the catalogue service is made of."""

from dependency_injector import containers, providers

from adapters.memory.products import ProductsUnitOfWork, products_database
from apps.catalog.handlers import CatalogHandlers
from apps.runtime.composition import service
from apps.runtime.settings import Settings
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dispatch import Means

CONSUMER = "catalog"


class CatalogContainer(containers.DeclarativeContainer):
    """The catalogue service on the stores and the broker that the settings choose."""

    settings: providers.Dependency[Settings] = providers.Dependency()
    broker: providers.Dependency[Broker] = providers.Dependency()
    means: providers.Dependency[Means] = providers.Dependency()
    signatures: providers.Dependency[ActorSignatures] = providers.Dependency()

    database = providers.Singleton(products_database, means.provided.clock)
    units = providers.Factory(ProductsUnitOfWork, database)
    handlers = providers.Singleton(CatalogHandlers, clock=means.provided.clock)
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
    )
