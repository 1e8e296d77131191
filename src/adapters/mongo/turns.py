"""Taking turns: units of work that get into each other's way go one after the other."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

from bson import ObjectId
from pymongo import WriteConcern
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from adapters.mongo.connection import Document
from adapters.mongo.faults import translated
from adapters.mongo.follower import LOG_STATE
from tradex_core.clock import Clock
from tradex_core.errors import Outage

_TURN: Final = "turn"
_LENGTH: Final = timedelta(seconds=5)
_POLITE_SECONDS: Final = 5.0
_LOOK_EVERY_SECONDS: Final = 0.01


class Turns:
    """Who goes first, among all processes.

    Who met a conflict takes turns for the next five seconds, and everybody waits while somebody has
    one, until it is given back or five seconds old. Only how much work is wasted depends on it:
    where it fails, units of work conflict, and are run again.
    """

    def __init__(self, database: AsyncDatabase[Document], *, clock: Clock) -> None:
        self._state = database.get_collection(LOG_STATE, write_concern=WriteConcern(w=1))
        self._clock = clock
        self._polite_until = 0.0

    def conflicted(self) -> None:
        """Take turns from now on."""
        self._polite_until = asyncio.get_running_loop().time() + _POLITE_SECONDS

    async def wait(self) -> ObjectId | None:
        """Wait while somebody has a turn; return our own, where we take turns. Raises Outage."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LENGTH.total_seconds()):
                if asyncio.get_running_loop().time() < self._polite_until:
                    return await self._take()
                while await self._is_taken():  # noqa: ASYNC110 - another process tells nobody
                    await asyncio.sleep(_LOOK_EVERY_SECONDS)
        return None

    async def give_back(self, turn: ObjectId) -> None:
        """End a turn of ours; where MongoDB is away, it ends by itself."""
        with suppress(Outage), translated("end a turn"):
            await self._state.update_one({"_id": _TURN, "owner": turn}, {"$set": {"until": None}})

    async def _take(self) -> ObjectId:
        turn = ObjectId()
        while True:
            now = self._clock.now()
            mine = {"$set": {"owner": turn, "until": now + _LENGTH}}
            is_free = {"_id": _TURN, "until": {"$not": {"$gt": now}}}
            with suppress(DuplicateKeyError), translated("take turns"):
                await self._state.update_one(is_free, mine, upsert=True)
                return turn
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def _is_taken(self) -> bool:
        with translated("take turns"):
            taken = {"_id": _TURN, "until": {"$gt": self._clock.now()}}
            return await self._state.find_one(taken, {"_id": 1}) is not None
