"""Writes many rows at once: COPY in the binary format for new ones, one UPDATE for changed ones."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection as DriverConnection
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Sequence[Any]
Columns = Mapping[str, str]
"""Column names, each with its type as PostgreSQL calls it."""


async def driver(connection: AsyncConnection) -> "DriverConnection[tuple[Any, ...]]":
    """Return the driver's own connection, inside the transaction that SQLAlchemy began."""
    raw = await connection.get_raw_connection()
    if raw.driver_connection is None:
        msg = "the connection was closed"
        raise RuntimeError(msg)
    found: DriverConnection[tuple[Any, ...]] = raw.driver_connection
    return found


async def copy_rows(
    connection: AsyncConnection, table: str, columns: Columns, rows: Iterable[Row]
) -> None:
    """Insert rows, in this order; raises a unique violation where one is there already."""
    rows = list(rows)
    if not rows:
        return
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    async with (await driver(connection)).cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(list(columns.values()))
        for row in rows:
            await copy.write_row(row)


async def update_rows(
    connection: AsyncConnection, table: str, key: str, columns: Columns, rows: Iterable[Row]
) -> None:
    """Set these columns of the rows with these keys; `columns` names the key's too."""
    rows = list(rows)
    if not rows:
        return
    others = [name for name in columns if name != key]
    assignments = [sql.SQL("{0} = new.{0}").format(sql.Identifier(name)) for name in others]
    statement = sql.SQL("UPDATE {} AS old SET {} FROM {} WHERE old.{} = new.{}").format(
        sql.Identifier(table),
        sql.SQL(", ").join(assignments),
        unnested(columns),
        sql.Identifier(key),
        sql.Identifier(key),
    )
    async with (await driver(connection)).cursor() as cursor:
        await cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])


def unnested(columns: Columns) -> sql.Composed:
    """Return a table `new` of as many arrays as there are columns, a parameter each."""
    arrays = [sql.SQL("%s::{}[]").format(sql.SQL(kind)) for kind in columns.values()]
    return sql.SQL("unnest({}) AS new({})").format(
        sql.SQL(", ").join(arrays), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
