"""Replays on databases in memory, wired as `tradex replay` wires them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from dependency_injector import providers
from tests.builders.users import CountingHasher, OpenSealing

from adapters.memory.broker import MemoryBroker
from adapters.memory.database import MemoryDatabase
from apps.auth.container import AuthContainer
from apps.operations.replaying import LogClock, ServiceReplay
from apps.orders.container import OrdersContainer
from apps.runtime.settings import Settings
from tradex_core.events.envelope import ActorSignatures
from tradex_core.messaging.dispatch import Means

_CONTAINERS: Final[dict[str, Any]] = {"auth": AuthContainer, "orders": OrdersContainer}


def a_replay(
    app: str,
    database: MemoryDatabase,
    *,
    broker: MemoryBroker,
    means: Means,
    signatures: ActorSignatures,
) -> ServiceReplay:
    """Return a replay of a service onto a database."""
    clock = LogClock()
    container = _CONTAINERS[app](
        settings=providers.Object(Settings.embedded(pending_timeout=timedelta())),
        broker=providers.Object(broker),
        means=providers.Object(replace(means, clock=clock)),
        signatures=providers.Object(signatures),
    )
    container.database.override(providers.Object(database))
    if app == "auth":
        container.hasher.override(providers.Object(CountingHasher()))
        container.unsealer.override(providers.Object(OpenSealing()))
    return ServiceReplay(
        service=container.service(),
        broker=broker,
        database=database,
        means=means,
        clock=clock,
        time_out=container.timeouts().time_out if app == "orders" else None,
    )
