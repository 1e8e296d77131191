"""The outbox on PostgreSQL: rows in buckets, each bucket with one relay at a time.

A row's id is given while its aggregate is locked, so that per key ids grow in the order of commits.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.records import decode_headers, encode_headers
from adapters.postgres.rows import copy_rows
from tradex_core.messaging.broker import Message
from tradex_core.messaging.outbox import BUCKETS, OutboxRow, bucket_of

if TYPE_CHECKING:
    from adapters.postgres.database import PostgresDatabase

_COLUMNS: Final = {
    "bucket": "int2",
    "topic": "text",
    "key": "bytea",
    "payload": "bytea",
    "headers": "bytea",
    "partition": "int4",
}
_LOCKS: Final = 1_414_022_488
"""The first half of the advisory locks' names; no other pair of numbers here begins with it."""

_IS_FREE: Final = """NOT EXISTS (
    SELECT FROM outbox AS other
    WHERE other.available_at IS NOT NULL AND other.available_at > :now
      AND other.bucket = row.bucket AND other.topic = row.topic
      AND other.key IS NOT DISTINCT FROM row.key
)"""
_READY: Final = sa.text(f"""
SELECT number FROM generate_series(0, {BUCKETS - 1}) AS number
WHERE EXISTS (SELECT FROM outbox AS row WHERE row.bucket = number AND {_IS_FREE})
""")  # noqa: S608 - made of constants
_TAKE: Final = sa.text("SELECT pg_try_advisory_xact_lock(:locks, :bucket)")
_OLDEST: Final = sa.text(f"""
SELECT id, topic, key, payload, headers, partition, attempts FROM outbox AS row
WHERE bucket = :bucket AND {_IS_FREE} ORDER BY id LIMIT :limit
""")  # noqa: S608 - made of constants
_DELETE: Final = sa.text("DELETE FROM outbox WHERE id = ANY(:ids)")
_PUT_OFF: Final = sa.text(
    "UPDATE outbox SET attempts = attempts + 1, available_at = :until WHERE id = :id"
)
_COUNT: Final = sa.text("SELECT count(*) FROM outbox")


class PostgresLease:
    """One bucket, ours alone until the transaction that holds its lock ends."""

    def __init__(self, connection: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
        self._connection = connection
        self.rows = rows

    async def delete(self, ids: Collection[int]) -> None:
        """Delete what was acknowledged."""
        if ids:
            await self._connection.execute(_DELETE, {"ids": list(ids)})

    async def put_off(self, row_id: int, *, until: datetime) -> None:
        """Leave a row, and with it its key, alone until then, and count the refusal."""
        await self._connection.execute(_PUT_OFF, {"id": row_id, "until": until})


class PostgresOutbox:
    """What waits to be published."""

    def __init__(self, database: "PostgresDatabase") -> None:
        self._database = database
        self._added = asyncio.Event()

    async def add(self, connection: AsyncConnection, messages: Iterable[Message]) -> None:
        """Add messages inside a unit's transaction, in this order."""
        rows = [
            (
                bucket_of(message),
                message.topic,
                message.key,
                message.value,
                encode_headers(message.headers),
                message.partition,
            )
            for message in messages
        ]
        await copy_rows(connection, "outbox", _COLUMNS, rows)

    def wake(self) -> None:
        """Tell the relay of this process that something was committed."""
        self._added.set()

    async def count(self) -> int:
        """Return how many messages wait; raises Outage."""
        async with self._database.transaction() as connection:
            return int(await connection.scalar(_COUNT) or 0)

    async def buckets(self, *, now: datetime) -> Sequence[int]:
        """Return the buckets that hold something to publish now; raises Outage."""
        async with self._database.transaction() as connection:
            return list(await connection.scalars(_READY, {"now": now}))

    @asynccontextmanager
    async def lease(
        self, bucket: int, *, now: datetime, limit: int
    ) -> AsyncIterator[PostgresLease | None]:
        """Take a bucket for a while; None where another relay has it. Raises Outage.

        What was deleted stays so, even where publishing the rest fails.
        """
        failure: BaseException | None = None
        async with self._database.transaction() as connection:
            if not await connection.scalar(_TAKE, {"locks": _LOCKS, "bucket": bucket}):
                yield None
                return
            given = {"bucket": bucket, "now": now, "limit": limit}
            rows = [_row(found) for found in await connection.execute(_OLDEST, given)]
            try:
                yield PostgresLease(connection, rows)
            except Exception as error:  # noqa: BLE001 - it is raised once the deletions are kept
                failure = error
        if failure is not None:
            raise failure

    async def wait(self, timeout: float) -> None:
        """Return when something was added in this process, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._added.wait()
        self._added.clear()


def _row(found: Sequence[Any]) -> OutboxRow:
    row_id, topic, key, value, headers, partition, attempts = found
    message = Message(topic, key, value, decode_headers(headers), partition)
    return OutboxRow(row_id, message, attempts)
