"""Replays on databases in memory, wired as `tradex replay` wires them, and logs to replay."""

import asyncio
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

import msgspec
from dependency_injector import providers
from tests.builders.machines import NOW, FakeClock, means
from tests.builders.messages import SIGNATURES
from tests.builders.users import CountingHasher, OpenSealing

from adapters.memory.broker import MemoryBroker
from adapters.memory.database import MemoryDatabase
from apps.auth.container import AuthContainer
from apps.catalog.container import CatalogContainer
from apps.cli.container import replay_of
from apps.operations.replaying import LogClock, Replayed, ServiceReplay
from apps.orders.container import OrdersContainer
from apps.runtime.settings import Settings
from tradex_core.events import topics
from tradex_core.events.envelope import ActorSignatures
from tradex_core.events.fields import Event
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Record
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.outgoing import Cause, messages_of

_CONTAINERS: Final[dict[str, Any]] = {
    "auth": AuthContainer,
    "catalog": CatalogContainer,
    "orders": OrdersContainer,
}


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
    return replay_of(app, container, broker=broker, means=means, clock=clock)


def backup_of(database: MemoryDatabase) -> MemoryDatabase:
    """Return a database that holds what another one holds now; nobody has leased its outbox."""
    outbox = database.outbox
    shared = {id(database.clock): database.clock, id(outbox._added): asyncio.Event()}  # noqa: SLF001
    copied = deepcopy(database, shared)
    for bucket in copied.outbox._buckets:  # noqa: SLF001
        bucket.leased = False
    return copied


def without_times(state: msgspec.Struct) -> dict[str, Any]:
    """Return a state, but for the microseconds between a change and its message."""
    told = msgspec.structs.asdict(state)
    return {name: value for name, value in told.items() if not isinstance(value, datetime)}


def at(seconds: float) -> datetime:
    """Return a time after NOW, when a log begins."""
    return NOW + timedelta(seconds=seconds)


class ServiceLog:
    """A broker that holds what was sent before a service's database was lost."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.broker = MemoryBroker(self.clock)

    @classmethod
    async def empty(cls) -> Self:
        """Return one in which every topic is empty."""
        log = cls()
        await log.broker.apply(topics.all_topics())
        return log

    async def answers(self, cause: str, *events: Event, source: str, at: datetime) -> None:
        """Publish what a service once made of a message."""
        told = Cause(MessageId(cause), "a story")
        await self.broker.publish(messages_of(events, cause=told, source=source, at=at))

    async def replay(self, app: str, database: MemoryDatabase) -> Replayed:
        """Replay an hour later."""
        later = means(FakeClock(NOW + timedelta(hours=1)))
        replay = a_replay(app, database, broker=self.broker, means=later, signatures=SIGNATURES)
        return await replay.run(NOW)

    async def records(self, topic: str) -> list[Record]:
        """Return what a topic holds, each partition in its order."""
        return [
            record
            for partition in await self.broker.offsets(topic)
            for record in await self.broker.read(topic, partition, start=0, limit=99)
        ]
