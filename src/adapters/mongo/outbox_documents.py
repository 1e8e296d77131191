"""The outbox as documents: what one commit has for one bucket is one of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from adapters.mongo.connection import Document
from adapters.mongo.messages import message_document, message_of
from adapters.mongo.sequence import sequence
from tradex_core.messaging.broker import Message
from tradex_core.messaging.outbox import OutboxRow, bucket_of

OUTBOX: Final = "outbox"
OUTBOX_BUCKETS: Final = "outbox_buckets"


def outbox_id(commit: int, bucket: int) -> str:
    """Name what a commit has for a bucket."""
    return f"{commit}/{bucket}"


def outbox_documents(commit: int, messages: Iterable[Message]) -> list[Document]:
    """Write messages down, by bucket and in order."""
    buckets: dict[int, list[Document]] = {}
    for index, message in enumerate(messages):
        row = {"index": index, **message_document(message)}
        buckets.setdefault(bucket_of(message), []).append(row)
    return [
        {"_id": outbox_id(commit, bucket), "waits": True, "bucket": bucket, "rows": rows}
        for bucket, rows in buckets.items()
    ]


def outbox_rows(document: Document) -> list[OutboxRow]:
    """Read messages back."""
    commit = document["commit"]
    return [
        OutboxRow(sequence(commit, row["index"]), message_of(row), row.get("attempts", 0))
        for row in document["rows"]
    ]


def published(at: datetime) -> Document:
    """Return the update that leaves of a document only that nobody is to bring it back."""
    return {"$set": {"goneAt": at}, "$unset": {"waits": 1, "bucket": 1, "rows": 1}}
