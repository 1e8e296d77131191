"""What every app is made of, alone or in the platform: its broker, its clock, its ears.

Here and in the apps' own containers adapters are imported where they are chosen, and only there: an
app needs no more drivers installed than those of its own servers.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from dependency_injector import containers, providers
from prometheus_client import CollectorRegistry, make_asgi_app

from adapters.memory.broker import MemoryBroker
from adapters.memory.view_unit import ViewsDatabase
from adapters.security.system import SystemClock, SystemEntropy
from adapters.telemetry.business import BusinessMetrics
from adapters.telemetry.declared import Declared, Values
from adapters.telemetry.metrics import MessagingMetrics
from apps.runtime.backlogs import Backlogs
from apps.runtime.extras import extra
from apps.runtime.health import AsgiApp
from apps.runtime.key_purposes import ACTORS
from apps.runtime.key_rings import KeyRings
from apps.runtime.logging import LoggingBreakers, LoggingObserver
from apps.runtime.servers import Database, DatabaseOfViews, Inspection, RunningBroker
from apps.runtime.setting_values import MEMORY, key_ring
from apps.runtime.settings import Settings, variable
from tradex_core.clock import Clock
from tradex_core.events.envelope import ActorSignatures
from tradex_core.key_rings import KeyRing
from tradex_core.messaging.breaker import BreakerObservers
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.observer import Observers
from tradex_core.messaging.tracing import UNTRACED, Tracer
from tradex_core.telemetry import contract

if TYPE_CHECKING:
    from adapters.kafka.settings import KafkaSettings
    from adapters.postgres.database import PoolSettings
    from adapters.telemetry.tracing import OtlpTracer

_KEY_BYTES = 32
_READ_AHEAD_BATCHES = 2
_LINGER = {"gateway": timedelta(milliseconds=3)}
"""How long a message waits for others of its partition: where many clients each send one, half as
many requests go to Kafka. What a service publishes comes in batches, and waits for nothing."""


def given_or_new(ring: KeyRing | None) -> bytes:
    """Return a key of a ring, made now where none is given."""
    return secrets.token_bytes(_KEY_BYTES) if ring is None else ring.keys[0].key


def _signatures(ring: KeyRing | None, key_rings: KeyRings) -> ActorSignatures:
    signatures = ActorSignatures(given_or_new(ring))
    key_rings.follow(ACTORS, key_ring, signatures.use)
    return signatures


def kept_in(url: str) -> str:
    """Return what keeps a database: memory, mongo or postgres."""
    if url == MEMORY:
        return "memory"
    return "mongo" if url.startswith("mongodb") else "postgres"


def chosen_by(url: Any, **choices: providers.Provider[Any]) -> providers.Selector:  # noqa: ANN401
    """Return a provider of whichever choice a database's URL makes."""
    return providers.Selector(providers.Callable(kept_in, url), **choices)


def postgres(setting: str) -> AbstractContextManager[None]:
    """Import the adapters for PostgreSQL inside of it; raises MissingExtra without drivers."""
    return extra("postgres", driver="SQLAlchemy and psycopg", wanted_by=variable(setting))


def mongo(setting: str) -> AbstractContextManager[None]:
    """Import the adapters for MongoDB inside of it; raises MissingExtra without drivers."""
    return extra("mongo", driver="beanie", wanted_by=variable(setting))


def pool_of(settings: Settings) -> "PoolSettings":
    """Return how many connections to PostgreSQL are held, and for how long anything may take."""
    from adapters.postgres.database import PoolSettings

    return PoolSettings(
        size=settings.database_pool_size,
        statement=settings.database_statement_timeout,
        lock=settings.database_lock_timeout,
    )


async def nothing_to_do() -> Sequence[str]:
    """Inspect a database in memory, which is always as it should be."""
    return ()


def inspecting(problem: Callable[[], Awaitable[str | None]]) -> Inspection:
    """Return an inspection of what tells of one problem, or of none."""

    async def inspect() -> Sequence[str]:
        found = await problem()
        return () if found is None else (found,)

    return inspect


def postgres_inspection(settings: Settings, setting: str, service: str) -> Inspection:
    """Return an inspection of whether a service's tables are those that the code wants."""
    with postgres(setting):
        from adapters.postgres import migrate
    return inspecting(partial(migrate.problem, getattr(settings, setting).reveal(), service))


def views_database(settings: Settings, clock: Clock) -> DatabaseOfViews:
    """Return the database of the gateway's views, which the projector writes."""
    if kept_in(settings.gateway_database_url) == "memory":
        return ViewsDatabase(clock)
    with postgres("gateway_database_url"):
        from adapters.postgres import view_unit
    url = settings.gateway_database_url.reveal()
    return view_unit.ViewsDatabase(url, clock, pool_of(settings))


def views_inspection(settings: Settings) -> Inspection:
    """Return the inspection of the database of the gateway's views."""
    if kept_in(settings.gateway_database_url) == "memory":
        return nothing_to_do
    return postgres_inspection(settings, "gateway_database_url", "gateway")


def kafka() -> AbstractContextManager[None]:
    """Import the adapters for Kafka inside of it; raises MissingExtra without drivers."""
    return extra("kafka", driver="confluent-kafka", wanted_by=f"{variable('broker')}=kafka")


def kafka_settings(settings: Settings, app: str) -> "KafkaSettings":
    """Return where Kafka is, and who an app is to it."""
    from adapters.kafka.settings import KafkaSettings

    password = settings.kafka_sasl_password
    return KafkaSettings(
        bootstrap_servers=settings.kafka_bootstrap_servers or "",
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_username,
        sasl_password=password and password.reveal(),
        ssl_ca_location=settings.kafka_ssl_ca_location,
        client_id=f"tradex-{app}",
        group_protocol=settings.kafka_group_protocol,
        linger=_LINGER.get(app, timedelta(0)),
        close_timeout=settings.shutdown_timeout / 5,
    )


def _kafka_broker(settings: Settings, app: str) -> RunningBroker:
    with kafka():
        from adapters.kafka.broker import KafkaBroker
    return KafkaBroker(
        kafka_settings(settings, app),
        read_ahead=_READ_AHEAD_BATCHES * settings.consumer_batch,
    )


def _telemetry(settings: Settings, app: str) -> "OtlpTracer | None":
    """Return what traces, if anything does."""
    if settings.otlp_endpoint is None:
        return None
    with extra("telemetry", driver="OpenTelemetry", wanted_by=variable("otlp_endpoint")):
        from adapters.telemetry.tracing import OtlpTracer, otlp_exporter
    return OtlpTracer(
        otlp_exporter(settings.otlp_endpoint),
        service=app,
        system=settings.broker,
        sampling=settings.trace_sampling,
        clients_decide=settings.client_sampling == "accept",
    )


def _tracer(telemetry: "OtlpTracer | None") -> Tracer:
    return UNTRACED if telemetry is None else telemetry


def _metrics_app(
    registry: CollectorRegistry,
    declared: Declared,
    telemetry: "OtlpTracer | None",
    backlogs: Backlogs,
    databases: Mapping[str, Database],
) -> AsgiApp:
    declared.process(version("tradex"))
    declared.reading(
        contract.SPANS_DROPPED, lambda: [((), telemetry.queue.dropped if telemetry else 0)]
    )
    for metric, values in (
        (contract.OUTBOX_MESSAGES, backlogs.waiting),
        (contract.OUTBOX_AGE, backlogs.ages),
        (contract.PARKED_MESSAGES, backlogs.parked),
        (contract.CONSUMER_LAG, backlogs.lags),
    ):
        declared.reading(metric, values.items)
    for metric, figure in (
        (contract.POOL_SIZE, "size"),
        (contract.POOL_IN_USE, "in_use"),
        (contract.POOL_WAITING, "waiting"),
    ):
        declared.reading(metric, partial(_of_pools, databases, figure))
    app: AsgiApp = make_asgi_app(registry)
    return app


def _of_pools(databases: Mapping[str, Database], figure: str) -> Values:
    pools = {name: database.pool for name, database in databases.items()}
    return [((name,), getattr(pool, figure)) for name, pool in pools.items() if pool is not None]


class RuntimeContainer(containers.DeclarativeContainer):
    """What every app has; `app` names it to the broker, and in what operators see.

    `backlogs` makes what looks at how much waits, and `metrics_app` what serves the metrics, given
    that and the databases whose pools it tells of. `declared` makes metrics. `telemetry` is what
    traces, to be closed at the end; None where nothing does.
    """

    settings: providers.Dependency[Settings] = providers.Dependency()
    app: providers.Dependency[str] = providers.Dependency(default=providers.Object("platform"))

    clock = providers.Singleton(SystemClock)
    entropy = providers.Singleton(SystemEntropy)
    registry = providers.Singleton(CollectorRegistry)
    declared = providers.Singleton(Declared, registry, app)
    counts = providers.Singleton(MessagingMetrics, declared)
    observer = providers.Singleton(
        Observers,
        providers.Singleton(LoggingObserver),
        counts,
        providers.Singleton(BusinessMetrics, declared),
    )
    breakers = providers.Singleton(BreakerObservers, providers.Singleton(LoggingBreakers), counts)
    telemetry = providers.Singleton(_telemetry, settings, app)
    tracer = providers.Singleton(_tracer, telemetry)
    means = providers.Singleton(
        Means,
        clock=clock,
        entropy=entropy,
        observer=observer,
        breakers=breakers,
        tracer=tracer,
    )
    broker = providers.Selector(
        settings.provided.broker,
        memory=providers.Singleton(MemoryBroker, clock),
        kafka=providers.Singleton(_kafka_broker, settings, app),
    )
    key_rings = providers.Singleton(KeyRings, settings, clock)
    signatures = providers.Singleton(_signatures, settings.provided.actor_signing_key, key_rings)
    backlogs = providers.Factory(Backlogs, broker=broker, clock=clock)
    metrics_app = providers.Factory(_metrics_app, registry, declared, telemetry)
