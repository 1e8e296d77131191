"""What the platform in one process is made of: the same apps that run alone, on one broker."""

from dependency_injector import providers

from adapters.security.key_text import parse_ring
from adapters.security.sealing import SealingKeyPair, generate_key_pair
from adapters.security.token_keys import AccessTokenKeys
from apps.auth.container import AuthContainer, unsealer_of
from apps.catalog.container import CatalogContainer
from apps.gateway.collaborators import Failed
from apps.gateway.container import GatewayContainer, sealer_of
from apps.gateway.readiness import Ready
from apps.orders.container import OrdersContainer
from apps.projector.container import ProjectorContainer
from apps.runtime.container import RuntimeContainer, given_or_new
from apps.runtime.key_purposes import TOKENS
from apps.runtime.key_rings import KeyRings


def _token_keys(key_rings: KeyRings) -> AccessTokenKeys:
    keys = AccessTokenKeys.generate()
    key_rings.follow(TOKENS, parse_ring, keys.use)
    return keys


def _sealing_keys(private: str | None, public: str | None) -> SealingKeyPair:
    return SealingKeyPair(private, public) if private and public else generate_key_pair()


class PlatformContainer(RuntimeContainer):
    """Every app on what the settings choose; keys that they do not name are made anew."""

    ready: providers.Dependency[Ready] = providers.Dependency()
    failed: providers.Dependency[Failed] = providers.Dependency()

    settings, broker = RuntimeContainer.settings, RuntimeContainer.broker
    tracer, telemetry = RuntimeContainer.tracer, RuntimeContainer.telemetry
    breakers = RuntimeContainer.breakers
    means, signatures = RuntimeContainer.means, RuntimeContainer.signatures
    key_rings, declared = RuntimeContainer.key_rings, RuntimeContainer.declared

    sealing_keys = providers.Singleton(
        _sealing_keys, settings.provided.sealing_keys, settings.provided.sealing_public_key
    )
    auth = providers.Container(
        AuthContainer,
        settings=settings,
        broker=broker,
        means=means,
        signatures=signatures,
        key_rings=key_rings,
        unsealer=providers.Singleton(unsealer_of, sealing_keys.provided.private, key_rings),
        declared=declared,
    )
    catalog = providers.Container(
        CatalogContainer, settings=settings, broker=broker, means=means, signatures=signatures
    )
    orders = providers.Container(
        OrdersContainer, settings=settings, broker=broker, means=means, signatures=signatures
    )
    projector = providers.Container(
        ProjectorContainer, settings=settings, broker=broker, means=means, signatures=signatures
    )
    gateway = providers.Container(
        GatewayContainer,
        settings=settings,
        broker=broker,
        database=projector.database,
        clock=RuntimeContainer.clock,
        entropy=RuntimeContainer.entropy,
        signatures=signatures,
        key_rings=key_rings,
        sealer=providers.Singleton(sealer_of, sealing_keys.provided.public, key_rings),
        token_keys=providers.Singleton(_token_keys, key_rings),
        tracer=tracer,
        breaker_observer=breakers,
        request_tracer=telemetry,
        observer=RuntimeContainer.counts,
        declared=declared,
        gateway_key=providers.Singleton(given_or_new, settings.provided.gateway_key),
        ready=ready,
        failed=failed,
    )
