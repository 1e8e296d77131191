"""How often a client may do something: a token bucket for each address, bounded in number."""

from collections import OrderedDict
from math import ceil
from typing import ClassVar, Final

from apps.gateway.problems import BadRequest
from tradex_core.clock import Clock, epoch_ms

_ADDRESSES: Final = 10_000
_MINUTE_MS: Final = 60_000


class TooManyRequests(BadRequest):
    """The client asks for too much in too short a time."""

    status: ClassVar[int] = 429
    slug = "too_many_requests"
    title = "Too many requests"


class RateLimit:
    """Lets each address through `per_minute` times a minute, all of them at once if it likes.

    It counts in this process only. Of more than 10,000 addresses the one that has been quiet for
    the longest is forgotten.
    """

    def __init__(self, *, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._interval_ms = _MINUTE_MS / per_minute
        self._clock = clock
        self._full_again_at: OrderedDict[str, float] = OrderedDict()

    def check(self, address: str) -> None:
        """Count a request; raises TooManyRequests, with a Retry-After, where it is one too many."""
        now = epoch_ms(self._clock.now())
        full_at = max(self._full_again_at.get(address, 0.0), now) + self._interval_ms
        early_ms = full_at - now - _MINUTE_MS
        if early_ms > 0:
            seconds = ceil(early_ms / 1000)
            detail = f"Try again in {seconds} s; {self._per_minute} a minute are let through."
            raise TooManyRequests(detail, headers={"retry-after": str(seconds)})
        self._full_again_at[address] = full_at
        self._full_again_at.move_to_end(address)
        if len(self._full_again_at) > _ADDRESSES:
            self._full_again_at.popitem(last=False)
