"""The outbox while one relay has it: what it shows, and what becomes of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pymongo import UpdateMany, UpdateOne
from pymongo.asynchronous.collection import AsyncCollection

from adapters.mongo.connection import Document
from adapters.mongo.faults import translated
from adapters.mongo.outbox_documents import PLACE, PUBLISHED, WAITING, outbox_rows
from adapters.mongo.sequence import commit_and_index
from tradex_core.messaging.broker import Message
from tradex_core.messaging.outbox import OutboxRow

RELAY: Final = "relay"
"""The document that says which relay has the outbox, and which keys it leaves alone."""

PutOff = dict[tuple[str, bytes | None], datetime]
"""The topics and keys that are left alone, and until when."""

_COMMITS_AT_ONCE: Final = 64


@dataclass
class Waiting:
    """The oldest rows that wait, and which commits have others that are not shown."""

    rows: dict[int, OutboxRow] = field(default_factory=dict)
    _shows_all: dict[int, bool] = field(default_factory=dict)

    def show(self, commit: int, rows: Sequence[OutboxRow], hidden: PutOff, limit: int) -> None:
        """Add rows of a commit, as many as there is room for."""
        shown = [row for row in rows if _lane(row.message) not in hidden]
        shown = shown[: limit - len(self.rows)]
        self.rows |= {row.id: row for row in shown}
        self._shows_all[commit] = len(shown) == len(rows)

    def forget(self, ids: Collection[int]) -> tuple[list[int], dict[int, list[int]]]:
        """Let go of rows; return the commits of which nothing is left, and what goes of others.

        One that showed no rows at all is one of which two relays deleted a part each.
        """
        gone: dict[int, list[int]] = {}
        for row_id in ids:
            del self.rows[row_id]
            commit, index = commit_and_index(row_id)
            gone.setdefault(commit, []).append(index)
        unfinished = {commit_and_index(row_id)[0] for row_id in self.rows}
        done = [n for n, all_ in self._shows_all.items() if all_ and n not in unfinished]
        for commit in done:
            del self._shows_all[commit]
            gone.pop(commit, None)
        return done, gone


async def waiting_rows(
    commits: AsyncCollection[Document], hidden: PutOff, *, limit: int
) -> Waiting:
    """Return the oldest rows by id, but for what is put off. Raises Outage."""
    waiting = Waiting()
    with translated("say what waits to be published"):
        found = commits.find(WAITING, {"rows": 1}).sort(PLACE, 1)
        async with found.batch_size(_COMMITS_AT_ONCE) as cursor:
            async for document in cursor:
                waiting.show(document["_id"], outbox_rows(document), hidden, limit)
                if len(waiting.rows) == limit:
                    break
    return waiting


def put_off_in(state: Document, now: datetime) -> PutOff:
    """Read what is left alone now."""
    entries = state["putOff"]
    return {(e["topic"], e["key"]): e["until"] for e in entries if e["until"] > now}


class MongoLease:
    """The outbox, ours until the lease is given back or has run out."""

    def __init__(
        self,
        commits: AsyncCollection[Document],
        state: AsyncCollection[Document],
        *,
        waiting: Waiting,
        put_off: PutOff,
    ) -> None:
        self.rows = list(waiting.rows.values())
        self._commits = commits
        self._state = state
        self._waiting = waiting
        self._put_off = put_off

    @property
    def published_all(self) -> bool:
        """Whether it showed something, of which nothing is left."""
        return bool(self.rows) and not self._waiting.rows

    async def delete(self, ids: Collection[int]) -> None:
        """Delete what was acknowledged. Raises Outage; then it is published once more."""
        done, in_part = self._waiting.forget(ids)
        updates: list[UpdateOne | UpdateMany] = [
            UpdateOne({"_id": commit}, {"$pull": {"rows": {"index": {"$in": indexes}}}})
            for commit, indexes in in_part.items()
        ]
        if done:
            updates.append(UpdateMany({"_id": {"$in": done}}, PUBLISHED))
        if updates:
            with translated("delete what is published"):
                await self._commits.bulk_write(updates, ordered=False)

    async def put_off(self, row_id: int, *, until: datetime) -> None:
        """Leave a row, and with it its key, alone until then, and count the refusal.

        Raises Outage.
        """
        commit, index = commit_and_index(row_id)
        self._put_off[_lane(self._waiting.rows[row_id].message)] = until
        entries = [
            {"topic": topic, "key": key, "until": end}
            for (topic, key), end in self._put_off.items()
        ]
        with translated("put a message off"):
            await self._commits.update_one(
                {"_id": commit},
                {"$inc": {"rows.$[row].attempts": 1}},
                array_filters=[{"row.index": index}],
            )
            await self._state.update_one({"_id": RELAY}, {"$set": {"putOff": entries}})


def _lane(message: Message) -> tuple[str, bytes | None]:
    return message.topic, message.key
