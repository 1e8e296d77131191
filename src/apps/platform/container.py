"""What the platform in one process is made of: the same apps that run alone, on one broker."""

import secrets

from dependency_injector import containers, providers
from prometheus_client import CollectorRegistry, make_asgi_app

from adapters.memory.broker import MemoryBroker
from adapters.memory.database import MemoryDatabase
from adapters.memory.idempotency import MemoryIdempotencyRecords
from adapters.security.passwords import Argon2PasswordHasher
from adapters.security.sealing import HpkeSealer, HpkeUnsealer, SealingKeyPair, generate_key_pair
from adapters.security.system import SystemClock, SystemEntropy
from adapters.security.token_keys import AccessTokenKeys
from adapters.telemetry.metrics import Backlog, MessagingMetrics
from apps.auth.container import AuthContainer
from apps.catalog.container import CatalogContainer
from apps.gateway.collaborators import Failed
from apps.gateway.container import GatewayContainer
from apps.gateway.readiness import Ready
from apps.orders.container import OrdersContainer
from apps.projector.container import ProjectorContainer
from apps.runtime.logging import LoggingObserver
from apps.runtime.settings import Settings
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.observer import Observers

_KEY_BYTES = 32


def _key(given: bytes | None) -> bytes:
    return given or secrets.token_bytes(_KEY_BYTES)


def _metrics_app(registry: CollectorRegistry, databases: dict[str, MemoryDatabase]) -> object:
    """Make the app that `/metrics` is served by; backlogs are read at each scrape."""
    registry.register(
        Backlog(
            "tradex_outbox_messages",
            "Messages committed and not yet published",
            lambda: [(name, len(database.outbox)) for name, database in databases.items()],
        )
    )
    registry.register(
        Backlog(
            "tradex_parked_messages",
            "Messages set aside until their next try",
            lambda: [(name, len(database.parking)) for name, database in databases.items()],
        )
    )
    return make_asgi_app(registry)


def _token_keys(given: str | None) -> AccessTokenKeys:
    return AccessTokenKeys.from_text(given) if given else AccessTokenKeys.generate()


def _sealing_keys(private: str | None, public: str | None) -> SealingKeyPair:
    return SealingKeyPair(private, public) if private and public else generate_key_pair()


class PlatformContainer(containers.DeclarativeContainer):
    """Every app on the in-memory adapters; keys that the settings do not name are made anew."""

    settings: providers.Dependency[Settings] = providers.Dependency()
    ready: providers.Dependency[Ready] = providers.Dependency()
    failed: providers.Dependency[Failed] = providers.Dependency()

    clock = providers.Singleton(SystemClock)
    entropy = providers.Singleton(SystemEntropy)
    registry = providers.Singleton(CollectorRegistry)
    observer = providers.Singleton(
        Observers,
        providers.Singleton(LoggingObserver),
        providers.Singleton(MessagingMetrics, registry),
    )
    means = providers.Singleton(Means, clock=clock, entropy=entropy, observer=observer)
    broker = providers.Singleton(MemoryBroker, clock)
    signatures = providers.Singleton(
        ActorSignatures, providers.Singleton(_key, settings.provided.actor_signing_key)
    )
    hasher = providers.Selector(
        settings.provided.argon2,
        **{
            "default": providers.Singleton(Argon2PasswordHasher),
            "owasp-minimum": providers.Singleton(Argon2PasswordHasher.owasp_minimum),
        },
    )
    sealing_keys = providers.Singleton(
        _sealing_keys, settings.provided.sealing_keys, settings.provided.sealing_public_key
    )

    auth = providers.Container(
        AuthContainer,
        settings=settings,
        broker=broker,
        means=means,
        signatures=signatures,
        hasher=hasher,
        unsealer=providers.Singleton(HpkeUnsealer.from_text, sealing_keys.provided.private),
    )
    catalog = providers.Container(
        CatalogContainer, settings=settings, broker=broker, means=means, signatures=signatures
    )
    orders = providers.Container(
        OrdersContainer, settings=settings, broker=broker, means=means, signatures=signatures
    )
    projector = providers.Container(
        ProjectorContainer, broker=broker, means=means, signatures=signatures
    )
    gateway = providers.Container(
        GatewayContainer,
        settings=settings,
        broker=broker,
        views=projector.database.provided.views,
        idempotency_records=providers.Singleton(MemoryIdempotencyRecords),
        clock=clock,
        entropy=entropy,
        signatures=signatures,
        sealer=providers.Singleton(HpkeSealer.from_text, sealing_keys.provided.public),
        token_keys=providers.Singleton(_token_keys, settings.provided.jwt_signing_key),
        gateway_key=providers.Singleton(_key, settings.provided.gateway_key),
        ready=ready,
        failed=failed,
    )
    metrics_app = providers.Singleton(
        _metrics_app,
        registry,
        providers.Dict(
            auth=auth.database,
            catalog=catalog.database,
            orders=orders.database,
            projector=projector.database,
        ),
    )
