"""How aggregates are kept as documents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.mongo.connection import Document
from tradex_core.messaging.workspace import Collection


@dataclass(frozen=True, kw_only=True)
class DocumentKind:
    """How the aggregates of one collection are kept in one of MongoDB's.

    `fields` names the field in which each further unique key stands. `to_id` returns a key as it
    stands in `_id`; None where no document can have it. `to_document` is given a state, the state
    it began with in its unit of work (as it was added or loaded), and the document that was there;
    what it does not know of that document it keeps.
    """

    collection: Collection
    name: str
    fields: Mapping[str, str]
    to_id: Callable[[str], object | None]
    to_document: Callable[[Any, Any, Document], Document]
    to_state: Callable[[Document], Any]
