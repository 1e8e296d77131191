"""Asks and writes much at once: what is short travels together, many new rows go in by COPY."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import psycopg
from psycopg import AsyncConnection as DriverConnection
from psycopg import AsyncCursor as DriverCursor
from psycopg import pq
from psycopg.adapt import Dumper
from sqlalchemy.ext.asyncio import AsyncConnection

from tradex_core.errors import Outage, StoreConflict

Driver = DriverConnection[tuple[Any, ...]]
Cursor = DriverCursor[tuple[Any, ...]]
Row = Sequence[bytes | None]
"""A row's values in binary, as `adapters.postgres.binary` makes them; None is NULL."""
Columns = Mapping[str, str]
"""Column names, each with its type as PostgreSQL calls it."""

_COPIED_FROM: Final = 50
"""So many rows of a table are worth the two round trips of a COPY."""
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"


class Statement(msgspec.Struct, frozen=True):
    """SQL with its parameters; where it does not change as many rows as `expected`: a conflict."""

    sql: str
    parameters: Mapping[str, object]
    expected: int | None = None


class Insert(msgspec.Struct, frozen=True):
    """Rows that are new in a table, in their order."""

    table: "NewRows"
    rows: Sequence[Row]


class NewRows:
    """How rows of one table are inserted."""

    def __init__(self, table: str, *columns: str) -> None:
        names = ", ".join(f'"{column}"' for column in columns)
        self._copy = f'COPY "{table}" ({names}) FROM STDIN (FORMAT BINARY)'
        self._insert = f'INSERT INTO "{table}" ({names}) VALUES '  # noqa: S608 - constants
        self._one = f"({', '.join(['%b'] * len(columns))})"
        self._width = len(columns)

    def of(self, rows: Iterable[Row]) -> Insert:
        """Return what inserts these rows, for `write`."""
        return Insert(self, list(rows))

    async def insert(self, connection: AsyncConnection, rows: Iterable[Row]) -> None:
        """Insert rows now; raises a unique violation where one is there already."""
        await write(await driver_of(connection), [self.of(rows)])

    async def copy(self, driver: Driver, rows: Sequence[Row]) -> None:
        """Insert rows by COPY in the binary format."""
        async with driver.cursor() as cursor, cursor.copy(self._copy.encode()) as copy:
            await copy.write(_packed(rows, self._width))

    async def send(self, driver: Driver, rows: Sequence[Row]) -> Cursor:
        """Insert rows by a statement that may travel together with others."""
        values = [field if field is None else _InBinary(field) for row in rows for field in row]
        statement = self._insert + ", ".join([self._one] * len(rows))
        return await driver.execute(statement.encode(), values)


class ChangedRows:
    """How rows of one table, found by their key, which comes first, get other values."""

    def __init__(self, table: str, columns: Columns) -> None:
        key, *others = [f'"{column}"' for column in columns]
        kinds = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        values = ", ".join(f"{name} = new.{name}" for name in others)
        self._statement = (
            f'UPDATE "{table}" AS old SET {values} '  # noqa: S608 - made of constants
            f"FROM json_to_recordset(%(rows)s::json) AS new({kinds}) WHERE old.{key} = new.{key}"
        )

    def of(self, rows: Sequence[Mapping[str, object]]) -> Statement:
        """Return what updates these rows, for `write`.

        The server reads what they are in JSON as the columns' types.
        """
        given = {"rows": msgspec.json.encode(rows).decode()}
        return Statement(self._statement, given, expected=len(rows))

    async def update(
        self, connection: AsyncConnection, rows: Sequence[Mapping[str, object]]
    ) -> None:
        """Update rows now; raises StoreConflict where one of them is not there."""
        await write(await driver_of(connection), [self.of(rows)])


async def driver_of(connection: AsyncConnection) -> Driver:
    """Return the driver's own connection, in the transaction that SQLAlchemy began; or Outage."""
    raw = await connection.get_raw_connection()
    if raw.driver_connection is None:
        msg = "the connection was closed"
        raise Outage(msg)
    found: Driver = raw.driver_connection
    return found


async def ask(driver: Driver, *questions: Statement) -> list[list[tuple[Any, ...]]]:
    """Ask questions that travel together, and return the rows of each answer.

    The server answers one after the other, each as things are when it comes to it.
    """
    async with driver.pipeline():
        cursors = [
            await driver.execute(question.sql.encode(), question.parameters, binary=True)
            for question in questions
        ]
    return [await cursor.fetchall() for cursor in cursors]


async def write(
    driver: Driver, work: Iterable[Insert | Statement], *, commit: bool = False
) -> None:
    """Do all of this in its order; raises StoreConflict, or a unique violation where one is.

    With `commit`, the transaction is committed, unless something is raised.
    """
    together: list[Insert | Statement] = []
    for each in work:
        if isinstance(each, Insert) and len(each.rows) >= _COPIED_FROM:
            await _send_all(driver, together)
            together = []
            await each.table.copy(driver, each.rows)
        elif _is_work(each):
            together.append(each)
    await _send_all(driver, together, commit=commit)


def _is_work(each: Insert | Statement) -> bool:
    return bool(each.rows) if isinstance(each, Insert) else each.expected != 0


async def _send_all(
    driver: Driver, work: Sequence[Insert | Statement], *, commit: bool = False
) -> None:
    # What may turn out to be a conflict is looked at before the commit; the rest takes it along.
    at_once = commit and bool(work) and all(_expectation(each) is None for each in work)
    if work:
        async with driver.pipeline():
            sent = [(each, await _send(driver, each)) for each in work]
            if at_once:
                await driver.commit()
        for each, cursor in sent:
            if _expectation(each) not in (None, cursor.rowcount):
                msg = "another unit of work was first: something is not there any more as it was"
                raise StoreConflict(msg)
    if commit and not at_once:
        await driver.commit()


def _expectation(each: Insert | Statement) -> int | None:
    return each.expected if isinstance(each, Statement) else None


async def _send(driver: Driver, each: Insert | Statement) -> Cursor:
    if isinstance(each, Insert):
        return await each.table.send(driver, each.rows)
    return await driver.execute(each.sql.encode(), each.parameters)


def _packed(rows: Iterable[Row], width: int) -> bytes:
    """Lay rows out in COPY's binary format: a count of fields a row, a length a field."""
    length = struct.Struct(">i").pack
    count = struct.pack(">h", width)
    parts = [_SIGNATURE]
    add = parts.append
    for row in rows:
        add(count)
        for field in row:
            if field is None:
                add(_NULL)
            else:
                add(length(len(field)))
                add(field)
    add(_END)
    return b"".join(parts)


class _InBinary(bytes):
    """A value in binary, whose type the server takes from its column."""

    __slots__ = ()


class _InBinaryDumper(Dumper):
    format = pq.Format.BINARY
    oid = 0

    def dump(self, obj: _InBinary) -> bytes:
        return obj


psycopg.adapters.register_dumper(_InBinary, _InBinaryDumper)
