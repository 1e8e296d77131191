"""How a collection of aggregates lies in tables."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from adapters.postgres.rows import Insert, Statement
from tradex_core.messaging.workspace import Change


class TableOf(Protocol):
    """Says what reads and what writes one collection; the unit of work has locked what it asks."""

    def question(self, collection: str, keys: Sequence[str]) -> Statement:
        """Return what asks for these, by the key that `collection` names."""
        ...

    def states(self, collection: str, rows: Iterable[tuple[Any, ...]]) -> Iterable[tuple[str, Any]]:
        """Return key and state of each of its answer's rows."""
        ...

    def writes(self, changes: Sequence[Change]) -> Iterable[Insert | Statement]:
        """Return what inserts those that were added and updates those that were changed."""
        ...
