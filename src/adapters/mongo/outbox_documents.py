"""The outbox as documents: the messages of one commit are one of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from adapters.mongo.connection import Document
from adapters.mongo.messages import message_document, message_of
from adapters.mongo.sequence import sequence
from tradex_core.messaging.broker import Message
from tradex_core.messaging.outbox import OutboxRow

OUTBOX: Final = "outbox"


def outbox_document(commit: int, messages: Sequence[Message]) -> Document:
    """Write the messages of a commit down, in order."""
    rows = [{"index": index, **message_document(each)} for index, each in enumerate(messages)]
    return {"_id": commit, "waits": True, "rows": rows}


def outbox_rows(document: Document) -> list[OutboxRow]:
    """Read messages back."""
    commit = document["_id"]
    return [
        OutboxRow(sequence(commit, row["index"]), message_of(row), row.get("attempts", 0))
        for row in document["rows"]
    ]


def published(at: datetime) -> Document:
    """Return the update that leaves of a document only that nobody is to bring it back."""
    return {"$set": {"goneAt": at}, "$unset": {"waits": 1, "rows": 1}}
