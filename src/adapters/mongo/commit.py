"""A commit: one document that says everything that a unit of work makes true."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from adapters.mongo.connection import Document
from adapters.mongo.outbox_documents import outbox_fields
from adapters.mongo.sequence import sequence
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Message
from tradex_core.messaging.unit_of_work import Need

WHOLE: Final = 1
"""The stage of a commit of which everything is there."""
STRIPPED: Final = 0
"""The stage of a commit of which what it handled is left, and what it has yet to publish."""


def name_of(need: Need) -> str:
    """Name what can be read or touched, as commits do."""
    collection, key = need
    return f"{collection}:{key}"


@dataclass
class Writes:
    """What is written to one of MongoDB's collections: whole documents, by `_id`.

    Those of `changed` are there, so that only a later commit can be in the way of writing them.
    """

    new: list[Document] = field(default_factory=list)
    changed: list[Document] = field(default_factory=list)


@dataclass(kw_only=True)
class Draft:
    """A commit that has no number yet: what it read, and what it is to make true.

    `placed` are documents that take their places in the order of commits: their `place` tells it.
    """

    reads: set[str] = field(default_factory=set)
    unhandled: set[MessageId] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    handled: Sequence[MessageId] = ()
    writes: dict[str, Writes] = field(default_factory=dict)
    placed: list[Document] = field(default_factory=list)
    messages: Sequence[Message] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it makes nothing true that was not."""
        return not (self.touched or self.handled or self.messages)

    def writes_to(self, collection: str) -> Writes:
        """Return what is written to a collection, to add to it."""
        return self.writes.setdefault(collection, Writes())

    def contradicts(self, commit: Document) -> bool:
        """Whether a commit touched what was read, or handled what was found unhandled."""
        return not (
            self.reads.isdisjoint(commit["touched"])
            and self.unhandled.isdisjoint(commit["handled"])
        )

    def document(self, number: int, *, at: datetime) -> Document:
        """Return the commit of this number."""
        for index, document in enumerate(self.placed):
            document["place"] = sequence(number, index)
        return {
            "_id": number,
            "stage": WHOLE,
            "at": at,
            "touched": sorted(self.touched),
            "handled": list(self.handled),
            "ops": [_op(collection, writes, number) for collection, writes in self.writes.items()],
            **outbox_fields(number, self.messages),
        }


def _op(collection: str, writes: Writes, number: int) -> Document:
    return {
        "collection": collection,
        "new": [{**document, "commit": number} for document in writes.new],
        "changed": [{**document, "commit": number} for document in writes.changed],
    }
