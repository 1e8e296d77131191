"""Writes what a commit says into the documents, however often and by however many at once."""

import logging
from collections.abc import Sequence
from typing import Final

from pymongo import ReplaceOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from adapters.mongo.connection import Document
from adapters.mongo.faults import translated
from adapters.mongo.together import together

_DUPLICATE: Final = 11000

_log = logging.getLogger("tradex.mongo")


async def roll_forward(database: AsyncDatabase[Document], commit: Document) -> None:
    """Make the documents at least as new as a commit; one that is newer stays as it is.

    Every document carries the number of the commit that wrote it and is only ever replaced by one
    of a higher number, whole: so a process that stalls here and wakes up late changes nothing.
    Raises Outage; then some may be written and some not.
    """
    number = commit["_id"]
    await together(_write(database[op["collection"]], op, number) for op in commit["ops"])


async def _write(collection: AsyncCollection[Document], op: Document, number: int) -> None:
    there = [*op["changed"], *await _insert(collection, op["new"])]
    if not there:
        return
    if await _replace(collection, there, {"$lt": number}) < len(there):
        # Some are newer, or written by somebody who knows nothing of commits.
        await _replace(collection, there, {"$not": {"$gte": number}})


async def _replace(
    collection: AsyncCollection[Document], documents: Sequence[Document], commit: Document
) -> int:
    """Replace documents whose commit is such a one; return how many were."""
    replacements = [ReplaceOne({"_id": one["_id"], "commit": commit}, one) for one in documents]
    with translated("write what is committed"):
        return (await collection.bulk_write(replacements, ordered=False)).matched_count


async def _insert(
    collection: AsyncCollection[Document], documents: Sequence[Document]
) -> list[Document]:
    """Insert documents; return those in whose place there are others, older or newer ones."""
    if not documents:
        return []
    with translated("write what is committed"):
        try:
            await collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            details = dict(error.details or {})
            refusals = details["writeErrors"]
            if details["writeConcernErrors"] or any(r["code"] != _DUPLICATE for r in refusals):
                raise
            return [documents[r["index"]] for r in refusals if _is_its_place(collection.name, r)]
    return []


def _is_its_place(collection: str, refusal: Document) -> bool:
    """Tell whether it is the `_id` that is there already.

    Else somebody wrote a document past the log that takes another unique key: a commit cannot be
    taken back, and must not stand in the way of all that follow either.
    """
    if "_id" in refusal.get("keyPattern", {"_id": 1}):
        return True
    _log.error("%s: not written, it was written past the log: %s", collection, refusal["errmsg"])
    return False
