"""The outbox on PostgreSQL: rows in buckets, each bucket with one relay at a time.

A row's id is given while its aggregate is locked, so that per key ids grow in the order of commits.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from adapters.postgres import binary
from adapters.postgres.errors import translated
from adapters.postgres.keys import number_array
from adapters.postgres.records import decode_headers, encode_headers
from adapters.postgres.rows import (
    Driver,
    Insert,
    NewRows,
    Row,
    Statement,
    ask,
    driver_of,
    write,
)
from tradex_core.messaging.broker import Message
from tradex_core.messaging.outbox import BUCKETS, OutboxRow, bucket_of

if TYPE_CHECKING:
    from adapters.postgres.database import PostgresDatabase

_NEW: Final = NewRows("outbox", "bucket", "topic", "key", "payload", "headers", "partition")
_LOCKS: Final = 1_414_022_488
"""The first half of the advisory locks' names; no other pair of numbers here begins with it."""

_LANE: Final = "topic, coalesce(sha256(key), '')"
_PUT_OFF_LANES: Final = f"SELECT {_LANE} FROM outbox WHERE available_at > %(now)s"  # noqa: S608
_TAKEN: Final = "nullif(current_setting('tradex.buckets'), '')::int8[]"
_TAKE: Final = f"""
WITH ready AS MATERIALIZED (
    SELECT number FROM generate_series(0, {BUCKETS - 1}) AS number, LATERAL (
        SELECT FROM outbox WHERE bucket = number AND ({_LANE}) NOT IN ({_PUT_OFF_LANES})
        ORDER BY id LIMIT 1
    ) AS first
)
SELECT set_config('tradex.buckets', array_agg(number)::text, true) FROM ready
WHERE pg_try_advisory_xact_lock({_LOCKS}, number)
"""  # noqa: S608 - made of constants
_OLDEST: Final = f"""
SELECT id, topic, key, payload, headers, partition, attempts
FROM unnest({_TAKEN}) AS number, LATERAL (
    SELECT * FROM outbox WHERE bucket = number AND ({_LANE}) NOT IN ({_PUT_OFF_LANES})
    ORDER BY id LIMIT greatest(1, %(limit)s / cardinality({_TAKEN}))
) AS oldest
"""  # noqa: S608 - made of constants
_DELETE: Final = f"""
DELETE FROM outbox WHERE bucket = ANY({_TAKEN}) AND id = ANY(%(ids)s::int8[])
"""  # noqa: S608 - made of constants
_PUT_OFF: Final = f"""
UPDATE outbox SET attempts = attempts + 1, available_at = %(until)s
WHERE bucket = ANY({_TAKEN}) AND id = %(id)s
"""  # noqa: S608 - made of constants
_COUNT: Final = "SELECT count(*) FROM outbox"
_SINCE: Final = f"""
SELECT min(occurred_at) FROM generate_series(0, {BUCKETS - 1}) AS number, LATERAL (
    SELECT occurred_at FROM outbox WHERE bucket = number ORDER BY id LIMIT 1
) AS first
"""  # noqa: S608 - made of constants


class PostgresLease:
    """Buckets, ours alone until the transaction ends that holds their locks and makes changes."""

    def __init__(self, rows: Sequence[OutboxRow]) -> None:
        self.rows = rows
        self.changes: list[Statement] = []

    async def delete(self, ids: Collection[int]) -> None:
        """Delete what was acknowledged."""
        if ids:
            self.changes.append(Statement(_DELETE, {"ids": number_array(ids)}))

    async def put_off(self, row_id: int, *, until: datetime) -> None:
        """Leave a row, and with it its key, alone until then, and count the refusal."""
        self.changes.append(Statement(_PUT_OFF, {"id": row_id, "until": until}))


class PostgresOutbox:
    """What waits to be published."""

    def __init__(self, database: "PostgresDatabase") -> None:
        self._database = database
        self._added = asyncio.Event()

    def insert(self, messages: Iterable[Message]) -> Insert:
        """Return what adds messages, in this order."""
        return _NEW.of(map(_new_row, messages))

    def wake(self) -> None:
        """Tell the relay of this process that something was committed."""
        self._added.set()

    async def count(self) -> int:
        """Return how many messages wait; raises Outage."""
        async with self._transaction() as driver:
            [[(count,)]] = await ask(driver, Statement(_COUNT, {}))
        return int(count)

    async def oldest(self) -> datetime | None:
        """Return when the oldest message that waits was committed; None where none waits.

        Raises Outage.
        """
        async with self._transaction() as driver:
            [[(since,)]] = await ask(driver, Statement(_SINCE, {}))
        return cast("datetime | None", since)

    @asynccontextmanager
    async def lease(self, *, now: datetime, limit: int) -> AsyncIterator[PostgresLease]:
        """Take each bucket that holds something to publish now, and that no relay has.

        Raises Outage. What was deleted stays so, even where publishing the rest fails.
        """
        failure: BaseException | None = None
        connection = await self._database.connect()
        try:
            with translated(self._database.name):
                driver = await driver_of(connection)
                lease = await self._take(driver, now=now, limit=limit)
            try:
                yield lease
            except Exception as error:  # noqa: BLE001 - it is raised once the deletions are kept
                failure = error
            with translated(self._database.name):
                await write(driver, lease.changes, commit=True)
        finally:
            await self._database.give_back(connection)
        if failure is not None:
            raise failure

    async def _take(self, driver: Driver, *, now: datetime, limit: int) -> PostgresLease:
        # A statement sees what was committed before it began: the second, what was there when the
        # first had the locks.
        given = {"now": now, "limit": limit}
        _, found = await ask(driver, Statement(_TAKE, given), Statement(_OLDEST, given))
        return PostgresLease([_row(each) for each in found])

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Driver]:
        async with self._database.transaction() as connection:
            yield await driver_of(connection)

    async def wait(self, timeout: float) -> None:
        """Return when something was added in this process, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._added.wait()
        self._added.clear()


def _new_row(message: Message) -> Row:
    partition = message.partition
    return (
        binary.int2(bucket_of(message)),
        message.topic.encode(),
        message.key,
        message.value,
        encode_headers(message.headers),
        None if partition is None else binary.int8(partition),
    )


def _row(found: Sequence[Any]) -> OutboxRow:
    row_id, topic, key, value, headers, partition, attempts = found
    message = Message(topic, key, value, decode_headers(headers), partition)
    return OutboxRow(row_id, message, attempts)
