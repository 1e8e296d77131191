"""Parked messages on PostgreSQL: in order per lane, changed inside units of work only."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from adapters.postgres.records import decode_headers, encode_headers
from adapters.postgres.rows import Driver, Statement, ask, driver_of
from tradex_core.messaging.broker import Record
from tradex_core.messaging.parking import Lane, Parked

if TYPE_CHECKING:
    from adapters.postgres.database import PostgresDatabase

IN_USE: Final = Statement(
    "SELECT EXISTS (SELECT FROM parked_messages) OR EXISTS (SELECT FROM held_lanes)", {}
)
"""Asks whether any lane is held or has messages in it; hardly ever one is."""

_OCCUPIED: Final = """
SELECT DISTINCT asked.consumer, asked.topic, asked.lane
FROM unnest(%(consumers)s::text[], %(topics)s::text[], %(lanes)s::bytea[])
     AS asked(consumer, topic, lane)
WHERE EXISTS (SELECT FROM parked_messages AS p WHERE (p.consumer, p.topic, p.lane_digest)
                                               = (asked.consumer, asked.topic, sha256(asked.lane)))
   OR EXISTS (SELECT FROM held_lanes AS h WHERE (h.consumer, h.topic, h.lane_digest)
                                          = (asked.consumer, asked.topic, sha256(asked.lane)))
"""
_PUT: Final = """
INSERT INTO parked_messages (consumer, topic, lane, partition, "offset", "timestamp", key, payload,
                             headers, attempts, first_failed_at, next_attempt_at, error)
VALUES (%(consumer)s, %(topic)s, %(lane)s, %(partition)s, %(offset)s, %(timestamp)s, %(key)s,
        %(payload)s, %(headers)s, %(attempts)s, %(first_failed_at)s, %(next_attempt_at)s, %(error)s)
ON CONFLICT (consumer, topic, lane_digest, partition, "offset") DO UPDATE
SET attempts = excluded.attempts, first_failed_at = excluded.first_failed_at,
    next_attempt_at = excluded.next_attempt_at, error = excluded.error
"""
_LANE: Final = "consumer = %(consumer)s AND topic = %(topic)s AND lane_digest = sha256(%(lane)s)"
_IT: Final = f'{_LANE} AND partition = %(partition)s AND "offset" = %(offset)s'
_TAKE: Final = f"""
SELECT id FROM parked_messages WHERE {_IT} AND attempts = %(attempts)s
  AND next_attempt_at = %(next_attempt_at)s AND error = %(error)s FOR UPDATE
"""  # noqa: S608 - made of constants
_REMOVE: Final = f"DELETE FROM parked_messages WHERE {_IT}"  # noqa: S608
_HOLD: Final = """
INSERT INTO held_lanes (consumer, topic, lane) VALUES (%(consumer)s, %(topic)s, %(lane)s)
ON CONFLICT DO NOTHING
"""
_RELEASE: Final = f"DELETE FROM held_lanes WHERE {_LANE}"  # noqa: S608
_FIELDS: Final = """consumer, topic, lane, partition, "offset", "timestamp", key, payload, headers,
       attempts, first_failed_at, next_attempt_at, error"""
# The heads alone are looked at in the index; only those that are due are read.
_HEADS: Final = """(
    SELECT DISTINCT ON (topic, lane_digest) id, topic, lane_digest, next_attempt_at
    FROM parked_messages WHERE consumer = %(consumer)s ORDER BY topic, lane_digest, id
) AS head
WHERE NOT EXISTS (SELECT FROM held_lanes AS h WHERE h.consumer = %(consumer)s
                  AND (h.topic, h.lane_digest) = (head.topic, head.lane_digest))
"""
_DUE: Final = f"""
SELECT {_FIELDS} FROM parked_messages WHERE id IN (
    SELECT id FROM {_HEADS} AND next_attempt_at <= %(now)s
    ORDER BY next_attempt_at, id LIMIT %(limit)s
) ORDER BY next_attempt_at, id
"""  # noqa: S608 - made of constants
_NEXT: Final = f"SELECT min(next_attempt_at) FROM {_HEADS}"  # noqa: S608
_ALL: Final = f"""
SELECT {_FIELDS} FROM parked_messages WHERE consumer = %(consumer)s ORDER BY topic, lane_digest, id
"""  # noqa: S608 - made of constants
_COUNT: Final = "SELECT count(*) FROM parked_messages"


class PostgresParking:
    """What is parked; every method raises Outage."""

    def __init__(self, database: "PostgresDatabase") -> None:
        self._database = database

    async def due(self, consumer: str, *, now: datetime, limit: int) -> Sequence[Parked]:
        """Return the heads of lanes whose time has come, but of held lanes, oldest first."""
        given = {"consumer": consumer, "now": now, "limit": limit}
        return [_parked(row) for row in await self._ask(_DUE, given)]

    async def next_due(self, consumer: str) -> datetime | None:
        """Return when the next head of a lane that is not held is due; None where there is none."""
        [[found]] = await self._ask(_NEXT, {"consumer": consumer})
        at: datetime | None = found
        return at

    async def all_parked(self, consumer: str) -> Sequence[Parked]:
        """Return everything that is parked, in order per lane."""
        return [_parked(row) for row in await self._ask(_ALL, {"consumer": consumer})]

    async def count(self) -> int:
        """Return how many messages are parked."""
        [[found]] = await self._ask(_COUNT, {})
        return int(found)

    async def _ask(self, query: str, given: Mapping[str, object]) -> list[tuple[Any, ...]]:
        async with self._database.transaction() as connection:
            [rows] = await ask(await driver_of(connection), Statement(query, given))
        return rows


async def occupied_among(driver: Driver, lanes: Collection[Lane]) -> set[Lane]:
    """Return the lanes among these that are held or in which messages are parked."""
    given = {
        "consumers": [lane.consumer for lane in lanes],
        "topics": [lane.topic for lane in lanes],
        "lanes": [lane.key for lane in lanes],
    }
    [found] = await ask(driver, Statement(_OCCUPIED, given))
    return {Lane(*each) for each in found}


def parking_work(
    *,
    put: Iterable[Parked],
    taken: Iterable[Parked],
    leaving: Iterable[Parked],
    held: Mapping[Lane, bool],
) -> Iterator[Statement]:
    """Yield what puts messages into their lanes and takes others out.

    What should be `taken` and is not there any more as it was is a conflict.
    """
    for parked in taken:
        yield Statement(_TAKE, _place(parked), expected=1)
    for parked in put:
        yield Statement(_PUT, _place(parked))
    for parked in leaving:
        yield Statement(_REMOVE, _place(parked))
    for lane, is_held in held.items():
        named = {"consumer": lane.consumer, "topic": lane.topic, "lane": lane.key}
        yield Statement(_HOLD if is_held else _RELEASE, named)


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
        "error": _storable(parked.error),
    }


def _storable(text: str) -> str:
    """Return a text without what PostgreSQL takes in none: NUL, and halves of characters."""
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()


def _parked(row: Sequence[Any]) -> Parked:
    consumer, topic, lane, partition, offset, timestamp, key, value, headers, *rest = row
    record = Record(topic, partition, offset, timestamp, key, value, decode_headers(headers))
    return Parked(Lane(consumer=consumer, topic=topic, key=lane), record, *rest)
