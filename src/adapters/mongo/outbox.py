"""The outbox in MongoDB: messages in the order of their commits.

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
from pymongo import ReturnDocument, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase

from adapters.mongo.commit_log import COMMITS, CommitLog
from adapters.mongo.connection import Document
from adapters.mongo.faults import translated
from adapters.mongo.follower import LOG_STATE
from adapters.mongo.outbox_documents import OUTBOX
from adapters.mongo.outbox_lease import (
    RELAY,
    MongoLease,
    PutOff,
    Waiting,
    put_off_in,
    waiting_rows,
)
from tradex_core.errors import Outage

_LEASED_FOR: Final = timedelta(seconds=10)


class MongoOutbox:
    """Reads what commits say is to be published. Every method may raise Outage."""

    def __init__(self, database: AsyncDatabase[Document], log: CommitLog) -> None:
        self._log = log
        self._commits = database[COMMITS]
        self._outbox = database[OUTBOX]
        self._state = database.get_collection(LOG_STATE, write_concern=WriteConcern(w=1))
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
        with translated("say since when what is to be published waits"):
            first = await self._outbox.find_one({"waits": True}, {"_id": 1}, sort=[("_id", 1)])
            commit = first and await self._commits.find_one({"_id": first["_id"]}, {"at": 1})
        return commit["at"] if commit else None

    @asynccontextmanager
    async def lease(self, *, now: datetime, limit: int) -> AsyncIterator[MongoLease]:
        """Take the outbox for 10 seconds; nothing of it is shown where another relay has it."""
        owner = ObjectId()
        state = await self._take(owner, now) if await self._is_ready() else None
        if state is None:
            yield self._leased(Waiting(), {}, now)
            return
        try:
            put_off = put_off_in(state, now)
            waiting = await waiting_rows(self._outbox, put_off, limit=limit)
            yield self._leased(waiting, put_off, now)
        finally:
            with suppress(Outage), translated("give the outbox back"):
                await self._state.update_one(
                    {"_id": RELAY, "owner": owner}, {"$set": {"owner": None, "until": None}}
                )

    async def wait(self, timeout: float) -> None:
        """Return when something was added in this process, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._added.wait()
        self._added.clear()

    async def _is_ready(self) -> bool:
        await self._log.snapshot()
        with translated("say what waits to be published"):
            return await self._outbox.find_one({"waits": True}, {"_id": 1}) is not None

    async def _take(self, owner: ObjectId, now: datetime) -> Document | None:
        is_free: Document = {"$or": [{"until": None}, {"until": {"$lte": now}}]}
        with translated("lease the outbox"):
            taken: Document | None = await self._state.find_one_and_update(
                {"_id": RELAY, **is_free},
                {"$set": {"owner": owner, "until": now + _LEASED_FOR}},
                return_document=ReturnDocument.AFTER,
            )
        return taken

    def _leased(self, waiting: Waiting, put_off: PutOff, now: datetime) -> MongoLease:
        return MongoLease(self._outbox, self._state, waiting=waiting, put_off=put_off, now=now)
