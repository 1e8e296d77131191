"""How often somebody may do something: a token bucket for each, bounded in number."""

from collections import OrderedDict
from datetime import timedelta
from typing import Final

from litestar.types import Scope

from apps.gateway.quota import MINUTE, Quota
from tradex_core.clock import Clock, epoch_ms
from tradex_core.users.attempts import Pace

_REMEMBERED: Final = 10_000
_MICROSECOND: Final = timedelta(microseconds=1)
_SECOND: Final = 1_000_000


class RateLimit:
    """Lets each do something `per_minute` times a minute, all of them at once if they like.

    It counts in this process only; without `per_minute` it counts nothing. Of more than 10,000 the
    one that has been quiet for the longest is forgotten.
    """

    def __init__(self, name: str, *, per_minute: int | None, whose: str, clock: Clock) -> None:
        pace = Pace(per_minute or 1, MINUTE)
        self._is_on = per_minute is not None
        self._quota = Quota(name, pace, whose=whose)
        self._window = pace.window // _MICROSECOND
        self._interval = pace.interval // _MICROSECOND
        self._clock = clock
        self._full_again_at: OrderedDict[str, int] = OrderedDict()

    def check(self, scope: Scope, whom: str) -> None:
        """Count a request, and let its answer tell what is left; raises TooManyRequests."""
        if not self._is_on:
            return
        now = epoch_ms(self._clock.now()) * 1000
        full_in = max(self._full_again_at.get(whom, 0) - now, 0) + self._interval
        if full_in > self._window:
            raise self._quota.refusal(scope, (full_in - self._window) * _MICROSECOND)
        self._full_again_at[whom] = now + full_in
        self._full_again_at.move_to_end(whom)
        if len(self._full_again_at) > _REMEMBERED:
            self._full_again_at.popitem(last=False)
        left = (self._window - full_in) // self._interval
        self._quota.tell_left(scope, left, -(-full_in // _SECOND))
