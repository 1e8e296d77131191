"""What the gateway is made of."""

import hmac
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from dependency_injector import containers, providers
from litestar import Litestar
from prometheus_client import CollectorRegistry

from adapters.memory.attempts import MemoryAttempts
from adapters.memory.idempotency import MemoryIdempotencyRecords
from adapters.security.key_text import parse_ring
from adapters.security.refresh_tokens import RefreshTokens
from adapters.security.sealing import HpkeSealer
from adapters.security.token_keys import AccessTokenKeys
from adapters.security.tokens import AccessTokenIssuer, AccessTokenVerifier
from adapters.telemetry.declared import Declared
from adapters.telemetry.requests import RequestMetrics
from apps.gateway.account_limit import AccountLimit
from apps.gateway.app import build_app
from apps.gateway.client_address import TrustedProxies
from apps.gateway.collaborators import Collaborators, Failed
from apps.gateway.commands import CommandDesk, Room
from apps.gateway.door import Door
from apps.gateway.following import Follower
from apps.gateway.gatekeeper import Gatekeeper
from apps.gateway.guarded import GuardedRecords, GuardedViews
from apps.gateway.open_accounts import OpenAccounts
from apps.gateway.order_watch import OrderWatch
from apps.gateway.pending import PendingOperations
from apps.gateway.rate_limit import RateLimit
from apps.gateway.readiness import Readiness, Ready
from apps.gateway.request_traces import RequestTracer
from apps.gateway.stopping import Stopping
from apps.gateway.streams import HEARTBEAT_SECONDS, Streams
from apps.gateway.tokens import TokenDesk
from apps.runtime.container import (
    chosen_by,
    given_or_new,
    views_database,
    views_inspection,
)
from apps.runtime.key_purposes import GATEWAY, SEALING_PUBLIC, TOKENS
from apps.runtime.key_rings import KeyRings, read_key
from apps.runtime.servers import DatabaseOfViews
from apps.runtime.setting_values import key_ring
from apps.runtime.settings import Settings
from tradex_core.clock import Clock
from tradex_core.events.envelope import ActorSignatures
from tradex_core.ids import Entropy
from tradex_core.key_rings import KeyRing
from tradex_core.messaging.breaker import (
    UNWATCHED,
    Breaker,
    BreakerLimits,
    BreakerObserver,
    GuardedProducer,
)
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.observer import ObservedProducer, Observer, Observers
from tradex_core.messaging.retry import Backoff
from tradex_core.messaging.tracing import UNTRACED, Tracer, traced
from tradex_core.operations.bulkhead import Bulkhead
from tradex_core.operations.idempotency import BodyDigests, IdempotencyRecords
from tradex_core.operations.operation_id import OperationIds
from tradex_core.operations.submit import SOURCE, Submission
from tradex_core.operations.waiting import Outcomes
from tradex_core.telemetry import contract
from tradex_core.users.attempts import AttemptDigests, Attempts
from tradex_core.users.ports import PasswordSealer
from tradex_core.views.ports import ViewQueries

if TYPE_CHECKING:
    from adapters.postgres.database import PostgresDatabase

K = TypeVar("K", bound="_Keyed")

ISSUER = "tradex"
AUDIENCE = "tradex-api"


def _postgres_idempotency(database: "PostgresDatabase") -> IdempotencyRecords:
    from adapters.postgres.idempotency import PostgresIdempotencyRecords

    return PostgresIdempotencyRecords(database)


def _postgres_attempts(database: "PostgresDatabase") -> Attempts:
    from adapters.postgres.attempts import PostgresAttempts

    return PostgresAttempts(database)


def sealer_of(public_keys: str, key_rings: KeyRings) -> PasswordSealer:
    """Return what seals to the public keys, which follow their ring."""
    sealer = read_key("sealing_public_key", HpkeSealer.from_text, public_keys)
    key_rings.follow(SEALING_PUBLIC, parse_ring, sealer.use)
    return sealer


def _token_keys(private_keys: str, key_rings: KeyRings) -> AccessTokenKeys:
    keys = read_key("jwt_signing_key", AccessTokenKeys.from_text, private_keys)
    key_rings.follow(TOKENS, parse_ring, keys.use)
    return keys


class _Keyed(Protocol):
    def use(self, ring: KeyRing) -> None: ...


def _keyed(key_rings: KeyRings, purpose: str, make: Callable[[bytes], K], gateway_key: bytes) -> K:
    """Make something with a key of its own, derived from the gateway's; it follows the ring."""

    def derived(key: bytes) -> bytes:
        return hmac.digest(key, purpose.encode(), "sha256")

    made = make(derived(gateway_key))
    key_rings.follow(GATEWAY, key_ring, lambda ring: made.use(ring.derived(derived)))
    return made


def _shown_app(
    collaborators: Collaborators,
    *,
    declared: Declared,
    submission: Submission,
    outcomes: Outcomes,
    pending: PendingOperations,
    streams: Streams,
) -> Litestar:
    """Return the app, whose load the metrics show."""
    declared.reading(contract.COMMANDS_IN_FLIGHT, lambda: [((), submission.on_their_way)])
    declared.reading(contract.OPERATIONS_PENDING, lambda: [((), len(pending))])
    declared.reading(contract.OPERATIONS_WAITED_FOR, lambda: [((), len(outcomes))])
    declared.reading(
        contract.EVENT_STREAMS, lambda: [((of,), number) for of, number in streams.open.items()]
    )
    return build_app(collaborators)


def _breaker_limits(settings: Settings) -> BreakerLimits:
    return BreakerLimits(
        failures=settings.breaker_failures,
        patience=settings.breaker_patience,
        pause=Backoff(first=1.0, cap=settings.breaker_pause.total_seconds()),
    )


async def _nothing_more() -> Mapping[str, bool]:
    return {}


def _logged_only(_error: BaseException) -> None:
    """Leave it at the log line; readiness tells of it too."""


class GatewayContainer(containers.DeclarativeContainer):
    """The gateway on the broker that it is given, and the database that the settings choose.

    Its keys are those of the settings, unless it is given others; `gateway_key` keys its digests.
    `ready` checks what else has to be there for the app to be ready; `failed` is called when the
    app cannot go on.
    """

    settings: providers.Dependency[Settings] = providers.Dependency()
    broker: providers.Dependency[Broker] = providers.Dependency()
    clock: providers.Dependency[Clock] = providers.Dependency()
    entropy: providers.Dependency[Entropy] = providers.Dependency()
    signatures: providers.Dependency[ActorSignatures] = providers.Dependency()
    key_rings: providers.Dependency[KeyRings] = providers.Dependency(
        default=providers.Singleton(KeyRings, settings, clock)
    )
    database: providers.Dependency[DatabaseOfViews] = providers.Dependency(
        default=providers.Singleton(views_database, settings, clock)
    )
    views: providers.Dependency[ViewQueries] = providers.Dependency(default=database.provided.views)
    idempotency_records: providers.Dependency[IdempotencyRecords] = providers.Dependency(
        default=chosen_by(
            settings.provided.gateway_database_url,
            memory=providers.Singleton(MemoryIdempotencyRecords),
            postgres=providers.Singleton(_postgres_idempotency, database),
        )
    )
    attempts: providers.Dependency[Attempts] = providers.Dependency(
        default=chosen_by(
            settings.provided.gateway_database_url,
            memory=providers.Singleton(MemoryAttempts),
            postgres=providers.Singleton(_postgres_attempts, database),
        )
    )
    sealer: providers.Dependency[PasswordSealer] = providers.Dependency(
        default=providers.Singleton(sealer_of, settings.provided.sealing_public_key, key_rings)
    )
    token_keys: providers.Dependency[AccessTokenKeys] = providers.Dependency(
        default=providers.Singleton(_token_keys, settings.provided.jwt_signing_key, key_rings)
    )
    gateway_key: providers.Dependency[bytes] = providers.Dependency(
        default=providers.Singleton(given_or_new, settings.provided.gateway_key)
    )
    ready: providers.Dependency[Ready] = providers.Dependency(
        default=providers.Object(_nothing_more)
    )
    tracer: providers.Dependency[Tracer] = providers.Dependency(default=providers.Object(UNTRACED))
    breaker_observer: providers.Dependency[BreakerObserver] = providers.Dependency(
        default=providers.Object(UNWATCHED)
    )
    request_tracer: providers.Dependency[RequestTracer | None] = providers.Dependency(
        default=providers.Object(None)
    )
    observer: providers.Dependency[Observer] = providers.Dependency(
        default=providers.Singleton(Observers)
    )
    declared: providers.Dependency[Declared] = providers.Dependency(
        default=providers.Singleton(Declared, providers.Singleton(CollectorRegistry), SOURCE)
    )
    failed: providers.Dependency[Failed] = providers.Dependency(
        default=providers.Object(_logged_only)
    )

    metrics = providers.Singleton(RequestMetrics, declared)
    observed = providers.Singleton(ObservedProducer, broker, observer)
    inspection = providers.Callable(views_inspection, settings)
    stopping = providers.Singleton(Stopping)
    outcomes = providers.Singleton(Outcomes)
    order_watch = providers.Singleton(OrderWatch)
    pending = providers.Singleton(PendingOperations, metrics, limit=settings.provided.max_pending)
    follower = providers.Singleton(Follower, broker, outcomes, order_watch, pending, tracer)
    operation_ids = providers.Singleton(
        _keyed,
        key_rings,
        "operation ids",
        providers.Factory(OperationIds, clock=clock, entropy=entropy).provider,
        gateway_key,
    )
    breaker_limits = providers.Singleton(_breaker_limits, settings)
    broker_breaker = providers.Singleton(
        Breaker, "broker", breaker_limits, clock=clock, entropy=entropy, observer=breaker_observer
    )
    database_breaker = providers.Singleton(
        Breaker, "database", breaker_limits, clock=clock, entropy=entropy, observer=breaker_observer
    )
    guarded_broker = providers.Singleton(GuardedProducer, observed, broker_breaker)
    guarded_views = providers.Singleton(GuardedViews, views, database_breaker.provided.passage)
    guarded_records = providers.Singleton(
        GuardedRecords, idempotency_records, database_breaker.provided.passage
    )
    room_to_read = providers.Singleton(
        Bulkhead, "Too many others read.", places=settings.provided.max_reads
    )
    room_for_streams = providers.Singleton(
        Bulkhead, "Too many clients listen already.", places=settings.provided.max_streams
    )
    room_for_commands = providers.Singleton(
        Room,
        asking=providers.Singleton(
            Bulkhead, "Too many commands are on their way.", places=settings.provided.max_in_flight
        ),
        waiting=providers.Singleton(
            Bulkhead,
            "Too many requests wait for their outcome.",
            places=settings.provided.max_pending,
        ),
    )
    room_for_passwords = providers.Singleton(
        Bulkhead, "Too many passwords are being checked.", places=settings.provided.max_sign_ins
    )
    reads = providers.Singleton(GuardedViews, guarded_views, room_to_read.provided.place)
    submission = providers.Singleton(
        Submission,
        providers.Callable(traced, guarded_broker, tracer),
        guarded_records,
        operation_ids,
        signatures,
        clock=clock,
        limit=settings.provided.max_in_flight,
    )
    commands = providers.Singleton(
        CommandDesk,
        submission,
        outcomes,
        guarded_views,
        stopping,
        pending,
        room=room_for_commands,
        digests=providers.Callable(
            _keyed, key_rings, "idempotency digests", BodyDigests, gateway_key
        ),
    )
    token_issuer = providers.Singleton(
        AccessTokenIssuer, token_keys, issuer=ISSUER, audience=AUDIENCE, clock=clock
    )
    token_verifier = providers.Singleton(
        AccessTokenVerifier, token_keys, issuer=ISSUER, audience=AUDIENCE, clock=clock
    )
    open_accounts = providers.Singleton(OpenAccounts, guarded_views, clock=clock)
    refresh_tokens = providers.Singleton(
        _keyed, key_rings, "refresh tokens", RefreshTokens, gateway_key
    )
    tokens = providers.Singleton(TokenDesk, token_issuer, refresh_tokens, clock=clock)
    heartbeat = providers.Object(HEARTBEAT_SECONDS)
    streams = providers.Singleton(
        Streams,
        guarded_views,
        outcomes,
        order_watch,
        stopping,
        room_for_streams,
        entropy=entropy,
        heartbeat=heartbeat,
    )
    proxies = providers.Singleton(TrustedProxies, settings.provided.trusted_proxies)
    by_address = providers.Factory(RateLimit, whose="from one address", clock=clock)
    by_account = providers.Factory(
        AccountLimit,
        attempts=attempts,
        digests=providers.Singleton(_keyed, key_rings, "attempts", AttemptDigests, gateway_key),
        clock=clock,
    )
    register_door = providers.Singleton(
        Door,
        providers.Factory(
            by_address, "register-by-address", per_minute=settings.provided.register_rate_limit
        ),
        providers.Factory(
            by_account, "register-by-account", per_hour=settings.provided.register_account_limit
        ),
        proxies,
        room_for_passwords,
    )
    login_door = providers.Singleton(
        Door,
        providers.Factory(
            by_address, "login-by-address", per_minute=settings.provided.login_rate_limit
        ),
        providers.Factory(
            by_account, "login-by-account", per_hour=settings.provided.login_account_limit
        ),
        proxies,
        room_for_passwords,
    )
    command_limit = providers.Singleton(
        RateLimit,
        "commands-by-account",
        per_minute=settings.provided.command_rate_limit,
        whose="for one account",
        clock=clock,
    )
    readiness = providers.Singleton(
        Readiness, follower, providers.List(broker_breaker, database_breaker), ready
    )
    collaborators = providers.Singleton(
        Collaborators,
        commands=commands,
        views=guarded_views,
        reads=reads,
        operation_ids=operation_ids,
        streams=streams,
        tokens=tokens,
        sealer=sealer,
        register_door=register_door,
        login_door=login_door,
        gatekeeper=providers.Singleton(Gatekeeper, token_verifier, open_accounts, command_limit),
        follower=follower,
        stopping=stopping,
        jwks=token_keys.provided.jwks,
        readiness=readiness,
        failed=failed,
        cors_origins=settings.provided.cors_origins,
        request_tracer=request_tracer,
        metrics=metrics,
    )
    app = providers.Singleton(
        _shown_app,
        collaborators,
        declared=declared,
        submission=submission,
        outcomes=outcomes,
        pending=pending,
        streams=streams,
    )
