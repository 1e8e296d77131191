"""What an app needs of the servers it runs on, beside what the core's ports say."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tradex_core.messaging.broker import Broker
from tradex_core.messaging.outbox import Outbox
from tradex_core.messaging.parking import Parking
from tradex_core.views.ports import ViewQueries


class RunningBroker(Broker, Protocol):
    """A broker that tells whether it is there."""

    async def open(self) -> None:
        """Get ready to be used; may be called again. Raises Outage, which says why not."""
        ...

    async def ping(self) -> None:
        """Return once it answers; raises Outage, which says who is away and why."""
        ...


class CountedOutbox(Outbox, Protocol):
    """An outbox that tells how much waits in it, and since when."""

    async def count(self) -> int:
        """Return how many messages wait to be published; raises Outage."""
        ...

    async def oldest(self) -> datetime | None:
        """Return when the oldest of them was committed; None where none waits. Raises Outage."""
        ...


class CountedParking(Parking, Protocol):
    """A parking that tells how much waits in it."""

    async def count(self) -> int:
        """Return how many messages are set aside; raises Outage."""
        ...


class Pool(Protocol):
    """How the connections to a server are used."""

    @property
    def size(self) -> int:
        """How many there may be."""
        ...

    @property
    def in_use(self) -> int:
        """How many are in use."""
        ...

    @property
    def waiting(self) -> int:
        """How many tasks wait for one."""
        ...


class Database(Protocol):
    """An app's database, in memory or on a server; nothing connects before it is used."""

    @property
    def outbox(self) -> CountedOutbox:
        """What waits to be published."""
        ...

    @property
    def parking(self) -> CountedParking:
        """What was set aside."""
        ...

    @property
    def pool(self) -> Pool | None:
        """How its connections are used; None where it needs none."""
        ...

    async def open(self) -> None:
        """Get ready to be used; may be called again. Raises Outage, which says why not."""
        ...

    async def ping(self) -> None:
        """Return once it answers; raises Outage, which says who is away and why."""
        ...

    async def close(self) -> None:
        """Give every connection back."""
        ...


class DatabaseOfViews(Database, Protocol):
    """The gateway's database, which the projector writes."""

    @property
    def views(self) -> ViewQueries:
        """What the gateway reads."""
        ...


Inspection = Callable[[], Awaitable[Sequence[str]]]
"""Returns a sentence with its remedy for each thing that has to be done before an app can begin.

Raises Outage.
"""


@dataclass(frozen=True, kw_only=True)
class Servers:
    """What an app that runs alone uses of the servers it runs on.

    `inspection` is that of its database.
    """

    broker: RunningBroker
    topics: Sequence[str]
    database: Database
    inspection: Inspection

    @property
    def pings(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """How each is asked whether it is there, by its name."""
        return {"broker": self.broker.ping, "database": self.database.ping}
