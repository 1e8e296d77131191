"""A database in MongoDB: the log of commits, what follows from it, and what waits in it."""

from collections.abc import Mapping
from datetime import timedelta

from adapters.mongo.commit_log import CommitLog
from adapters.mongo.connection import POOL_SIZE, TIMEOUT, connect
from adapters.mongo.faults import translated
from adapters.mongo.kinds import DocumentKind
from adapters.mongo.outbox import MongoOutbox
from adapters.mongo.parking import MongoParking
from adapters.mongo.pool import PoolUse
from adapters.mongo.trimming import Trimming
from adapters.mongo.turns import Turns
from tradex_core.clock import Clock


class MongoDatabase:
    """What outlives the units of work; it connects when it is opened, or else first used.

    A standalone server will do, like a replica set or a sharded cluster: nothing here needs a
    transaction over several documents.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        kinds: Mapping[str, DocumentKind],
        pool_size: int = POOL_SIZE,
        timeout: timedelta = TIMEOUT,
    ) -> None:
        self.clock = clock
        self.kinds = kinds
        self.pool = PoolUse(pool_size)
        self.documents = connect(url, pool=self.pool, timeout=timeout)
        self.log = CommitLog(self.documents, clock=clock)
        self.outbox = MongoOutbox(self.documents)
        self.parking = MongoParking(self.documents, self.log)
        self.turns = Turns(self.documents, clock=clock)
        self.trimming = Trimming(self.documents, clock=clock)

    async def open(self) -> None:
        """Connect. Raises Outage, which says what is missing."""
        await self.ping()

    async def ping(self) -> None:
        """Ask for a sign of life. Raises Outage."""
        with translated("answer"):
            await self.documents.command("ping")

    async def close(self) -> None:
        """End every connection; whoever asks afterwards meets an Outage."""
        await self.documents.client.close()
