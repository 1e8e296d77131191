"""What the platform in one process is made of: the same apps that run alone, on one broker."""

from dependency_injector import providers

from adapters.security.sealing import HpkeSealer, HpkeUnsealer, SealingKeyPair, generate_key_pair
from adapters.security.token_keys import AccessTokenKeys
from apps.auth.container import AuthContainer
from apps.catalog.container import CatalogContainer
from apps.gateway.collaborators import Failed
from apps.gateway.container import GatewayContainer
from apps.gateway.readiness import Ready
from apps.orders.container import OrdersContainer
from apps.projector.container import ProjectorContainer
from apps.runtime.container import RuntimeContainer, given_or_new, read_key


def _token_keys(given: str | None) -> AccessTokenKeys:
    if given is None:
        return AccessTokenKeys.generate()
    return read_key("jwt_signing_key", AccessTokenKeys.from_text, given)


def _sealing_keys(private: str | None, public: str | None) -> SealingKeyPair:
    return SealingKeyPair(private, public) if private and public else generate_key_pair()


def _unsealer(private: str) -> HpkeUnsealer:
    return read_key("sealing_keys", HpkeUnsealer.from_text, private)


def _sealer(public: str) -> HpkeSealer:
    return read_key("sealing_public_key", HpkeSealer.from_text, public)


class PlatformContainer(RuntimeContainer):
    """Every app on what the settings choose; keys that they do not name are made anew."""

    ready: providers.Dependency[Ready] = providers.Dependency()
    failed: providers.Dependency[Failed] = providers.Dependency()

    settings, broker = RuntimeContainer.settings, RuntimeContainer.broker
    tracer, telemetry = RuntimeContainer.tracer, RuntimeContainer.telemetry
    means, signatures = RuntimeContainer.means, RuntimeContainer.signatures

    sealing_keys = providers.Singleton(
        _sealing_keys, settings.provided.sealing_keys, settings.provided.sealing_public_key
    )
    auth = providers.Container(
        AuthContainer,
        settings=settings,
        broker=broker,
        means=means,
        signatures=signatures,
        unsealer=providers.Singleton(_unsealer, sealing_keys.provided.private),
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
        sealer=providers.Singleton(_sealer, sealing_keys.provided.public),
        token_keys=providers.Singleton(_token_keys, settings.provided.jwt_signing_key),
        tracer=tracer,
        request_tracer=telemetry,
        gateway_key=providers.Singleton(given_or_new, settings.provided.gateway_key),
        ready=ready,
        failed=failed,
    )
