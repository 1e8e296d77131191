"""How a collection of aggregates lies in tables."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from tradex_core.messaging.workspace import Change


class TableOf(Protocol):
    """Reads and writes one collection; the unit of work has locked whatever it asks for."""

    async def load(
        self, connection: AsyncConnection, collection: str, keys: Sequence[str]
    ) -> Iterable[tuple[str, Any]]:
        """Return key and state of those that are there, by the key that `collection` names."""
        ...

    async def write(self, connection: AsyncConnection, changes: Sequence[Change]) -> None:
        """Insert what was added and update what was changed."""
        ...
