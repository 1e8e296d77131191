"""The time, as a port: the core never asks the machine for it."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...


def epoch_ms(at: datetime) -> int:
    """Return whole milliseconds since 1970-01-01 UTC."""
    return (at - _EPOCH) // _MILLISECOND


def from_epoch_ms(ms: int) -> datetime:
    """Return the instant that is so many milliseconds after 1970-01-01 UTC."""
    return _EPOCH + timedelta(milliseconds=ms)
