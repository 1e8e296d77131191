"""The outbox in MongoDB: buckets of messages in the order of their commits.

A lease only saves relays from publishing the same twice. Should one stall beyond its lease, order
holds all the same: every relay publishes a key's messages in the order of their ids, from the
oldest that is not deleted on, and only what the broker has acknowledged is deleted. So before a
message is published for the first time, by whomever, all earlier ones of its key have been; what a
late relay adds are repetitions, which readers know by their ids.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

from bson import ObjectId
from pymongo import WriteConcern
from pymongo.asynchronous.database import AsyncDatabase

from adapters.mongo.commit_log import COMMITS, CommitLog
from adapters.mongo.connection import Document
from adapters.mongo.faults import translated
from adapters.mongo.outbox_documents import OUTBOX, OUTBOX_BUCKETS
from adapters.mongo.outbox_lease import MongoLease, ShownBucket, put_off_in, shown_bucket
from adapters.mongo.together import together
from tradex_core.errors import Outage

_LEASED_FOR: Final = timedelta(seconds=10)


class MongoOutbox:
    """Reads what commits say is to be published. Every method may raise Outage."""

    def __init__(self, database: AsyncDatabase[Document], log: CommitLog) -> None:
        self._log = log
        self._commits = database[COMMITS]
        self._outbox = database[OUTBOX]
        self._buckets = database.get_collection(OUTBOX_BUCKETS, write_concern=WriteConcern(w=1))
        self._added = asyncio.Event()

    def wake(self) -> None:
        """Tell whoever waits in this process that something was added."""
        self._added.set()

    async def count(self) -> int:
        """Return how many messages wait to be published."""
        await self._log.snapshot()
        wait: Document = {"$match": {"waits": True}}
        count: Document = {"$group": {"_id": None, "rows": {"$sum": {"$size": "$rows"}}}}
        with translated("count what waits to be published"):
            found = await (await self._outbox.aggregate([wait, count])).to_list()
        return int(found[0]["rows"]) if found else 0

    async def oldest(self) -> datetime | None:
        """Return when the oldest message that waits was committed; None where none waits."""
        wait: Document = {"$match": {"waits": True}}
        first: Document = {"$group": {"_id": None, "commit": {"$min": "$commit"}}}
        with translated("say since when what is to be published waits"):
            found = await (await self._outbox.aggregate([wait, first])).to_list()
            if not found:
                return None
            commit = await self._commits.find_one({"_id": found[0]["commit"]}, {"at": 1})
        return None if commit is None else commit["at"]

    @asynccontextmanager
    async def lease(self, *, now: datetime, limit: int) -> AsyncIterator[MongoLease]:
        """Take each bucket that holds something to publish now, and that no relay has, for 10 s."""
        owner = ObjectId()
        ready = await self._ready(now)
        taken = await self._take(ready, owner, now) if ready else []
        try:
            shown = await together(self._shown(state, now, limit) for state in taken)
            yield MongoLease(self._outbox, self._buckets, shown, now=now)
        finally:
            if taken:
                await self._give_back(owner)

    async def wait(self, timeout: float) -> None:
        """Return when something was added in this process, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._added.wait()
        self._added.clear()

    async def _ready(self, now: datetime) -> list[int]:
        """Return the buckets that hold something to publish now, and that no relay has."""
        await self._log.snapshot()
        with translated("say what waits to be published"):
            waiting: list[int] = await self._outbox.distinct("bucket", {"waits": True})
            states = await self._buckets.find({"_id": {"$in": waiting}}).to_list()
        return [state["_id"] for state in states if await self._is_ready(state, now)]

    async def _is_ready(self, state: Document, now: datetime) -> bool:
        if state["until"] is not None and state["until"] > now:
            return False
        if not put_off_in(state, now):
            return True
        return bool((await self._shown(state, now, 1)).rows)

    async def _take(self, ready: list[int], owner: ObjectId, now: datetime) -> list[Document]:
        """Lease these buckets, but those that another relay was first to lease."""
        is_free: Document = {"$or": [{"until": None}, {"until": {"$lte": now}}]}
        with translated("lease what is to be published"):
            await self._buckets.update_many(
                {"_id": {"$in": ready}, **is_free},
                {"$set": {"owner": owner, "until": now + _LEASED_FOR}},
            )
            return await self._buckets.find({"_id": {"$in": ready}, "owner": owner}).to_list()

    async def _shown(self, state: Document, now: datetime, limit: int) -> ShownBucket:
        return await shown_bucket(self._outbox, state["_id"], put_off_in(state, now), limit=limit)

    async def _give_back(self, owner: ObjectId) -> None:
        with suppress(Outage), translated("give back what was leased"):
            await self._buckets.update_many(
                {"owner": owner}, {"$set": {"owner": None, "until": None}}
            )
