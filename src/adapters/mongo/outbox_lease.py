"""Buckets of the outbox while one relay has them: what they show, and what becomes of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pymongo import UpdateMany, UpdateOne
from pymongo.asynchronous.collection import AsyncCollection

from adapters.mongo.connection import Document
from adapters.mongo.faults import translated
from adapters.mongo.outbox_documents import outbox_id, outbox_rows, published
from adapters.mongo.sequence import commit_and_index
from tradex_core.messaging.broker import Message
from tradex_core.messaging.outbox import OutboxRow

PutOff = dict[tuple[str, bytes | None], datetime]
"""The topics and keys that are left alone, and until when."""

_COMMITS_AT_ONCE: Final = 64


@dataclass
class ShownBucket:
    """The oldest rows of a bucket, and which commits have others in it that are not shown."""

    number: int
    put_off: PutOff
    rows: dict[int, OutboxRow] = field(default_factory=dict)
    _shows_all: dict[int, bool] = field(default_factory=dict)

    def show(self, commit: int, rows: Sequence[OutboxRow], limit: int) -> None:
        """Add rows of a commit, as many as there is room for."""
        shown = [row for row in rows if _lane(row.message) not in self.put_off]
        shown = shown[: limit - len(self.rows)]
        self.rows |= {row.id: row for row in shown}
        self._shows_all[commit] = len(shown) == len(rows)

    def forget(self, ids: Collection[int]) -> tuple[list[str], dict[str, list[int]]]:
        """Let go of rows; return the documents of which nothing is left, and what goes of others.

        A document that showed no rows at all is one of which two relays deleted a part each.
        """
        gone: dict[int, list[int]] = {}
        for row_id in ids:
            if self.rows.pop(row_id, None) is not None:
                commit, index = commit_and_index(row_id)
                gone.setdefault(commit, []).append(index)
        unfinished = {commit_and_index(row_id)[0] for row_id in self.rows}
        done = [n for n, all_ in self._shows_all.items() if all_ and n not in unfinished]
        for commit in done:
            del self._shows_all[commit]
            gone.pop(commit, None)
        in_part = {outbox_id(commit, self.number): indexes for commit, indexes in gone.items()}
        return [outbox_id(commit, self.number) for commit in done], in_part


async def shown_bucket(
    outbox: AsyncCollection[Document], bucket: int, put_off: PutOff, *, limit: int
) -> ShownBucket:
    """Return the oldest rows of a bucket by id, but for what is put off. Raises Outage."""
    shown = ShownBucket(bucket, put_off)
    with translated("say what waits to be published"):
        found = outbox.find({"waits": True, "bucket": bucket}).sort("commit", 1)
        async with found.batch_size(_COMMITS_AT_ONCE) as cursor:
            async for document in cursor:
                shown.show(document["commit"], outbox_rows(document), limit)
                if len(shown.rows) == limit:
                    break
    return shown


def put_off_in(state: Document, now: datetime) -> PutOff:
    """Read from a bucket's document what is left alone now."""
    entries = state["putOff"]
    return {(e["topic"], e["key"]): e["until"] for e in entries if e["until"] > now}


class MongoLease:
    """Buckets, ours until the lease is given back or has run out; `now` is when it began."""

    def __init__(
        self,
        outbox: AsyncCollection[Document],
        buckets: AsyncCollection[Document],
        shown: Sequence[ShownBucket],
        *,
        now: datetime,
    ) -> None:
        self.rows = [row for each in shown for row in each.rows.values()]
        self._outbox = outbox
        self._buckets = buckets
        self._shown = shown
        self._now = now

    async def delete(self, ids: Collection[int]) -> None:
        """Delete what was acknowledged. Raises Outage; then it is published once more."""
        done: list[str] = []
        updates: list[UpdateOne | UpdateMany] = []
        for bucket in self._shown:
            finished, in_part = bucket.forget(ids)
            done += finished
            updates += [
                UpdateOne({"_id": document_id}, {"$pull": {"rows": {"index": {"$in": indexes}}}})
                for document_id, indexes in in_part.items()
            ]
        if done:
            updates.append(UpdateMany({"_id": {"$in": done}}, published(self._now)))
        if updates:
            with translated("delete what is published"):
                await self._outbox.bulk_write(updates, ordered=False)

    async def put_off(self, row_id: int, *, until: datetime) -> None:
        """Leave a row, and with it its key, alone until then, and count the refusal.

        Raises Outage.
        """
        [bucket] = [each for each in self._shown if row_id in each.rows]
        bucket.put_off[_lane(bucket.rows[row_id].message)] = until
        commit, index = commit_and_index(row_id)
        entries = [
            {"topic": topic, "key": key, "until": end}
            for (topic, key), end in bucket.put_off.items()
        ]
        with translated("put a message off"):
            await self._outbox.update_one(
                {"_id": outbox_id(commit, bucket.number)},
                {"$inc": {"rows.$[row].attempts": 1}},
                array_filters=[{"row.index": index}],
            )
            await self._buckets.update_one({"_id": bucket.number}, {"$set": {"putOff": entries}})


def _lane(message: Message) -> tuple[str, bytes | None]:
    return message.topic, message.key
