"""The outbox as documents: the messages of a commit lie in it until they are published."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.mongo.connection import Document
from adapters.mongo.messages import message_document, message_of
from adapters.mongo.sequence import sequence
from tradex_core.messaging.broker import Message
from tradex_core.messaging.outbox import OutboxRow

PLACE: Final = "waits"
"""The field of commits that have messages to publish, and no others: the commit's number."""
WAITING: Final[Mapping[str, Any]] = {PLACE: {"$gt": 0}}
"""What finds these commits."""
PUBLISHED: Final[Mapping[str, Any]] = {"$unset": {PLACE: 1, "rows": 1}}
"""The update by which a commit has nothing to publish any more."""


def outbox_fields(commit: int, messages: Sequence[Message]) -> Document:
    """Return what a commit has for its messages, in order; nothing where there are none."""
    if not messages:
        return {}
    rows = [{"index": index, **message_document(each)} for index, each in enumerate(messages)]
    return {PLACE: commit, "rows": rows}


def outbox_rows(commit: Document) -> list[OutboxRow]:
    """Read messages back."""
    number = commit["_id"]
    return [
        OutboxRow(sequence(number, row["index"]), message_of(row), row.get("attempts", 0))
        for row in commit["rows"]
    ]
