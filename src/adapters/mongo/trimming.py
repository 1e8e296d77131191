"""Lets go of what nobody needs any more: old commits, and what is left of deleted documents."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase

from adapters.mongo.commit import STRIPPED, WHOLE
from adapters.mongo.commit_log import COMMITS
from adapters.mongo.connection import Document
from adapters.mongo.faults import translated
from adapters.mongo.outbox_documents import PLACE, WAITING
from adapters.mongo.parked_documents import HELD_LANES, PARKED_MESSAGES
from tradex_core.clock import Clock
from tradex_core.errors import Outage

_INBOX_RETENTION: Final = timedelta(days=8)
"""Longer than a command topic keeps its messages, so that no redelivery finds its id forgotten."""
_KEPT_WHOLE: Final = timedelta(minutes=1)
"""How long a unit of work may take before nobody can tell it what others did meanwhile."""
_PAUSE: Final = timedelta(seconds=10)


class Trimming:
    """Strips commits that are a minute old and written down, and forgets them in the end.

    The ids that a stripped commit handled are kept for 8 days, and for as long as a commit at or
    before it has something to publish. What is left of a deleted document is kept for 8 days too:
    whoever stalled before writing it still finds that a later commit deleted it.
    """

    def __init__(self, database: AsyncDatabase[Document], *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._last: datetime | None = None

    async def trim_now_and_then(self, *, up_to: int) -> None:
        """Do so unless it was done a moment ago, but only to commits up to a number.

        They must be written down, and the last commit not be among them: without it, its number
        would be given again. Where MongoDB is away, nothing happens.
        """
        now = self._clock.now()
        if self._last is None or not self._last <= now < self._last + _PAUSE:
            self._last = now
            with suppress(Outage):
                await self._trim(now, up_to)

    async def _trim(self, now: datetime, up_to: int) -> None:
        commits, earlier = self._database[COMMITS], {"$lte": up_to}
        with translated("let go of what is old"):
            await commits.update_many(
                {"stage": WHOLE, "at": {"$lt": now - _KEPT_WHOLE}, "_id": earlier},
                {"$set": {"stage": STRIPPED}, "$unset": {"touched": 1, "ops": 1}},
            )
            past = {"$lt": now - _INBOX_RETENTION}
            waits = await commits.find_one(WAITING, {"_id": 1}, sort=[(PLACE, 1)])
            gone = {"$lte": min(up_to, waits["_id"] - 1)} if waits else earlier
            await commits.delete_many({"stage": STRIPPED, "at": past, "_id": gone})
            for collection in (PARKED_MESSAGES, HELD_LANES):
                await self._database[collection].delete_many({"goneAt": past})
