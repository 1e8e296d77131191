"""What the auth service is made of."""

from typing import TYPE_CHECKING

from dependency_injector import containers, providers
from prometheus_client import CollectorRegistry

from adapters.memory.users import MemoryUserDirectory, UsersUnitOfWork, users_database
from adapters.security.key_text import parse_ring
from adapters.security.passwords import Argon2PasswordHasher
from adapters.security.sealing import HpkeUnsealer
from adapters.telemetry.declared import Declared
from adapters.telemetry.hashing import HashingMetrics
from apps.auth.admin_accounts import AdminAccounts
from apps.auth.handlers import PUBLISHES, AuthHandlers, AuthUnit
from apps.auth.hashing import hashing_threads
from apps.runtime.composition import service
from apps.runtime.container import (
    chosen_by,
    nothing_to_do,
    pool_of,
    postgres,
    postgres_inspection,
)
from apps.runtime.key_purposes import SEALING
from apps.runtime.key_rings import KeyRings, read_key
from apps.runtime.servers import Database
from apps.runtime.settings import Settings
from tradex_core.clock import Clock
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dispatch import Means
from tradex_core.users.ports import PasswordHasher, PasswordUnsealer, UserDirectory

if TYPE_CHECKING:
    from adapters.postgres.database import PostgresDatabase

CONSUMER = "auth"
_URL = "auth_database_url"
_BATCH = 16
"""Few at a time: hashing a batch's passwords comes before its transaction, and so many at most wait
for a thread. What else there is waits in the topic, where its deadline passes."""


def _postgres_database(settings: Settings, clock: Clock) -> Database:
    with postgres(_URL):
        from adapters.postgres import users
    return users.users_database(settings.auth_database_url.reveal(), clock, pool_of(settings))


def _postgres_unit(database: "PostgresDatabase") -> AuthUnit:
    from adapters.postgres.users import UsersUnitOfWork as PostgresUnit

    return PostgresUnit(database)


def _postgres_directory(database: "PostgresDatabase") -> UserDirectory:
    from adapters.postgres.users import PostgresUserDirectory

    return PostgresUserDirectory(database)


def unsealer_of(private_keys: str, key_rings: KeyRings) -> PasswordUnsealer:
    """Return what opens with the private keys, which follow their ring."""
    unsealer = read_key("sealing_keys", HpkeUnsealer.from_text, private_keys)
    key_rings.follow(SEALING, parse_ring, unsealer.use)
    return unsealer


class AuthContainer(containers.DeclarativeContainer):
    """The auth service on the stores that the settings choose, and the broker that it is given."""

    settings: providers.Dependency[Settings] = providers.Dependency()
    broker: providers.Dependency[Broker] = providers.Dependency()
    means: providers.Dependency[Means] = providers.Dependency()
    signatures: providers.Dependency[ActorSignatures] = providers.Dependency()
    key_rings: providers.Dependency[KeyRings] = providers.Dependency(
        default=providers.Singleton(KeyRings, settings, means.provided.clock)
    )
    hasher: providers.Dependency[PasswordHasher] = providers.Dependency(
        default=providers.Selector(
            settings.provided.argon2,
            **{
                "default": providers.Singleton(Argon2PasswordHasher),
                "owasp-minimum": providers.Singleton(Argon2PasswordHasher.owasp_minimum),
            },
        )
    )
    unsealer: providers.Dependency[PasswordUnsealer] = providers.Dependency(
        default=providers.Singleton(unsealer_of, settings.provided.sealing_keys, key_rings)
    )

    declared: providers.Dependency[Declared] = providers.Dependency(
        default=providers.Singleton(Declared, providers.Singleton(CollectorRegistry), CONSUMER)
    )

    threads = providers.Singleton(hashing_threads, settings.provided.hashing_threads)
    hashing = providers.Singleton(HashingMetrics, declared)
    executor = providers.Singleton(hashing.provided.measured.call(threads))
    database = chosen_by(
        settings.provided.auth_database_url,
        memory=providers.Singleton(users_database, means.provided.clock),
        postgres=providers.Singleton(_postgres_database, settings, means.provided.clock),
    )
    inspection = chosen_by(
        settings.provided.auth_database_url,
        memory=providers.Object(nothing_to_do),
        postgres=providers.Callable(postgres_inspection, settings, _URL, CONSUMER),
    )
    units = chosen_by(
        settings.provided.auth_database_url,
        memory=providers.Factory(UsersUnitOfWork, database),
        postgres=providers.Factory(_postgres_unit, database),
    )
    directory = chosen_by(
        settings.provided.auth_database_url,
        memory=providers.Singleton(MemoryUserDirectory, database),
        postgres=providers.Singleton(_postgres_directory, database),
    )
    handlers = providers.Singleton(
        AuthHandlers,
        directory=directory,
        hasher=hasher,
        unsealer=unsealer,
        executor=executor,
        clock=means.provided.clock,
        plaintext_allowed=settings.provided.plaintext_accepted,
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
        batch=_BATCH,
        publishes=PUBLISHES,
    )
    admin_accounts = providers.Singleton(
        AdminAccounts, units=units.provider, handlers=handlers, means=means, source=CONSUMER
    )
