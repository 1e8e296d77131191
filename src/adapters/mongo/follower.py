"""Lets the documents follow the log: nothing is read before everything committed is in them."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count, takewhile
from typing import Final, NamedTuple

from pymongo import WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from adapters.mongo.commit import WHOLE
from adapters.mongo.connection import Document
from adapters.mongo.faults import translated
from adapters.mongo.parked_documents import HELD_LANES, PARKED_MESSAGES
from adapters.mongo.roll_forward import roll_forward
from tradex_core.clock import Clock
from tradex_core.errors import Outage

LOG_STATE: Final = "log_state"
APPLIED: Final = "applied"
"""The document that says up to where the documents follow the log."""

_AT_ONCE: Final = 4
_MARK_EVERY: Final = timedelta(seconds=1)
"""How much, in time, who begins or falls behind may find and write down once more."""
_TRUSTED: Final = timedelta(hours=1)
"""How long a position is good for: far shorter than any commit is kept."""

_log = logging.getLogger("tradex.mongo")


class Snapshot(NamedTuple):
    """The last commit that the documents follow, and when it was found to be the last."""

    number: int
    at: datetime


class Follower:
    """Knows up to where the documents follow the log, and lets them go on.

    `parking_changes` grows whenever the documents have followed a commit that changes what is
    parked or held, or one that was not looked at.
    """

    def __init__(
        self,
        database: AsyncDatabase[Document],
        commits: AsyncCollection[Document],
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._commits = commits
        self._clock = clock
        # Where it lags or is lost, commits are written down once more, which is harmless.
        self._state = database.get_collection(LOG_STATE, write_concern=WriteConcern(w=1))
        self._position: Snapshot | None = None
        self._marked_at: datetime | None = None
        self._moving = asyncio.Lock()
        self.parking_changes = 0

    async def catch_up(self) -> Snapshot:
        """Write down every commit that is not yet, whosever it is. Raises Outage."""
        async with self._moving:
            return await self._catch_up()

    async def follow(self, commit: Document) -> None:
        """Write down a commit of our own; where that fails, the next who reads will."""
        try:
            async with self._moving:
                if self._position and self._position.number == commit["_id"] - 1:
                    await self._write_down([commit])
                else:
                    await self._catch_up()
        except Outage as error:
            _log.warning("commit %s is for the next reader to write down: %s", commit["_id"], error)

    async def _catch_up(self) -> Snapshot:
        now = self._clock.now()
        number = await self._reached()
        if await self._is_there(number + 1):
            marked = await self._marked() or 0
            if marked > number:
                number = marked
                self.parking_changes += 1
            while commits := await self._behind(number):
                number = await self._write_down(commits)
        self._position = Snapshot(number, now)
        return self._position

    async def _write_down(self, commits: Sequence[Document]) -> int:
        for commit in commits:
            if commit["stage"] == WHOLE:
                await roll_forward(self._database, commit)
            if commit["stage"] != WHOLE or _changes_parking(commit):
                self.parking_changes += 1
        number, now = int(commits[-1]["_id"]), self._clock.now()
        if self._marked_at is None or not self._marked_at <= now < self._marked_at + _MARK_EVERY:
            with translated("note what is written down"):
                mark = {"$max": {"number": number}}
                await self._state.update_one({"_id": APPLIED}, mark, upsert=True)
            self._marked_at = now
        self._position = Snapshot(number, now)
        return number

    async def _reached(self) -> int:
        position = self._position
        if position is not None and abs(self._clock.now() - position.at) < _TRUSTED:
            return position.number
        self.parking_changes += 1
        marked = await self._marked()
        return await self._before_the_first() if marked is None else marked

    async def _marked(self) -> int | None:
        with translated("say what is written down"):
            state = await self._state.find_one({"_id": APPLIED})
        return None if state is None else int(state["number"])

    async def _before_the_first(self) -> int:
        with translated("say what is committed"):
            first = await self._commits.find_one({}, {"_id": 1}, sort=[("_id", 1)])
        return 0 if first is None else int(first["_id"]) - 1

    async def _is_there(self, number: int) -> bool:
        with translated("say what is committed"):
            return await self._commits.find_one({"_id": number}, {"_id": 1}) is not None

    async def _behind(self, number: int) -> Sequence[Document]:
        """Return the commits behind a number that follow each other."""
        wanted = {"$in": list(range(number + 1, number + 1 + _AT_ONCE))}
        with translated("say what is committed"):
            found = self._commits.find({"_id": wanted}, {"stage": 1, "ops": 1}).sort("_id", 1)
            commits = await found.to_list()
        numbered = zip(count(number + 1), commits, strict=False)
        return [commit for _, commit in takewhile(lambda pair: pair[0] == pair[1]["_id"], numbered)]


def _changes_parking(commit: Document) -> bool:
    return any(op["collection"] in (PARKED_MESSAGES, HELD_LANES) for op in commit["ops"])
