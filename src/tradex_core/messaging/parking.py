"""Messages set aside after a passing failure, in order per key, until their next try."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tradex_core.messaging.broker import Record


class Lane(msgspec.Struct, frozen=True, gc=False):
    """What keeps order among parked messages: one consumer, one topic, one key."""

    consumer: str
    topic: str
    key: bytes

    @classmethod
    def of(cls, consumer: str, record: Record) -> "Lane":
        """Return the lane of a record; one without a key has a lane of its own."""
        key = record.key if record.key is not None else record.position.encode()
        return cls(consumer=consumer, topic=record.topic, key=key)


class Parked(msgspec.Struct, frozen=True, gc=False):
    """A record set aside: how often it was tried, since when it fails, when it is tried again."""

    lane: Lane
    record: Record
    attempts: int
    first_failed_at: datetime
    next_attempt_at: datetime
    error: str


class Parking(Protocol):
    """Reads what is parked; units of work change it."""

    async def due(self, consumer: str, *, now: datetime, limit: int) -> Sequence[Parked]:
        """Return the heads of lanes whose time has come, but of held lanes, oldest first."""
        ...

    async def next_due(self, consumer: str) -> datetime | None:
        """Return when the next head of a lane that is not held is due; None where there is none."""
        ...

    async def all_parked(self, consumer: str) -> Sequence[Parked]:
        """Return everything that is parked, in order per lane."""
        ...
