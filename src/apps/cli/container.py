"""What the commands that operate a platform are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from dependency_injector import containers, providers

from adapters.security.key_text import format_ring, parse_ring, secret_id
from adapters.security.sealing import public_ring, sealing_key_id
from adapters.security.system import SystemClock
from adapters.security.token_keys import token_key_id
from apps.cli.processes import container_of
from apps.operations.acls import Acls
from apps.operations.catalog_as_told import CatalogAsTold
from apps.operations.databases import Migrations, Upgraded
from apps.operations.key_rotation import RingKind
from apps.operations.orders_as_told import OrdersAsTold
from apps.operations.rebuilding import Rebuild, TellingDispatcher, Told
from apps.operations.replaying import GroupedBroker, LogClock, ServiceReplay
from apps.operations.verification import OrderStories, StockAccounts
from apps.projector.container import CONSUMER
from apps.projector.handlers import projector_routes
from apps.runtime.container import (
    RuntimeContainer,
    kafka,
    kafka_settings,
    mongo,
    pool_of,
    postgres,
)
from apps.runtime.key_purposes import ACTORS, GATEWAY, SEALING, TOKENS
from apps.runtime.requirements import DATABASES
from apps.runtime.setting_values import key_ring, key_ring_text
from apps.runtime.settings import Settings
from tradex_core.clock import Clock
from tradex_core.events.envelope import ActorSignatures
from tradex_core.key_rings import KeyRing
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dispatch import Dispatcher, Means
from tradex_core.messaging.observer import Observers
from tradex_core.messaging.opening import Opener

if TYPE_CHECKING:
    from adapters.mongo.database import MongoDatabase
    from adapters.postgres.view_unit import ViewsDatabase


class _PostgresMigrations:
    """The tables of an app on PostgreSQL, by its history of migrations."""

    def __init__(self, url: str, app: str) -> None:
        self._url = url
        self._app = app

    async def upgrade(self) -> Upgraded:
        from adapters.postgres import migrate

        before, after = await migrate.upgrade(self._url, self._app)
        return Upgraded(before, after, changed=before != after)

    async def problems(self) -> Sequence[str]:
        from adapters.postgres import migrate

        problem = await migrate.problem(self._url, self._app)
        return await migrate.drift(self._url, self._app) if problem is None else [problem]


class _MongoMigrations:
    """The collections and indexes of the catalogue, which have no revisions."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def upgrade(self) -> Upgraded:
        from adapters.mongo import schema

        problem = await schema.schema_problem(self._url)
        await schema.upgrade(self._url)
        return Upgraded(None, None, changed=problem is not None)

    async def problems(self) -> Sequence[str]:
        from adapters.mongo import schema

        problem = await schema.schema_problem(self._url)
        return [] if problem is None else [problem]


def _migrations(settings: Settings, app: str) -> Migrations:
    setting = DATABASES[app]
    url = getattr(settings, setting).reveal()
    if app == "catalog":
        with mongo(setting):
            import adapters.mongo.schema
        return _MongoMigrations(url)
    with postgres(setting):
        import adapters.postgres.migrate  # noqa: F401
    return _PostgresMigrations(url, app)


def _acls(settings: Settings) -> Acls:
    with kafka():
        from adapters.kafka.acls import KafkaAcls
    return KafkaAcls(kafka_settings(settings, "operator"))


def _orders(settings: Settings, clock: Clock) -> OrderStories:
    with postgres("orders_database_url"):
        from adapters.postgres.orders import OrdersDatabase
    return OrdersDatabase(settings.orders_database_url.reveal(), clock, pool_of(settings))


def _catalog(settings: Settings, clock: Clock) -> "MongoDatabase":
    with mongo("catalog_database_url"):
        from adapters.mongo.products import products_database
    return products_database(settings.catalog_database_url.reveal(), clock)


def _stock(database: "MongoDatabase") -> StockAccounts:
    from adapters.mongo.stock_ledger import StockLedger

    return StockLedger(database)


def _rebuild(
    settings: Settings, means: Means, signatures: ActorSignatures, broker: Broker, told: Told
) -> Rebuild:
    with postgres("gateway_database_url"):
        from adapters.postgres.rebuild import ViewsRebuild
        from adapters.postgres.view_unit import ViewsUnitOfWork
    routes = projector_routes()
    opener = Opener(CONSUMER, routes, signatures=signatures, unsigned_accepted=False)

    def dispatcher_of(database: "ViewsDatabase") -> "Dispatcher[ViewsUnitOfWork]":
        units = partial(ViewsUnitOfWork, database)
        return TellingDispatcher(CONSUMER, opener, units, database.parking, means, told=told)

    url = settings.gateway_database_url.reveal()
    return ViewsRebuild(url, means.clock, broker, dispatcher_of, routes.topics)


def now() -> datetime:
    """Return the machine's time."""
    return SystemClock().now()


def _public_halves(ring: KeyRing) -> str:
    return format_ring(public_ring(ring))


_of_secrets = partial(RingKind, key_id=secret_id, read=key_ring, write=key_ring_text)
_of_pairs = partial(RingKind, read=parse_ring, write=format_ring)
RING_KINDS: Final[Mapping[str, RingKind]] = {
    "actor": _of_secrets(ACTORS),
    "gateway": _of_secrets(GATEWAY),
    "jwt": _of_pairs(TOKENS, key_id=token_key_id),
    "sealing": _of_pairs(SEALING, key_id=sealing_key_id, public=_public_halves),
}
"""The rings by their names on the command line."""


_AS_TOLD: Final = {"catalog": CatalogAsTold, "orders": OrdersAsTold}


def replay_of(
    app: str,
    container: Any,  # noqa: ANN401 - each app has a class of its own
    *,
    broker: GroupedBroker,
    means: Means,
    clock: LogClock,
) -> ServiceReplay:
    """Return the replay of an app whose container has been given a broker and that clock."""
    told = _AS_TOLD[app](container.handlers().routes()) if app in _AS_TOLD else None
    if told is not None:
        container.handlers.override(providers.Object(told))
    time_out = None
    if isinstance(told, OrdersAsTold):
        time_out = told.timing_out(container.timeouts(), container.units, clock)
    return ServiceReplay(
        service=container.service(),
        broker=broker,
        database=container.database(),
        means=means,
        clock=clock,
        time_out=time_out,
        told=told,
        directory=container.directory() if app == "auth" else None,
    )


def _replay(
    settings: Settings, app: str, means: Means, signatures: ActorSignatures, broker: GroupedBroker
) -> ServiceReplay:
    clock = LogClock()
    container = container_of(app)(
        # A timer that went off is told which order it was about: that one is overdue.
        settings=replace(settings, pending_timeout=timedelta()),
        broker=broker,
        means=replace(means, clock=clock),
        signatures=signatures,
    )
    return replay_of(app, container, broker=broker, means=means, clock=clock)


class OperatingContainer(containers.DeclarativeContainer):
    """The servers that the settings name, as an operator reaches them."""

    settings: providers.Dependency[Settings] = providers.Dependency()

    runtime = providers.Container(
        RuntimeContainer, settings=settings, app=providers.Object("operator")
    )
    broker = runtime.broker
    acls = providers.Factory(_acls, settings)
    signatures = runtime.signatures
    migrations = providers.Callable(_migrations, settings)
    orders = providers.Singleton(_orders, settings, runtime.clock)
    catalog = providers.Singleton(_catalog, settings, runtime.clock)
    stock = providers.Singleton(_stock, catalog)
    means = providers.Singleton(
        Means,
        clock=runtime.clock,
        entropy=runtime.entropy,
        # What fails in a replay has failed before, and was told then.
        observer=providers.Singleton(Observers),
    )
    replay = providers.Factory(_replay, settings, means=means, signatures=signatures)
    rebuild = providers.Factory(_rebuild, settings, means=means, signatures=signatures)
