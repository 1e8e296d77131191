"""Whether the gateway can do its work."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from apps.gateway.following import Follower
from tradex_core.messaging.breaker import Breaker

Ready = Callable[[], Awaitable[Mapping[str, bool]]]


class Readiness:
    """Checks that replies are followed, and whatever else it is given to check.

    What a breaker lets nobody ask is not there, whatever its check says. Once somebody may try, it
    counts as what its check says: who is not ready gets no requests to try with.
    """

    def __init__(self, follower: Follower, breakers: Sequence[Breaker], others: Ready) -> None:
        self._follower = follower
        self._breakers = breakers
        self._others = others

    async def checks(self) -> Mapping[str, bool]:
        """Return each check by its name, and whether it is well."""
        refused = {breaker.name: False for breaker in self._breakers if breaker.refuses}
        return {"replies": self._follower.is_following, **await self._others(), **refused}
