"""Messages committed together with the state that caused them, waiting for the relay."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from hashlib import sha256
from typing import Protocol

import msgspec

from tradex_core.messaging.broker import Message

BUCKETS = 16
"""In how many buckets the keys are shared out among relays."""


def bucket_of(message: Message) -> int:
    """Return the bucket of a message: the same for every message of its topic and key."""
    lane = message.topic.encode() + b"\0" + (message.key or b"")
    return sha256(lane).digest()[0] % BUCKETS


class OutboxRow(msgspec.Struct, frozen=True, gc=False):
    """A message that waits: ids grow in the order of commits per key; `attempts` were refused."""

    id: int
    message: Message
    attempts: int = 0


class Lease(Protocol):
    """Buckets of the outbox, ours alone until the lease is given back."""

    @property
    def rows(self) -> Sequence[OutboxRow]:
        """The oldest rows of what was taken, by id per bucket, of no key that is put off."""
        ...

    async def delete(self, ids: Collection[int]) -> None:
        """Delete what was acknowledged."""
        ...

    async def put_off(self, row_id: int, *, until: datetime) -> None:
        """Leave a row, and with it its key, alone until then, and count the refusal."""
        ...


class Outbox(Protocol):
    """What the relay needs of the outbox."""

    def lease(self, *, now: datetime, limit: int) -> AbstractAsyncContextManager[Lease]:
        """Take for a while what waits to be published now, but buckets that another relay has.

        At most `limit` rows are shown, but at least one of each bucket.
        """
        ...

    async def wait(self, timeout: float) -> None:
        """Return when something was added in this process, or after so many seconds."""
        ...
