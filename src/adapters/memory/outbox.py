"""The outbox in memory: buckets of rows in the order of their commits."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from tradex_core.clock import Clock
from tradex_core.messaging.broker import Message
from tradex_core.messaging.outbox import BUCKETS, OutboxRow, bucket_of

_Lane = tuple[str, bytes | None]


class _Bucket:
    def __init__(self) -> None:
        self.rows: dict[int, OutboxRow] = {}
        self.since: dict[int, datetime] = {}
        self.put_off: dict[_Lane, datetime] = {}
        self.leased = False

    def ready(self, now: datetime) -> list[OutboxRow]:
        """The rows of keys that are not put off, oldest first."""
        self.put_off = {lane: until for lane, until in self.put_off.items() if until > now}
        if not self.put_off:
            return list(self.rows.values())
        return [row for row in self.rows.values() if _lane(row.message) not in self.put_off]


class MemoryLease:
    """Buckets, ours alone; what they show was committed before the lease began."""

    def __init__(self, shown: Iterable[tuple[_Bucket, OutboxRow]]) -> None:
        self._bucket_of = {row.id: (bucket, row) for bucket, row in shown}
        self.rows = [row for _, row in self._bucket_of.values()]

    async def delete(self, ids: Collection[int]) -> None:
        """Delete what was acknowledged."""
        for row_id in ids:
            bucket, _ = self._bucket_of[row_id]
            bucket.rows.pop(row_id, None)
            bucket.since.pop(row_id, None)

    async def put_off(self, row_id: int, *, until: datetime) -> None:
        """Leave a row, and with it its key, alone until then, and count the refusal."""
        bucket, row = self._bucket_of[row_id]
        bucket.rows[row_id] = OutboxRow(row.id, row.message, row.attempts + 1)
        bucket.put_off[_lane(row.message)] = until


class MemoryOutbox:
    """Rows by bucket; adding is what a commit does, synchronously."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets = [_Bucket() for _ in range(BUCKETS)]
        self._next_id = 0
        self._added = asyncio.Event()

    def __len__(self) -> int:
        return sum(len(bucket.rows) for bucket in self._buckets)

    async def count(self) -> int:
        """Return how many messages wait."""
        return len(self)

    async def oldest(self) -> datetime | None:
        """Return when the oldest message that waits was committed; None where none waits."""
        return min((at for each in self._buckets for at in each.since.values()), default=None)

    def add(self, messages: Iterable[Message]) -> None:
        """Append messages, each to its bucket, and wake the relay."""
        now = self._clock.now()
        for message in messages:
            self._next_id += 1
            row = OutboxRow(self._next_id, message)
            bucket = self._buckets[bucket_of(message)]
            bucket.rows[row.id], bucket.since[row.id] = row, now
            self._added.set()

    @asynccontextmanager
    async def lease(self, *, now: datetime, limit: int) -> AsyncIterator[MemoryLease]:
        """Take each bucket that holds something to publish now, and that no relay has."""
        free = (bucket for bucket in self._buckets if bucket.rows and not bucket.leased)
        taken = [(bucket, rows) for bucket in free if (rows := bucket.ready(now))]
        for bucket, _ in taken:
            bucket.leased = True
        try:
            each = max(1, limit // max(1, len(taken)))
            yield MemoryLease((bucket, row) for bucket, rows in taken for row in rows[:each])
        finally:
            for bucket, _ in taken:
                bucket.leased = False

    async def wait(self, timeout: float) -> None:
        """Return when something was added in this process, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._added.wait()
        self._added.clear()


def _lane(message: Message) -> _Lane:
    return message.topic, message.key
