"""How far in each partition the views were built, changed with them in one transaction."""

from collections.abc import Collection, Iterator
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.rows import Statement
from tradex_core.messaging.broker import Offsets, Partition

_ALL: Final = "SELECT topic, partition, reached FROM view_positions"
_THESE: Final = f"""
{_ALL} JOIN json_to_recordset(%(partitions)s::json) AS asked(topic text, partition int)
       USING (topic, partition)
"""
_MOVE: Final = """
UPDATE view_positions AS old SET reached = new.reached
FROM json_to_recordset(%(moves)s::json)
     AS new(topic text, partition int, asked bigint, reached bigint)
WHERE (old.topic, old.partition, old.reached) = (new.topic, new.partition, new.asked)
"""
_BEGIN: Final = """
INSERT INTO view_positions (topic, partition, reached)
SELECT * FROM json_to_recordset(%(moves)s::json) AS new(topic text, partition int, reached bigint)
ON CONFLICT DO NOTHING
"""


class Move(msgspec.Struct, frozen=True):
    """From which offset to which a partition was handled: from 0 where it gave nothing before."""

    topic: str
    partition: int
    asked: int
    reached: int


async def all_positions(connection: AsyncConnection) -> Offsets:
    """Return the offset behind the last record that each partition gave the views."""
    rows = await connection.execute(sa.text(_ALL))
    return {(topic, partition): reached for topic, partition, reached in rows}


def positions_of(partitions: Collection[Partition]) -> Statement:
    """Return what asks for topic, partition and position of those that gave something."""
    named = [{"topic": topic, "partition": partition} for topic, partition in partitions]
    return Statement(_THESE, {"partitions": _json(named)})


def advance(moves: Collection[Move]) -> Iterator[Statement]:
    """Return what makes these moves, for `write`: a conflict where another projector was first."""
    for sql, these in (
        (_MOVE, [move for move in moves if move.asked]),
        (_BEGIN, [move for move in moves if not move.asked]),
    ):
        yield Statement(sql, {"moves": _json(these)}, expected=len(these))


def _json(rows: object) -> str:
    return msgspec.json.encode(rows).decode()
