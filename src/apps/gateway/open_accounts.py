"""Whether an account is still open: an access token outlives it by some minutes."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from tradex_core.clock import Clock
from tradex_core.users.errors import InvalidToken
from tradex_core.views.ports import ViewQueries

LOOKED_UP_EVERY: Final = timedelta(seconds=2)
"""How long an account that was open is taken to be open."""

_ACCOUNTS: Final = 10_000


class OpenAccounts:
    """Knows for LOOKED_UP_EVERY which accounts the views showed to be open; 10,000 at most."""

    def __init__(self, views: ViewQueries, *, clock: Clock) -> None:
        self._views = views
        self._clock = clock
        self._open_until: OrderedDict[str, datetime] = OrderedDict()

    async def require(self, user_id: str) -> None:
        """Raise InvalidToken where the account was closed; one not shown yet is open.

        Raises Outage where the views have to be asked and cannot.
        """
        now = self._clock.now()
        until = self._open_until.get(user_id)
        if until is not None and now < until:
            return
        view = await self._views.user(user_id)
        if view is not None and not view.is_active:
            detail = "the account is closed"
            raise InvalidToken(detail)
        self._open_until[user_id] = now + LOOKED_UP_EVERY
        self._open_until.move_to_end(user_id)
        if len(self._open_until) > _ACCOUNTS:
            self._open_until.popitem(last=False)
