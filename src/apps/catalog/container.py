"""What the catalogue service is made of."""

from functools import partial
from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from adapters.memory.products import ProductsUnitOfWork, products_database
from apps.catalog.handlers import PUBLISHES, CatalogHandlers, CatalogUnit
from apps.runtime.composition import service
from apps.runtime.container import chosen_by, inspecting, mongo, nothing_to_do
from apps.runtime.servers import Database, Inspection
from apps.runtime.settings import Settings
from tradex_core.clock import Clock
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dispatch import Means

if TYPE_CHECKING:
    from adapters.mongo.database import MongoDatabase

CONSUMER = "catalog"
_URL = "catalog_database_url"


def _mongo_database(settings: Settings, clock: Clock) -> Database:
    with mongo(_URL):
        from adapters.mongo import products
    return products.products_database(
        settings.catalog_database_url.reveal(),
        clock=clock,
        pool_size=settings.database_pool_size,
    )


def _mongo_inspection(settings: Settings) -> Inspection:
    with mongo(_URL):
        from adapters.mongo import schema
    return inspecting(partial(schema.schema_problem, settings.catalog_database_url.reveal()))


def _mongo_unit(database: "MongoDatabase") -> CatalogUnit:
    from adapters.mongo.products import ProductsUnitOfWork as MongoUnit

    return MongoUnit(database)


class CatalogContainer(containers.DeclarativeContainer):
    """The catalogue on the stores that the settings choose, and the broker that it is given."""

    settings: providers.Dependency[Settings] = providers.Dependency()
    broker: providers.Dependency[Broker] = providers.Dependency()
    means: providers.Dependency[Means] = providers.Dependency()
    signatures: providers.Dependency[ActorSignatures] = providers.Dependency()

    database = chosen_by(
        settings.provided.catalog_database_url,
        memory=providers.Singleton(products_database, means.provided.clock),
        mongo=providers.Singleton(_mongo_database, settings, means.provided.clock),
    )
    inspection = chosen_by(
        settings.provided.catalog_database_url,
        memory=providers.Object(nothing_to_do),
        mongo=providers.Callable(_mongo_inspection, settings),
    )
    units = chosen_by(
        settings.provided.catalog_database_url,
        memory=providers.Factory(ProductsUnitOfWork, database),
        mongo=providers.Factory(_mongo_unit, database),
    )
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
        batch=settings.provided.consumer_batch,
        publishes=PUBLISHES,
    )
