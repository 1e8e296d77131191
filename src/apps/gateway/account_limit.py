"""How often an account may be tried for, on all replicas together."""

from litestar.types import Scope

from apps.gateway.quota import HOUR, Quota
from tradex_core.clock import Clock
from tradex_core.users.attempts import AttemptDigests, Attempts, Pace


class AccountLimit:
    """Lets an account be tried for `per_hour` times an hour; without it, as often as one likes.

    An e-mail address that nobody has counts like any other, and an answer does not tell how much
    is left: others would hear by it that somebody had signed in.
    """

    def __init__(
        self,
        name: str,
        attempts: Attempts,
        *,
        per_hour: int | None,
        digests: AttemptDigests,
        clock: Clock,
    ) -> None:
        self._is_on = per_hour is not None
        self._pace = Pace(per_hour or 1, HOUR)
        self._quota = Quota(name, self._pace, whose="for one account")
        self._name = name
        self._attempts = attempts
        self._digests = digests
        self._clock = clock

    async def check(self, scope: Scope, email: str, network: str) -> None:
        """Count an attempt from a network; raises TooManyRequests, and Outage uncounted."""
        if not self._is_on:
            return
        now = self._clock.now()
        attempt = self._digests.of(self._name, email, network, at=now)
        wait = await self._attempts.wait(attempt, self._pace, at=now)
        if wait:
            raise self._quota.refusal(scope, wait)
        self._quota.tell(scope)
