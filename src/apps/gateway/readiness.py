"""Whether the gateway can do its work."""

from collections.abc import Awaitable, Callable, Mapping

from apps.gateway.following import Follower

Ready = Callable[[], Awaitable[Mapping[str, bool]]]


class Readiness:
    """Checks that replies are followed, and whatever else it is given to check."""

    def __init__(self, follower: Follower, others: Ready) -> None:
        self._follower = follower
        self._others = others

    async def checks(self) -> Mapping[str, bool]:
        """Return each check by its name, and whether it is well."""
        return {"replies": self._follower.is_following, **await self._others()}
