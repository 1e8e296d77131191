"""Parked messages in MongoDB: read as the last commit left them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase

from adapters.mongo.commit_log import CommitLog
from adapters.mongo.connection import Document
from adapters.mongo.faults import translated
from adapters.mongo.parked_documents import HELD_LANES, PARKED_MESSAGES, lane_id, parked_of
from adapters.mongo.together import together
from tradex_core.messaging.parking import Lane, Parked


class MongoParking:
    """Lanes and what is parked in them; only commits change it. Every method may raise Outage.

    As a rule nothing is parked and no lane held. Whether it is so is asked once, and then known
    until a commit changes what is.
    """

    def __init__(self, database: AsyncDatabase[Document], log: CommitLog) -> None:
        self._log = log
        self._parked = database[PARKED_MESSAGES]
        self._held = database[HELD_LANES]
        self._known = -1, False

    async def due(self, consumer: str, *, now: datetime, limit: int) -> Sequence[Parked]:
        """Return the heads of lanes whose time has come, but of held lanes, oldest first."""
        time_has_come: list[Document] = [
            {"$match": {"head.nextAttemptAt": {"$lte": now}}},
            {"$sort": {"head.nextAttemptAt": 1, "head.place": 1}},
            {"$limit": limit},
        ]
        return [parked_of(head) for head in await self._heads(consumer, time_has_come)]

    async def next_due(self, consumer: str) -> datetime | None:
        """Return when the next head of a lane that is not held is due; None where there is none."""
        first: list[Document] = [{"$sort": {"head.nextAttemptAt": 1}}, {"$limit": 1}]
        heads = await self._heads(consumer, first)
        return parked_of(heads[0]).next_attempt_at if heads else None

    async def all_parked(self, consumer: str) -> Sequence[Parked]:
        """Return everything that is parked, in order per lane."""
        await self._log.snapshot()
        with translated("say what is parked"):
            found = self._parked.find({"consumer": consumer}).sort([("lane", 1), ("place", 1)])
            return [parked_of(document) for document in await found.to_list()]

    async def count(self) -> int:
        """Return how many messages are set aside."""
        await self._log.snapshot()
        with translated("say what is parked"):
            return await self._parked.count_documents({"consumer": {"$exists": True}})

    async def occupied(self, lanes: Collection[Lane]) -> set[Lane]:
        """Return which of these lanes are held or have something parked in them."""
        if await self._is_empty():
            return set()
        by_id = {lane_id(lane): lane for lane in lanes}
        asked = {"$in": list(by_id)}
        is_held = {"_id": asked, "consumer": {"$exists": True}}
        with translated("say what is parked"):
            found = await together(
                [
                    self._parked.distinct("lane", {"lane": asked}),
                    self._held.distinct("_id", is_held),
                ]
            )
        return {by_id[lane] for lanes in found for lane in lanes}

    async def read(self, ids: Iterable[str]) -> dict[str, Document]:
        """Return what is there under these ids, tombstones too."""
        with translated("say what is parked"):
            found = await self._parked.find({"_id": {"$in": list(ids)}}).to_list()
        return {document["_id"]: document for document in found}

    async def _heads(self, consumer: str, then: Sequence[Document]) -> Sequence[Document]:
        await self._log.snapshot()
        if await self._is_empty():
            return ()
        with translated("say what is parked"):
            held = await self._held.find({"consumer": consumer}, {"_id": 1}).to_list()
            pipeline: list[Document] = [
                {"$match": {"consumer": consumer, "lane": {"$nin": [one["_id"] for one in held]}}},
                {"$sort": {"lane": 1, "place": 1}},
                {"$group": {"_id": "$lane", "head": {"$first": "$$ROOT"}}},
                *then,
            ]
            found = await (await self._parked.aggregate(pipeline)).to_list()
        return [group["head"] for group in found]

    async def _is_empty(self) -> bool:
        changes = self._log.parking_changes
        if self._known[0] != changes:
            anything: Document = {"consumer": {"$gt": ""}}
            with translated("say what is parked"):
                found = await together(
                    each.find_one(anything, {"_id": 1}) for each in (self._parked, self._held)
                )
            self._known = changes, not any(found)
        return self._known[1]
