"""What goes wrong with MongoDB, told as the core's errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    InvalidOperation,
    OperationFailure,
    WriteConcernError,
)

from tradex_core.errors import Outage

_PASSING: Final = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        13,  # Unauthorized
        18,  # AuthenticationFailed
        43,  # CursorNotFound: the server began anew while we read
        50,  # MaxTimeMSExpired
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        133,  # FailedToSatisfyReadPreference
        189,  # PrimarySteppedDown
        262,  # ExceededTimeLimit
        9001,  # SocketException
        11600,  # InterruptedAtShutdown
        11602,  # InterruptedDueToReplStateChange
    }
)
"""Errors of the server for which no message is to blame."""


@contextmanager
def translated(asked: str) -> Iterator[None]:
    """Raise Outage where MongoDB cannot be reached or does not let us do what was `asked`.

    What it was asked may then have been done, or not. Any other error passes through.
    """
    try:
        yield
    except ConnectionFailure as error:
        # Which timeouts it has, and what it thinks of every server, goes on for lines.
        reason = str(error).partition(" (configured timeouts: ")[0]
        raise _outage(asked, reason) from error
    except OperationFailure as error:
        if _is_passing(error):
            raise _outage(asked, str(error)) from error
        raise
    except InvalidOperation as error:
        msg = "the connection to MongoDB is closed"
        raise Outage(msg) from error


def _is_passing(error: OperationFailure) -> bool:
    if isinstance(error, BulkWriteError):
        return bool((error.details or {}).get("writeConcernErrors"))
    return isinstance(error, WriteConcernError) or error.code in _PASSING


def _outage(asked: str, reason: str) -> Outage:
    return Outage(f"MongoDB did not {asked}: {reason}")
