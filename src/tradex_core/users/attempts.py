"""How often an account may be tried for, counted so that nobody can lock its owner out."""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from msgspec import Struct

from tradex_core.key_rings import KeyRing


class Pace(Struct, frozen=True, gc=False):
    """So many within a window, all of them at once if one likes; another is free each interval."""

    limit: int
    window: timedelta

    @property
    def interval(self) -> timedelta:
        """How long it takes until one more is let through."""
        return self.window // self.limit


class Attempt(Struct, frozen=True, gc=False):
    """What is counted: an account, and with it the network that tries. Digests show neither."""

    account: bytes
    network: bytes


class Attempts(Protocol):
    """Counts for all replicas together."""

    async def wait(self, attempt: Attempt, pace: Pace, *, at: datetime) -> timedelta:
        """Count an attempt and return zero; where it is one too many, return how long it waits.

        An account's pace is for everybody who tries. Once others keep it used up, a network waits
        for one interval at most from when it was first refused: an attempt after that is let in,
        whatever the others do. Of attempts that race no more than the pace are let in. Raises
        Outage.
        """
        ...


class AttemptDigests:
    """Makes digests under a key; when another key takes over, everything counts anew."""

    def __init__(self, key: bytes) -> None:
        self.use(KeyRing.of(key))

    def use(self, ring: KeyRing) -> None:
        """Go by these keys from now on."""
        self._ring = ring

    def of(self, kind: str, email: str, network: str, *, at: datetime) -> Attempt:
        """Return the attempt of a kind to be counted at an instant."""
        key, account = self._ring.at(at).key, f"{kind}\0{email}"
        from_there = f"{account}\0{network}"
        return Attempt(*(hmac.digest(key, of.encode(), sha256) for of in (account, from_there)))
