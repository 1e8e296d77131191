"""Attempts in memory."""

from collections import OrderedDict
from datetime import datetime, timedelta

from tradex_core.users.attempts import Attempt, Pace

_KEPT = timedelta(hours=1)


class MemoryAttempts:
    """Counts in one synchronous step; forgets what nobody came back for within an hour."""

    def __init__(self) -> None:
        self._until: OrderedDict[bytes, datetime] = OrderedDict()

    @property
    def remembered(self) -> int:
        """How many accounts and networks it has not forgotten."""
        return len(self._until)

    async def wait(self, attempt: Attempt, pace: Pace, *, at: datetime) -> timedelta:
        """Count an attempt and return zero; where it is one too many, return how long it waits."""
        self._forget_before(at - _KEPT)
        full_again = max(self._until.get(attempt.account, at), at) + pace.interval
        if full_again <= at + pace.window:
            self._note(attempt.account, full_again)
            return timedelta()
        turn = self._until.get(attempt.network)
        if turn is None or turn <= at:
            self._note(attempt.network, at + pace.interval)
        if turn is not None and turn <= at:
            return timedelta()
        return self._until[attempt.network] - at

    def _note(self, key: bytes, until: datetime) -> None:
        self._until[key] = until
        self._until.move_to_end(key)

    def _forget_before(self, moment: datetime) -> None:
        while self._until:
            oldest = next(iter(self._until))
            if self._until[oldest] > moment:
                return
            del self._until[oldest]
