"""When to try again: exponential backoff with full jitter."""

import msgspec

from tradex_core.ids import Entropy

_JITTER_BITS = 20


class Backoff(msgspec.Struct, frozen=True):
    """How long to wait before each further try, in seconds, and how many tries there are.

    The defaults are the original's retry: 300 ms, doubling, 30 s at most, 10 tries. The wait is
    drawn evenly from zero to the bound ("full jitter", AWS Architecture Blog, 2015).
    """

    first: float = 0.3
    factor: float = 2.0
    cap: float = 30.0
    tries: int = 10

    def bound(self, attempts: int) -> float:
        """Return the longest wait after so many failed attempts (1 or more)."""
        return min(self.cap, self.first * self.factor ** min(attempts - 1, 32))

    def delay(self, attempts: int, entropy: Entropy) -> float:
        """Draw the wait after so many failed attempts."""
        return self.bound(attempts) * entropy.bits(_JITTER_BITS) / (1 << _JITTER_BITS)
