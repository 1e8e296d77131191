"""The log of commits: what is in it has happened."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from adapters.mongo.commit import WHOLE, Draft
from adapters.mongo.connection import Document
from adapters.mongo.faults import translated
from adapters.mongo.follower import Follower, Snapshot
from tradex_core.clock import Clock
from tradex_core.errors import StoreConflict
from tradex_core.ids import MessageId

COMMITS: Final = "commits"

_LOOKED_AT_AT_ONCE: Final = 64
_TRIES: Final = 32
_LONGEST_UNIT: Final = timedelta(hours=1)
"""Far shorter than any commit is kept."""


class CommitLog:
    """Commits numbered from 1 without a gap, of which the oldest are forgotten.

    A commit is true from the moment its document is there, and its number is given once: MongoDB's
    unique `_id` decides which of two units of work comes first, and the second learns from the log
    what the first has touched.
    """

    def __init__(self, database: AsyncDatabase[Document], *, clock: Clock) -> None:
        self._clock = clock
        self._commits: AsyncCollection[Document] = database[COMMITS]
        # A number that is taken is taken, though its commit may not have reached the majority yet.
        # What is appended behind it can only be acknowledged once it has.
        self._latest = self._commits.with_options(read_concern=ReadConcern("local"))
        self._follower = Follower(database, self._commits, clock=clock)

    async def snapshot(self) -> Snapshot:
        """Let the documents follow everything that is committed; return up to where.

        Raises Outage.
        """
        return await self._follower.catch_up()

    @property
    def parking_changes(self) -> int:
        """A number that grows when what is parked or held in a snapshot may not be what it was."""
        return self._follower.parking_changes

    async def handled(self, ids: Collection[MessageId]) -> set[MessageId]:
        """Return which of these ids were handled by any commit. Raises Outage."""
        asked = {"handled": {"$in": list(ids)}}
        with translated("say what was handled"):
            found = await self._commits.find(asked, {"handled": 1}).to_list()
        return {handled for commit in found for handled in commit["handled"]}.intersection(ids)

    async def check(self, draft: Draft, *, since: int) -> int:
        """Return the number of the last commit; none that came since contradicts the draft.

        Raises StoreConflict where one does, or where it cannot be told any more; Outage.
        """
        while commits := await self._following(since):
            for commit in commits:
                is_next = commit["_id"] == since + 1 and commit["stage"] == WHOLE
                if not is_next or draft.contradicts(commit):
                    msg = "another unit of work changed the same things first, or may have"
                    raise StoreConflict(msg)
                since += 1
        return since

    async def append(self, draft: Draft, snapshot: Snapshot) -> Document:
        """Make a draft true, all of it at once, unless what it read has changed since.

        Return the commit, for the documents to follow.

        Raises StoreConflict, and then nothing was changed; Outage, and then it is not known.
        """
        if abs(self._clock.now() - snapshot.at) > _LONGEST_UNIT:
            # The number that it would take may have been given and forgotten.
            msg = "it took too long"
            raise StoreConflict(msg)
        last = snapshot.number
        for _ in range(_TRIES):
            commit = draft.document(last + 1, at=self._clock.now())
            try:
                with translated("commit"):
                    await self._commits.insert_one(commit)
            except DuplicateKeyError:
                last = await self.check(draft, since=last)
            else:
                return commit
        msg = "others were first every time"
        raise StoreConflict(msg)

    async def follow(self, commit: Document) -> None:
        """Let the documents follow a commit that was appended; else the next who reads will."""
        await self._follower.follow(commit)

    async def _following(self, number: int) -> Sequence[Document]:
        """Return the next commits as the primary has them, without what they write."""
        wanted = {"$in": list(range(number + 1, number + 1 + _LOOKED_AT_AT_ONCE))}
        fields = {"stage": 1, "touched": 1, "handled": 1}
        with translated("say what is committed"):
            return await self._latest.find({"_id": wanted}, fields).sort("_id", 1).to_list()
