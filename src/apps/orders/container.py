"""What the orders service is made of."""

from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from adapters.memory.orders import OrdersDatabase, OrdersUnitOfWork
from apps.orders.handlers import PUBLISHES, OrdersHandlers, OrdersUnit
from apps.orders.timeouts import Timeouts
from apps.runtime.composition import service
from apps.runtime.container import (
    chosen_by,
    nothing_to_do,
    pool_of,
    postgres,
    postgres_inspection,
)
from apps.runtime.servers import Database
from apps.runtime.settings import Settings
from tradex_core.clock import Clock
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dispatch import Means

if TYPE_CHECKING:
    from adapters.postgres.database import PostgresDatabase

CONSUMER = "orders"
_URL = "orders_database_url"


def _postgres_database(settings: Settings, clock: Clock) -> Database:
    with postgres(_URL):
        from adapters.postgres import orders
    return orders.OrdersDatabase(settings.orders_database_url.reveal(), clock, pool_of(settings))


def _postgres_unit(database: "PostgresDatabase") -> OrdersUnit:
    from adapters.postgres.orders import OrdersUnitOfWork as PostgresUnit

    return PostgresUnit(database)


class OrdersContainer(containers.DeclarativeContainer):
    """The orders service on the stores that the settings choose, and the broker it is given."""

    settings: providers.Dependency[Settings] = providers.Dependency()
    broker: providers.Dependency[Broker] = providers.Dependency()
    means: providers.Dependency[Means] = providers.Dependency()
    signatures: providers.Dependency[ActorSignatures] = providers.Dependency()

    database = chosen_by(
        settings.provided.orders_database_url,
        memory=providers.Singleton(OrdersDatabase, means.provided.clock),
        postgres=providers.Singleton(_postgres_database, settings, means.provided.clock),
    )
    inspection = chosen_by(
        settings.provided.orders_database_url,
        memory=providers.Object(nothing_to_do),
        postgres=providers.Callable(postgres_inspection, settings, _URL, CONSUMER),
    )
    units = chosen_by(
        settings.provided.orders_database_url,
        memory=providers.Factory(OrdersUnitOfWork, database),
        postgres=providers.Factory(_postgres_unit, database),
    )
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
        batch=settings.provided.consumer_batch,
        timers=providers.List(timeouts.provided.run),
        publishes=PUBLISHES,
    )
