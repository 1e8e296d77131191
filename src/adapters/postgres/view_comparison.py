"""Compares views with rebuilt ones, row by row and by what each row holds."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.schema import GATEWAY, VIEW_TABLES

_POSITIONS: Final = "view_positions"
_OUTCOMES: Final = "operation_view"
_EXAMPLES: Final = 10
_PAGE: Final = 5_000

_Row = tuple[tuple[str, ...], int]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A table's rows in the live and in the rebuilt views, and how many are not the same.

    `examples` are the keys of the first of them.
    """

    table: str
    live: int
    rebuilt: int
    different: int
    examples: tuple[str, ...]


async def compare(
    live: AsyncConnection, rebuilt: AsyncConnection, *, since: datetime
) -> list[Comparison]:
    """Compare each table of views; outcomes from before `since` may be forgotten in either."""
    return [
        await _compare(name, _rows(live, name, since), _rows(rebuilt, name, since))
        for name in VIEW_TABLES
        if name != _POSITIONS
    ]


async def _compare(
    table: str, live: AsyncIterator[_Row], rebuilt: AsyncIterator[_Row]
) -> Comparison:
    counts = {"live": 0, "rebuilt": 0, "different": 0}
    examples: list[str] = []
    mine, other = await anext(live, None), await anext(rebuilt, None)
    while mine is not None or other is not None:
        key = min(row[0] for row in (mine, other) if row is not None)
        here = mine is not None and mine[0] == key
        there = other is not None and other[0] == key
        if mine != other:
            counts["different"] += 1
            examples += [" ".join(key)] if len(examples) < _EXAMPLES else []
        if here:
            counts["live"] += 1
            mine = await anext(live, None)
        if there:
            counts["rebuilt"] += 1
            other = await anext(rebuilt, None)
    return Comparison(table=table, **counts, examples=tuple(examples))


async def _rows(connection: AsyncConnection, table: str, since: datetime) -> AsyncIterator[_Row]:
    """Yield each row's key and a digest of all that it holds, in the order of their keys."""
    page = await _page(connection, table, since, behind=())
    while page:
        for row in page:
            yield row
        page = await _page(connection, table, since, behind=page[-1][0])


async def _page(
    connection: AsyncConnection, table: str, since: datetime, *, behind: tuple[str, ...]
) -> list[_Row]:
    columns = GATEWAY.tables[table].columns
    keys = ", ".join(f'"{column.name}"' for column in columns if column.primary_key)
    everything = ", ".join(f'"{column.name}"' for column in columns)
    given: dict[str, object] = {f"key_{number}": key for number, key in enumerate(behind)}
    conditions = [f"({keys}) > ({', '.join(f':{name}' for name in given)})"] if behind else []
    if table == _OUTCOMES:
        given["since"] = since
        conditions.append('"completedAt" >= :since')
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    query = sa.text(
        f"SELECT hashtextextended(CAST(ROW({everything}) AS text), 0), {keys}"  # noqa: S608
        f" FROM {table} {where} ORDER BY {keys} LIMIT {_PAGE}"
    )
    return [(tuple(key), digest) for digest, *key in await connection.execute(query, given)]
