"""What the auth service is made of."""

from concurrent.futures import ThreadPoolExecutor

from dependency_injector import containers, providers

from adapters.memory.users import MemoryUserDirectory, UsersUnitOfWork, users_database
from apps.auth.admin_accounts import AdminAccounts
from apps.auth.handlers import AuthHandlers
from apps.runtime.composition import service
from apps.runtime.settings import Settings
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dispatch import Means
from tradex_core.users.ports import PasswordHasher, PasswordUnsealer

CONSUMER = "auth"
_BATCH = 16
"""Few at a time: hashing a batch's passwords comes before its transaction."""


class AuthContainer(containers.DeclarativeContainer):
    """The auth service on the stores and the broker that the settings choose."""

    settings: providers.Dependency[Settings] = providers.Dependency()
    broker: providers.Dependency[Broker] = providers.Dependency()
    means: providers.Dependency[Means] = providers.Dependency()
    signatures: providers.Dependency[ActorSignatures] = providers.Dependency()
    hasher: providers.Dependency[PasswordHasher] = providers.Dependency()
    unsealer: providers.Dependency[PasswordUnsealer] = providers.Dependency()

    executor = providers.Singleton(ThreadPoolExecutor, max_workers=2, thread_name_prefix="hashing")
    database = providers.Singleton(users_database, means.provided.clock)
    units = providers.Factory(UsersUnitOfWork, database)
    directory = providers.Singleton(MemoryUserDirectory, database)
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
    )
    admin_accounts = providers.Singleton(
        AdminAccounts, units=units.provider, handlers=handlers, means=means, source=CONSUMER
    )
