"""The outbox in MongoDB: messages in the order of the commits that they lie in.

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

from adapters.mongo.commit_log import COMMITS
from adapters.mongo.connection import Document
from adapters.mongo.faults import translated
from adapters.mongo.follower import LOG_STATE
from adapters.mongo.outbox_documents import PLACE, WAITING
from adapters.mongo.outbox_lease import RELAY, MongoLease, Waiting, put_off_in, waiting_rows
from tradex_core.errors import Outage

_LEASED_FOR: Final = timedelta(seconds=10)
_RENEWED_AFTER: Final = _LEASED_FOR / 2


class MongoOutbox:
    """Reads what commits say is to be published. Every method may raise Outage.

    Its lease is kept, from one time to the next, for as long as everything that it showed was
    published: what comes meanwhile is then published without asking for it anew.
    """

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._commits = database[COMMITS]
        self._state = database.get_collection(LOG_STATE, write_concern=WriteConcern(w=1))
        self._kept: Document | None = None
        self._added = asyncio.Event()
        self._is_told = False

    def wake(self) -> None:
        """Tell whoever waits in this process that something was added."""
        self._added.set()

    async def count(self) -> int:
        """Return how many messages wait to be published."""
        count: Document = {"$group": {"_id": None, "rows": {"$sum": {"$size": "$rows"}}}}
        with translated("count what waits to be published"):
            found = await (await self._commits.aggregate([{"$match": WAITING}, count])).to_list()
        return int(found[0]["rows"]) if found else 0

    async def oldest(self) -> datetime | None:
        """Return when the oldest message that waits was committed; None where none waits."""
        with translated("say since when what is to be published waits"):
            first = await self._commits.find_one(WAITING, {"at": 1}, sort=[(PLACE, 1)])
        return first["at"] if first else None

    @asynccontextmanager
    async def lease(self, *, now: datetime, limit: int) -> AsyncIterator[MongoLease]:
        """Take the outbox for 10 seconds; nothing of it is shown where another relay has it."""
        state = await self._held(now)
        if state is None:
            yield MongoLease(self._commits, self._state, waiting=Waiting(), put_off={})
            return
        try:
            put_off = put_off_in(state, now)
            waiting = await waiting_rows(self._commits, put_off, limit=limit)
            lease = MongoLease(self._commits, self._state, waiting=waiting, put_off=put_off)
            yield lease
            if lease.published_all:
                self._kept = state
        finally:
            if self._kept is not state:
                await self._give_back(state["owner"])

    async def wait(self, timeout: float) -> None:
        """Return when something was added in this process, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._added.wait()
        self._is_told = self._added.is_set()
        self._added.clear()

    async def _held(self, now: datetime) -> Document | None:
        """Return what is said of the outbox, which is now ours; None where it is not."""
        kept, self._kept = self._kept, None
        is_told, self._is_told = self._is_told, False
        if kept is not None:
            is_fresh = now < kept["until"] - _RENEWED_AFTER
            return kept if is_fresh else await self._take(kept["owner"], now)
        if is_told or await self._has_something():
            return await self._take(ObjectId(), now)
        return None

    async def _has_something(self) -> bool:
        with translated("say what waits to be published"):
            return await self._commits.find_one(WAITING, {"_id": 1}) is not None

    async def _take(self, owner: ObjectId, now: datetime) -> Document | None:
        is_free: list[Document] = [{"until": None}, {"until": {"$lte": now}}, {"owner": owner}]
        with translated("lease the outbox"):
            taken: Document | None = await self._state.find_one_and_update(
                {"_id": RELAY, "$or": is_free},
                {"$set": {"owner": owner, "until": now + _LEASED_FOR}},
                return_document=ReturnDocument.AFTER,
            )
        return taken

    async def _give_back(self, owner: ObjectId) -> None:
        free: Document = {"$set": {"owner": None, "until": None}}
        with suppress(Outage), translated("give the outbox back"):
            await self._state.update_one({"_id": RELAY, "owner": owner}, free)
