"""What the projector is made of."""

from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from adapters.memory.view_unit import ViewsUnitOfWork
from apps.projector.handlers import ViewsUnit, projector_routes
from apps.runtime.composition import service
from apps.runtime.container import chosen_by, views_database, views_inspection
from apps.runtime.settings import Settings
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dispatch import Means

if TYPE_CHECKING:
    from adapters.postgres.view_unit import ViewsDatabase

CONSUMER = "projector"
_PACE_SECONDS = 0.02
"""What tells of one order comes within this time: its views are changed together, not each time."""


def _postgres_unit(database: "ViewsDatabase") -> ViewsUnit:
    from adapters.postgres.view_unit import ViewsUnitOfWork as PostgresUnit

    return PostgresUnit(database)


class ProjectorContainer(containers.DeclarativeContainer):
    """The projector on the database that the settings choose, and the broker that it is given."""

    settings: providers.Dependency[Settings] = providers.Dependency()
    broker: providers.Dependency[Broker] = providers.Dependency()
    means: providers.Dependency[Means] = providers.Dependency()
    signatures: providers.Dependency[ActorSignatures] = providers.Dependency()

    database = providers.Singleton(views_database, settings, means.provided.clock)
    inspection = providers.Callable(views_inspection, settings)
    units = chosen_by(
        settings.provided.gateway_database_url,
        memory=providers.Factory(ViewsUnitOfWork, database),
        postgres=providers.Factory(_postgres_unit, database),
    )
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
        batch=settings.provided.consumer_batch,
        pace=_PACE_SECONDS,
    )
