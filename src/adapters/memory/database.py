"""A database in memory: immutable states, an inbox, an outbox and parked messages."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from adapters.memory.outbox import MemoryOutbox
from adapters.memory.parking import MemoryParking
from tradex_core.clock import Clock
from tradex_core.ids import MessageId
from tradex_core.messaging.workspace import Collection

_INBOX_RETENTION = timedelta(days=8)
"""Longer than a command topic keeps its messages, so that no redelivery finds its id forgotten."""


class MemoryDatabase:
    """What outlives the units of work: it changes only inside `MemoryUnitOfWork.commit`."""

    def __init__(self, collections: Mapping[str, Collection], *, clock: Clock) -> None:
        self.clock = clock
        self.collections = collections
        self.states: dict[str, dict[str, Any]] = {name: {} for name in collections}
        self.indexes: dict[str, dict[str, str]] = {
            name: {} for kind in collections.values() for name in kind.unique
        }
        self.index_owner = {
            index: name for name, kind in collections.items() for index in kind.unique
        }
        self.histories: dict[str, list[Any]] = {}
        self.inbox: dict[MessageId, datetime] = {}
        self._remembered: deque[MessageId] = deque()
        self.outbox = MemoryOutbox(clock)
        self.parking = MemoryParking()

    @property
    def pool(self) -> None:
        """None: there are no connections."""
        return None

    async def open(self) -> None:
        """Do nothing: it is there."""

    async def ping(self) -> None:
        """Answer at once."""

    async def close(self) -> None:
        """Do nothing: it ends with the process."""

    def read(self, collection: str, key: str) -> Any:  # noqa: ANN401 - each collection its own
        """Return the committed state under an id or another unique key, or None."""
        owner = self.index_owner.get(collection)
        if owner is None:
            return self.states[collection].get(key)
        found = self.indexes[collection].get(key)
        return None if found is None else self.states[owner][found]

    def write(self, collection: str, state: Any) -> None:  # noqa: ANN401 - each collection its own
        """Replace a state and its entries in the unique indexes."""
        kind = self.collections[collection]
        key = kind.id(state)
        former = self.states[collection].get(key)
        for index, key_of in kind.unique.items():
            if former is not None:
                self.indexes[index].pop(key_of(former), None)
            self.indexes[index][key_of(state)] = key
        self.states[collection][key] = state

    def remember(self, handled: MessageId, at: datetime) -> None:
        """Put an id into the inbox, and let go of those that nothing can deliver any more."""
        if handled not in self.inbox:
            self.inbox[handled] = at
            self._remembered.append(handled)
        # A dict from whose front much was deleted takes long to find its first key.
        while self._remembered and self._is_past(self._remembered[0], at):
            self.inbox.pop(self._remembered.popleft(), None)

    def _is_past(self, handled: MessageId, now: datetime) -> bool:
        at = self.inbox.get(handled)
        return at is None or at < now - _INBOX_RETENTION
