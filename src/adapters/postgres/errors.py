"""Translates the driver's errors into the core's, at this adapter's edge and in this one place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from sqlalchemy import exc

from tradex_core.errors import Hopeless, Outage, StoreConflict, TradexError

_CONFLICTS: Final = frozenset(
    {
        "23505",  # unique_violation: another unit of work added the same
        "23503",  # foreign_key_violation: what it belongs to was removed meanwhile
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "55P03",  # lock_not_available: the lock's timeout ran out
    }
)
_OUTAGES: Final = frozenset(
    {
        "25006",  # read_only_sql_transaction: the server is a standby
        "25P03",  # idle_in_transaction_session_timeout
        "53000",  # insufficient_resources
        "53100",  # disk_full
        "53200",  # out_of_memory
        "53300",  # too_many_connections
        "57014",  # query_canceled: the statement's timeout ran out
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
        "57P03",  # cannot_connect_now
        "57P04",  # database_dropped
        "57P05",  # idle_session_timeout
    }
)
_TOO_LARGE: Final = "54000"  # program_limit_exceeded: an entry of an index is too long
_UNPREPARED: Final = {
    "42501": "give the role that right, or use the URL of one that has it",
    "42P01": "`tradex db upgrade` makes the tables",
    "42703": "`tradex db upgrade` makes the columns",
}
_LOCK_TABLE_FULL: Final = "53200"


class Unstorable(Hopeless):
    """PostgreSQL takes no such value: NUL in a text, a number out of bounds, a key too long."""


class Unprepared(TradexError):
    """The database lacks a right or a table that this takes; the message names the remedy."""


@contextmanager
def translated(server: str) -> Iterator[None]:
    """Raise Outage where the server is away, StoreConflict where others were first, or Unstorable.

    A database that is not set up is Unprepared. Anything else is a mistake in this adapter, and
    stays what it is.
    """
    try:
        yield
    except exc.TimeoutError as error:
        msg = f"{server}: every connection of the pool is taken"
        raise Outage(msg) from error
    except exc.DBAPIError as error:
        raise _of(server, error.orig, lost=error.connection_invalidated) from error
    except psycopg.Error as error:
        raise _of(server, error, lost=False) from error


def _of(server: str, error: BaseException | None, *, lost: bool) -> BaseException:
    if not isinstance(error, psycopg.Error):
        return error or Outage(server)
    state = error.sqlstate or ""
    if state in _CONFLICTS:
        return StoreConflict(f"another unit of work was first: {_line(error)}")
    if isinstance(error, psycopg.DataError | psycopg.IntegrityError) or state == _TOO_LARGE:
        return Unstorable(_line(error))
    if state in _UNPREPARED:
        return Unprepared(f"{server}: {_line(error)}: {_UNPREPARED[state]}")
    away = isinstance(error, psycopg.OperationalError) and not state
    if lost or away or state in _OUTAGES or state.startswith("08"):
        hint = "; raise max_locks_per_transaction" if state == _LOCK_TABLE_FULL else ""
        return Outage(f"{server}: {_line(error)}{hint}")
    return error


def _line(error: psycopg.Error) -> str:
    """Return what the server says, but for its details: they show what lies in the row."""
    return " ".join((error.diag.message_primary or str(error)).split()) or type(error).__name__
