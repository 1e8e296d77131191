"""Parked messages on PostgreSQL: in order per lane, changed inside units of work only."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.records import decode_headers, encode_headers
from tradex_core.errors import StoreConflict
from tradex_core.messaging.broker import Record
from tradex_core.messaging.parking import Lane, Parked

if TYPE_CHECKING:
    from adapters.postgres.database import PostgresDatabase

_OCCUPIED: Final = sa.text("""
SELECT DISTINCT asked.consumer, asked.topic, asked.lane
FROM unnest(CAST(:consumers AS text[]), CAST(:topics AS text[]), CAST(:lanes AS bytea[]))
     AS asked(consumer, topic, lane)
WHERE EXISTS (SELECT FROM parked_messages AS p
              WHERE (p.consumer, p.topic, p.lane) = (asked.consumer, asked.topic, asked.lane))
   OR EXISTS (SELECT FROM held_lanes AS h
              WHERE (h.consumer, h.topic, h.lane) = (asked.consumer, asked.topic, asked.lane))
""")
_PUT: Final = sa.text("""
INSERT INTO parked_messages (consumer, topic, lane, partition, "offset", "timestamp", key, payload,
                             headers, attempts, first_failed_at, next_attempt_at, error)
VALUES (:consumer, :topic, :lane, :partition, :offset, :timestamp, :key, :payload,
        :headers, :attempts, :first_failed_at, :next_attempt_at, :error)
ON CONFLICT ON CONSTRAINT parked_messages_once DO UPDATE
SET attempts = excluded.attempts, first_failed_at = excluded.first_failed_at,
    next_attempt_at = excluded.next_attempt_at, error = excluded.error
""")
_IT: Final = """consumer = :consumer AND topic = :topic AND lane = :lane
  AND partition = :partition AND "offset" = :offset"""
_TAKE: Final = sa.text(f"""
SELECT id FROM parked_messages WHERE {_IT} AND attempts = :attempts
  AND next_attempt_at = :next_attempt_at AND error = :error FOR UPDATE
""")  # noqa: S608 - made of constants
_REMOVE: Final = sa.text(f"DELETE FROM parked_messages WHERE {_IT}")  # noqa: S608
_HOLD: Final = sa.text("""
INSERT INTO held_lanes (consumer, topic, lane) VALUES (:consumer, :topic, :lane)
ON CONFLICT DO NOTHING
""")
_RELEASE: Final = sa.text("""
DELETE FROM held_lanes WHERE consumer = :consumer AND topic = :topic AND lane = :lane
""")
_FIELDS: Final = """consumer, topic, lane, partition, "offset", "timestamp", key, payload, headers,
       attempts, first_failed_at, next_attempt_at, error"""
_HEADS: Final = """
FROM (SELECT DISTINCT ON (topic, lane) * FROM parked_messages WHERE consumer = :consumer
      ORDER BY topic, lane, id) AS head
WHERE NOT EXISTS (SELECT FROM held_lanes AS h
                  WHERE (h.consumer, h.topic, h.lane) = (head.consumer, head.topic, head.lane))
"""
_DUE: Final = sa.text(f"""
SELECT {_FIELDS} {_HEADS} AND next_attempt_at <= :now ORDER BY next_attempt_at, id LIMIT :limit
""")
_NEXT: Final = sa.text(f"SELECT min(next_attempt_at) {_HEADS}")
_ALL: Final = sa.text(f"""
SELECT {_FIELDS} FROM parked_messages WHERE consumer = :consumer ORDER BY topic, lane, id
""")  # noqa: S608 - made of constants
_COUNT: Final = sa.text("SELECT count(*) FROM parked_messages")


class PostgresParking:
    """What is parked; every method raises Outage."""

    def __init__(self, database: "PostgresDatabase") -> None:
        self._database = database

    async def due(self, consumer: str, *, now: datetime, limit: int) -> Sequence[Parked]:
        """Return the heads of lanes whose time has come, but of held lanes, oldest first."""
        return await self._select(_DUE, consumer=consumer, now=now, limit=limit)

    async def next_due(self, consumer: str) -> datetime | None:
        """Return when the next head of a lane that is not held is due; None where there is none."""
        async with self._database.transaction() as connection:
            found: datetime | None = await connection.scalar(_NEXT, {"consumer": consumer})
            return found

    async def all_parked(self, consumer: str) -> Sequence[Parked]:
        """Return everything that is parked, in order per lane."""
        return await self._select(_ALL, consumer=consumer)

    async def count(self) -> int:
        """Return how many messages are parked."""
        async with self._database.transaction() as connection:
            return int(await connection.scalar(_COUNT) or 0)

    async def _select(self, query: sa.TextClause, **given: object) -> Sequence[Parked]:
        async with self._database.transaction() as connection:
            return [_parked(row) for row in await connection.execute(query, given)]


async def occupied_among(connection: AsyncConnection, lanes: Collection[Lane]) -> set[Lane]:
    """Return the lanes among these that are held or in which messages are parked."""
    if not lanes:
        return set()
    given = {
        "consumers": [lane.consumer for lane in lanes],
        "topics": [lane.topic for lane in lanes],
        "lanes": [lane.key for lane in lanes],
    }
    return {Lane(*found) for found in await connection.execute(_OCCUPIED, given)}


async def change_parking(
    connection: AsyncConnection,
    *,
    put: Sequence[Parked],
    taken: Sequence[Parked],
    leaving: Iterable[Parked],
    held: Mapping[Lane, bool],
) -> None:
    """Put messages into their lanes and take others out; raises StoreConflict.

    That is where one that should be `taken` is not there any more as it was.
    """
    for parked in taken:
        if await connection.scalar(_TAKE, _place(parked)) is None:
            msg = f"{parked.record.position} is not parked any more as it was"
            raise StoreConflict(msg)
    if put:
        await connection.execute(_PUT, [_place(parked) for parked in put])
    for parked in leaving:
        await connection.execute(_REMOVE, _place(parked))
    for lane, is_held in held.items():
        named = {"consumer": lane.consumer, "topic": lane.topic, "lane": lane.key}
        await connection.execute(_HOLD if is_held else _RELEASE, named)


def _place(parked: Parked) -> dict[str, Any]:
    lane, record = parked.lane, parked.record
    return {
        "consumer": lane.consumer,
        "topic": lane.topic,
        "lane": lane.key,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": record.key,
        "payload": record.value,
        "headers": encode_headers(record.headers),
        "attempts": parked.attempts,
        "first_failed_at": parked.first_failed_at,
        "next_attempt_at": parked.next_attempt_at,
        "error": parked.error,
    }


def _parked(row: Sequence[Any]) -> Parked:
    consumer, topic, lane, partition, offset, timestamp, key, value, headers, *rest = row
    record = Record(topic, partition, offset, timestamp, key, value, decode_headers(headers))
    return Parked(Lane(consumer=consumer, topic=topic, key=lane), record, *rest)
