"""The outbox in MongoDB: buckets of messages in the order of their commits.

A lease only saves relays from publishing the same twice. Should one stall beyond its lease, order
holds all the same: every relay publishes a key's messages in the order of their ids, from the
oldest that is not deleted on, and only what the broker has acknowledged is deleted. So before a
message is published for the first time, by whomever, all earlier ones of its key have been; what a
late relay adds are repetitions, which readers know by their ids.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

from bson import ObjectId
from pymongo import ReturnDocument, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase

from adapters.mongo.commit_log import COMMITS, CommitLog
from adapters.mongo.connection import Document
from adapters.mongo.faults import translated
from adapters.mongo.outbox_documents import OUTBOX, OUTBOX_BUCKETS
from adapters.mongo.outbox_lease import MongoLease, put_off_in, waiting_rows
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

    async def buckets(self, *, now: datetime) -> Sequence[int]:
        """Return the buckets that hold something to publish now, and that no relay has."""
        await self._log.snapshot()
        with translated("say what waits to be published"):
            waiting: list[int] = await self._outbox.distinct("bucket", {"waits": True})
            states = await self._buckets.find({"_id": {"$in": waiting}}).sort("_id", 1).to_list()
        return [state["_id"] for state in states if await self._is_ready(state, now)]

    @asynccontextmanager
    async def lease(
        self, bucket: int, *, now: datetime, limit: int
    ) -> AsyncIterator[MongoLease | None]:
        """Take a bucket for 10 seconds; None where another relay has it."""
        owner = ObjectId()
        state = await self._take(bucket, owner, now)
        if state is None:
            yield None
            return
        try:
            put_off = put_off_in(state, now)
            waiting = await waiting_rows(self._outbox, bucket, put_off, limit=limit)
            yield MongoLease(
                self._outbox, self._buckets, bucket, waiting=waiting, put_off=put_off, now=now
            )
        finally:
            with suppress(Outage), translated("give a bucket back"):
                await self._buckets.update_one(
                    {"_id": bucket, "owner": owner}, {"$set": {"owner": None, "until": None}}
                )

    async def wait(self, timeout: float) -> None:
        """Return when something was added in this process, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._added.wait()
        self._added.clear()

    async def _take(self, bucket: int, owner: ObjectId, now: datetime) -> Document | None:
        is_free: Document = {"$or": [{"until": None}, {"until": {"$lte": now}}]}
        with translated("lease a bucket"):
            taken: Document | None = await self._buckets.find_one_and_update(
                {"_id": bucket, **is_free},
                {"$set": {"owner": owner, "until": now + _LEASED_FOR}},
                return_document=ReturnDocument.AFTER,
            )
        return taken

    async def _is_ready(self, state: Document, now: datetime) -> bool:
        if state["until"] is not None and state["until"] > now:
            return False
        put_off = put_off_in(state, now)
        if not put_off:
            return True
        ready = await waiting_rows(self._outbox, state["_id"], put_off, limit=1)
        return bool(ready.rows)
