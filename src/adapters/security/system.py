"""The machine's clock and its source of chance."""

import secrets
from datetime import UTC, datetime


class SystemClock:
    """Tells the machine's time."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        return datetime.now(UTC)


class SystemEntropy:
    """Draws from the operating system's source of unpredictable bits."""

    def bits(self, count: int) -> int:
        """Return an unpredictable whole number of at most `count` bits."""
        return secrets.randbits(count)
